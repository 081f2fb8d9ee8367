"""Random streams: one per layer, so that reseeding or leaving out one layer never moves another."""

from __future__ import annotations

import numpy as np


def stream(seed: int, sound_sha256: str, layer: str) -> np.random.Generator:
    """The random generator of one layer of one line.

    A child of the SeedSequence of the artist's seed and the sound, keyed by the layer's name: two lines baked with
    the same seed do not blink in step, and one line baked twice does.
    """
    entropy = [seed, int(sound_sha256[:16], 16)]
    return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=tuple(layer.encode())))
