"""Letters to phones: how an unknown word is probably said.

A joint n-gram model over (letter, phones) pairs, as in Bisani & Ney 2008, "Joint-sequence models for
grapheme-to-phoneme conversion": each letter says zero, one or two phones, and a back-off n-gram with Kneser-Ney
smoothing tells which pair follows which. The model is a table of 64-bit keys (ten bits a pair, newest lowest), so a
word is found by binary search and nothing is built at start. `backend/training/letter_to_sound.py` makes it.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

MODEL: Final[Path] = Path(__file__).resolve().parents[1] / "weights" / "letter_to_sound.safetensors"
ORDER: Final[int] = 6
TOKEN_BITS: Final[int] = 10
"""A key of `ORDER` tokens fits 64 bits."""
EDGE: Final[int] = 1
"""The token before the first and after the last letter; 0 is no token."""
BEAM: Final[int] = 24
UNSEEN: Final[float] = -25.0
"""Natural log probability of a pair that training never saw."""


@dataclass(frozen=True, eq=False)
class LetterModel:
    """`keys` (K,) uint64 sorted; `log_p`, `backoff` (K,) natural logs; `pairs` token -> (letter, phones)."""

    keys: np.ndarray
    log_p: np.ndarray
    backoff: np.ndarray
    pairs: tuple[tuple[str, tuple[str, ...]], ...]

    @functools.cached_property
    def of_letter(self) -> dict[str, np.ndarray]:
        """Tokens that each letter may be."""
        found: dict[str, list[int]] = {}
        for token, (letter, _) in enumerate(self.pairs):
            found.setdefault(letter, []).append(token)
        return {letter: np.array(tokens, dtype=np.uint64) for letter, tokens in found.items() if letter}

    def score(self, history: np.ndarray, token: np.ndarray) -> np.ndarray:
        """Log probability (n,) of each token (n,) after its history (n,), a key of the last `ORDER` - 1 tokens."""
        result = np.full(len(token), UNSEEN)
        penalty = np.zeros(len(token))
        pending = np.ones(len(token), dtype=bool)
        for length in range(ORDER - 1, -1, -1):
            context = history & np.uint64((1 << (TOKEN_BITS * length)) - 1)
            complete = (context >> np.uint64(TOKEN_BITS * max(length - 1, 0))) > 0 if length else pending | True
            at, found = self._find((context << np.uint64(TOKEN_BITS)) | token)
            hit = pending & found & complete
            result[hit] = penalty[hit] + self.log_p[at[hit]]
            pending &= ~hit
            if length:
                at, found = self._find(context)
                penalty += np.where(pending & found & complete, self.backoff[at], 0.0)
        return result

    def _find(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return at, self.keys[at] == keys


def phones_of(word: str, model: LetterModel | None = None) -> tuple[str, ...]:
    """ARPAbet phones without stress of a word in letters a-z and apostrophes; other characters are passed over.

    The best path of a beam search. Empty when the word holds no letter.
    """
    model = model or load_model()
    letters = [c for c in word.lower() if c in model.of_letter]
    if not letters:
        return ()
    mask = np.uint64((1 << (TOKEN_BITS * (ORDER - 1))) - 1)
    history, score = np.array([EDGE], dtype=np.uint64), np.zeros(1)
    paths: list[tuple[int, ...]] = [()]
    for letter in letters:
        tokens = model.of_letter[letter]
        wide = np.repeat(history, len(tokens))
        token = np.tile(tokens, len(history))
        total = np.repeat(score, len(tokens)) + model.score(wide, token)
        best = np.argsort(-total, kind="stable")[:BEAM]
        paths = [(*paths[b // len(tokens)], int(token[b])) for b in best]
        history, score = ((wide[best] << np.uint64(TOKEN_BITS)) | token[best]) & mask, total[best]
    score = score + model.score(history, np.full(len(history), EDGE, dtype=np.uint64))
    for index in np.argsort(-score, kind="stable"):
        if phones := tuple(p for token in paths[index] for p in model.pairs[token][1]):
            return phones
    return ()


@functools.cache
def load_model(path: Path = MODEL) -> LetterModel:
    """The shipped model, read once."""
    from safetensors import safe_open

    with safe_open(path, framework="numpy") as file:
        pairs = json.loads(file.metadata()["pairs"])
        return LetterModel(
            keys=file.get_tensor("keys"),
            log_p=file.get_tensor("log_p").astype(np.float64),
            backoff=file.get_tensor("backoff").astype(np.float64),
            pairs=tuple((letter, tuple(phones.split())) for letter, phones in pairs),
        )
