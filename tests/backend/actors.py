"""Actors for tests: the shipped one, and a small untrained one where only the machinery is tried."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import soundfile
import torch

from addon.core.emotion import EmotionTrack
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.cues.actor import Actor
from backend.cues.encoder import EncoderConfig, SpeechEncoder
from backend.cues.expression_space import fit_expression_space
from backend.cues.model import CueConfig, CueModel
from backend.cues.performer import CueLine
from backend.rules.layers import Direction


def untrained_actor() -> Actor:
    """The actor that `untrained_networks` make."""
    return Actor(*untrained_networks())


def untrained_networks() -> tuple[SpeechEncoder, CueModel]:
    """Encoder and cue model with random weights from a fixed seed, and spaces that are not empty."""
    torch.manual_seed(0)
    encoder, cues = SpeechEncoder(EncoderConfig()), CueModel(CueConfig())
    fit_expression_space(cues, np.random.default_rng(0).random((500, 52)) * 0.5)
    cues.generator.cell_mean.copy_(cues.generator.cell_centre)
    return encoder, cues


def demo_sound() -> Sound:
    """The shipped line, read without a decoder: for machines that have none."""
    file = Path(__file__).resolve().parents[2] / "backend" / "demo" / "line.wav"
    samples, rate = soundfile.read(file, dtype="float32")
    assert rate == SAMPLE_RATE
    return Sound(samples, hashlib.sha256(samples.tobytes()).hexdigest())


def babble(seconds: float, seed: int = 0) -> Sound:
    """Noise in syllables: something to hear where no recording is needed."""
    count = int(seconds * SAMPLE_RATE)
    at = np.arange(count) / SAMPLE_RATE
    noise = np.random.default_rng(seed).standard_normal(count)
    samples = 0.1 * noise * (0.5 + 0.5 * np.sin(2 * np.pi * 4.0 * at))
    return Sound(samples.astype(np.float32), f"{seed + 1:064x}"[::-1])


def line_of(sound: Sound, emotion: str = "happy", fps: float = 30.0, seed: int = 3) -> CueLine:
    """A line in one emotion at full intensity."""
    return CueLine(sound, EmotionTrack.constant(emotion), Direction(fps, seed))
