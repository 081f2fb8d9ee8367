"""Text as the artist writes it, as the words that are spoken.

Stage directions in brackets and between asterisks go, those in round brackets unless they are said; numbers, money,
times, abbreviations and symbols become words; acronyms that no dictionary knows are spelled out. What cannot be said in
English letters is left out, and reported.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from . import numerals

_QUOTES: Final = str.maketrans(
    {"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "“": '"', "”": '"', "–": "-", "—": "-"}
)
_DIRECTIONS: Final = re.compile(r"\[[^\]]*\]|\{[^}]*\}|<[^>]*>|\*[^*\n]*\*")
_ASIDES: Final = re.compile(r"\([^)]*\)")
"""Stage directions in a script, but in prose something that the reader says."""
_ABBREVIATIONS: Final[Mapping[str, str]] = {
    "mr": "mister", "dr": "doctor", "prof": "professor", "st": "saint", "sgt": "sergeant", "capt": "captain",
    "lt": "lieutenant", "gen": "general", "col": "colonel", "jr": "junior", "sr": "senior", "vs": "versus",
    "e.g": "for example", "i.e": "that is", "approx": "approximately",
}  # fmt: skip
"""Said in full. Those that may be something else need a full stop after them."""
_NEED_STOP: Final[frozenset[str]] = frozenset({"gen", "col", "st", "sr"})
_SYMBOLS: Final[Mapping[str, str]] = {"&": "and", "%": "percent", "+": "plus", "=": "equals", "@": "at", "°": "degrees"}
_LETTERS: Final[Mapping[str, str]] = {
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "đ": "d",
    "ł": "l",
    "þ": "th",
    "ð": "th",
}
_DRAWN_OUT: Final = re.compile(r"(.)\1{2,}")
"""Nooooo is no, hmmmm is hmm: tried with two letters, then with one."""
_TOKEN: Final = re.compile(
    r"""(?P<time>\b([01]?\d|2[0-3]):([0-5]\d)\b)
      | (?P<money>[$£€¥]\s?\d[\d,]*(\.\d+)?)
      | (?P<ordinal>\b\d+(st|nd|rd|th)\b)
      | (?P<decade>\b(\d\d)?\d0s\b)
      | (?P<number>\d{1,3}(,\d{3})+(\.\d+)?|\d+(\.\d+)?)
      | (?P<initials>\b([^\W\d_]\.){2,})
      | (?P<word>[^\W\d_]+('[^\W\d_]+)*'?)
      | (?P<symbol>[&%+=@°])""",
    re.VERBOSE | re.IGNORECASE,
)


@dataclass(frozen=True)
class SpokenText:
    """`words` in lower case, letters a-z and apostrophes, in order; `unsaid` are pieces that could not be turned."""

    words: tuple[str, ...]
    unsaid: tuple[str, ...] = ()


def spoken_words(text: str, known: Callable[[str], bool], asides: bool = False) -> SpokenText:
    """The words that a reader of `text` says; `known` tells whether the dictionary has a word.

    What stands in round brackets is said where `asides` is set, and taken for a direction otherwise.
    """
    clean = _DIRECTIONS.sub(" ", unicodedata.normalize("NFKC", text).translate(_QUOTES))
    if not asides:
        clean = _ASIDES.sub(" ", clean)
    words: list[str] = []
    unsaid: list[str] = []
    for match in _TOKEN.finditer(clean):
        token = match.group()
        if match.lastgroup == "word":
            said = _say_word(token, clean, clean[match.end() : match.end() + 1] == ".", known)
        elif match.lastgroup == "number":
            said = _say_number(token, clean[: match.start()])
        else:
            said = _SAY[match.lastgroup or ""](token)
        words += said
        if not said:
            unsaid.append(token)
    return SpokenText(tuple(words), tuple(unsaid))


def _say_time(token: str) -> list[str]:
    hours, _, minutes = token.partition(":")
    return numerals.time_of_day(int(hours), int(minutes))


def _say_money(token: str) -> list[str]:
    return numerals.money(token[0], token[1:].strip())


def _say_ordinal(token: str) -> list[str]:
    return numerals.ordinal(int(token[:-2])) if len(token) <= numerals.LONGEST else numerals.digits(token)


def _say_decade(token: str) -> list[str]:
    value = int(token[:-1])
    *front, last = numerals.cardinal(value) if value < 100 else numerals.year(value)
    return [*front, last[:-1] + "ies" if last.endswith("y") else last + "s"]


def _say_initials(token: str) -> list[str]:
    whole = token.rstrip(".").lower()
    return _ABBREVIATIONS[whole].split() if whole in _ABBREVIATIONS else _spell(token)


def _say_symbol(token: str) -> list[str]:
    return [_SYMBOLS[token]]


def _say_number(token: str, before: str) -> list[str]:
    minus = ["minus"] if re.search(r"(^|\s)-$", before) else []
    if re.fullmatch(r"1[1-9]\d\d|20\d\d", token) and not minus:
        return numerals.year(int(token))
    return [*minus, *numerals.number(token)]


def _say_word(token: str, text: str, stop: bool, known: Callable[[str], bool]) -> list[str]:
    word = _plain(token)
    bare = word.strip("'")
    if word in _ABBREVIATIONS and (stop or word not in _NEED_STOP):
        return _ABBREVIATIONS[word].split()
    if not bare:
        return []
    shorter = (_DRAWN_OUT.sub(r"\1\1", bare), _DRAWN_OUT.sub(r"\1", bare))
    for form in (word, bare, *shorter):
        if known(form):
            return [form]
    if _is_acronym(token, text):
        return _spell(bare)
    return [shorter[0]]


def _plain(token: str) -> str:
    """Lower-case a-z and apostrophes: accents dropped, letters such as ß written out."""
    spelled = "".join(_LETTERS.get(c, c) for c in token.lower())
    bare = unicodedata.normalize("NFD", spelled)
    return "".join(c for c in bare if "a" <= c <= "z" or c == "'")


def _is_acronym(token: str, text: str) -> bool:
    """Said letter by letter: no vowel (NPC, bffs), or three capitals at most (EU) in a text with small letters."""
    if len(token) < 2:
        return False
    shouted = not any(c.islower() for c in text)
    return not any(c in "aeiouy" for c in _plain(token)) or (token.isupper() and len(token) <= 3 and not shouted)


def _spell(token: str) -> list[str]:
    return [f"{c}." for c in token.lower() if "a" <= c <= "z"]


_SAY: Final[Mapping[str, Callable[[str], list[str]]]] = {
    "time": _say_time,
    "money": _say_money,
    "ordinal": _say_ordinal,
    "decade": _say_decade,
    "initials": _say_initials,
    "symbol": _say_symbol,
}
