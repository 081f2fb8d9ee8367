"""Recorded prompts of telephone systems: a trained reader in a studio, in Debian main.

`asterisk-core-sounds-en-g722`: read by Allison Smith, CC-BY-SA-3.0 (debian/copyright of the package), 16 kHz G.722;
`asterisk-core-sounds-en` has the texts.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import av
import numpy as np
from av.error import FFmpegError

from addon.core.errors import SoundError
from backend.audio.condition import level

from .aligned import Unaligned, aligned_batches, with_pauses
from .batch import Batch
from .programs import PROMPT_PACKAGES, PROMPT_SOUNDS, PROMPT_TEXTS, require_packages

SOURCE: Final[str] = "asterisk"
VOICE: Final[str] = "allison"
LICENCE: Final[str] = "CC-BY-SA-3.0 (Allison Smith)"
_UNSPOKEN: Final = re.compile(r"\[[^\]]*\]|<[^>]*>|\([^)]*\)")
"""What one hears that is no speech, how a sign is written, remarks."""
_KEYS: Final[Mapping[str, str]] = {"*": " star ", "#": " pound "}
"""The keys of a telephone."""
_UNSURE: Final = re.compile(r"\d{2}|\d\.\d|\d[A-Za-z]|[A-Za-z]\d")
"""Numbers that may be read in more than one way, digit by digit or as a whole, and digits that are part of a word."""
FEWEST_LETTERS: Final[int] = 4
"""Of shorter words that are said alone the aligner takes much of the vowel for silence: of p 0.8, of e 0.5."""


def prompt_batches(limit: int | None) -> list[Batch]:
    """Batches of the prompts, at most `limit` clips. Raises RequestError where the packages are missing."""
    require_packages(PROMPT_PACKAGES)
    texts = prompt_texts(gzip.decompress(PROMPT_TEXTS.read_bytes()).decode("utf-8"))
    found = {name: PROMPT_SOUNDS / f"{name}.g722" for name in texts}
    clips = [_prompt(name, texts[name], path) for name, path in found.items() if path.is_file()]
    return aligned_batches(SOURCE, clips[:limit])


def prompt_texts(table: str) -> dict[str, str]:
    """What is said in each prompt, by name, out of lines `name: text`; prompts without sure words are left out."""
    lines = (line.partition(":") for line in table.splitlines() if not line.startswith(";"))
    texts = {name.strip(): clean_prompt(text) for name, _, text in lines}
    return {name: text for name, text in texts.items() if text}


def clean_prompt(text: str) -> str:
    """The words of a prompt, with the keys * and # as words; empty where they are too few or may be read otherwise."""
    said = _UNSPOKEN.sub(" ", text)
    for key, word in _KEYS.items():
        said = said.replace(key, word)
    said = " ".join(said.split())
    letters = sum(sign.isalnum() for sign in said)
    return said if letters >= FEWEST_LETTERS and not _UNSURE.search(said) else ""


def read_g722(path: Path) -> np.ndarray:
    """Samples (n,) float32 at 16 kHz of raw G.722, a file without a header. Raises SoundError where there are none."""
    try:
        with av.open(str(path), format="g722") as container:
            frames = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    except (FFmpegError, OSError, ValueError) as error:
        raise SoundError("sound.format", "The G.722 sound cannot be read.", str(path)) from error
    if not frames:
        raise SoundError("sound.empty", "The G.722 sound is empty.", str(path))
    return level(np.concatenate(frames).astype(np.float32) / 32768)[0]


def _prompt(name: str, text: str, path: Path) -> Unaligned:
    own = f"{SOURCE}-{name.replace('/', '-')}"
    return Unaligned(own, SOURCE, VOICE, "train", text, LICENCE, lambda: with_pauses(read_g722(path)))
