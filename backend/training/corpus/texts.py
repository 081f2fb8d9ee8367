"""Sentences to be spoken: Debian's fortunes, cleaned, chosen so that the lips have much to do."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from pocketsphinx import get_model_path

from .programs import FORTUNES, require_packages

LEFT_OUT: Final[frozenset[str]] = frozenset({"art", "ascii-art", "drugs", "ethnic", "knghtbrd", "men-women", "perl"})
"""Fortune files that are pictures, programs or chat, or that nobody should have to listen to."""
FEWEST_WORDS: Final[int] = 3
MOST_WORDS: Final[int] = 20
MOST_LETTERS: Final[int] = 110
WANTED: Final[frozenset[str]] = frozenset("P B M F V CH SH TH UH OY AW ZH W".split())
"""Bilabials and labiodentals, whose closures are seen first, and phones that English has too few of to learn from."""
CANDIDATES: Final[float] = 2.0
"""So many times the sentences that are needed are drawn; those richest in `WANTED` are kept. The share of bilabials
and labiodentals rises from 0.110 to 0.138 of all phones."""
_TORN: Final = re.compile(
    r"\b([B-HJ-Zb-hj-z]|[Mm]rs?|[Dd]r|[Ss]t|[Cc]orp|[Ii]nc|[Ee]tc|[Vv]s|[Vv]ol|[Ff]ig)\.?(?!['A-Za-z])"
)
"""Single letters (with those after an apostrophe) and abbreviations: a sentence was cut in two there, or there is more
than one way to say them."""
_SENTENCE: Final = re.compile(r"[A-Z][A-Za-z',;:\- ]+[.!?]")
_WORD: Final = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*")


@functools.cache
def pronunciations() -> dict[str, tuple[str, ...]]:
    """Phones of every word of the dictionary that the aligner uses, first pronunciation."""
    path = Path(get_model_path()) / "en-us" / "cmudict-en-us.dict"
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {word: tuple(phones) for word, *phones in lines if "(" not in word}


def words_of(sentence: str) -> tuple[str, ...]:
    """Its words in lower case."""
    return tuple(w.lower() for w in _WORD.findall(sentence))


def sentences_of(text: str) -> list[str]:
    """The sentences in a text whose words are all in the dictionary, 3 to 20 of them, on one line each."""
    known = pronunciations()
    found: list[str] = []
    for match in _SENTENCE.finditer(" ".join(text.split())):
        sentence = re.sub(r"\s*-{2,}\s*", ", ", match.group())
        words = words_of(sentence)
        fits = FEWEST_WORDS <= len(words) <= MOST_WORDS and len(sentence) <= MOST_LETTERS
        shouted = sum(c.isupper() for c in sentence) > 1 + len(words) // 2
        if fits and not shouted and not _TORN.search(sentence) and all(w in known for w in words):
            found.append(sentence)
    return found


def read_fortunes(folder: Path = FORTUNES) -> tuple[str, ...]:
    """All clean sentences, each once, in an order that does not depend on the machine."""
    require_packages(["fortunes"])
    files = sorted(p for p in folder.iterdir() if p.with_name(p.name + ".dat").exists() and p.name not in LEFT_OUT)
    found: dict[str, str] = {}
    for file in files:
        for fortune in file.read_text(encoding="utf-8", errors="ignore").split("\n%\n"):
            for sentence in sentences_of(fortune):
                found.setdefault(" ".join(words_of(sentence)), sentence)
    return tuple(found.values())


def choose(sentences: Sequence[str], count: int, seed: int) -> tuple[str, ...]:
    """`count` sentences in random order, rich in `WANTED` phones; fewer where there are fewer. One seed, one choice."""
    rng = np.random.default_rng(seed)
    drawn = [int(k) for k in rng.permutation(len(sentences))[: round(CANDIDATES * count)]]
    richest = sorted(drawn, key=lambda k: wanted_share(sentences[k]), reverse=True)[:count]
    return tuple(sentences[richest[int(k)]] for k in rng.permutation(len(richest)))


def wanted_share(sentence: str) -> float:
    """Share of `WANTED` among the phones of a sentence."""
    phones = [p for word in words_of(sentence) for p in pronunciations()[word]]
    return sum(p in WANTED for p in phones) / len(phones)
