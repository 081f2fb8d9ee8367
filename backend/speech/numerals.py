"""Numbers as English words: cardinals, ordinals, decimals, years, money, times of day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_SMALL: Final[tuple[str, ...]] = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS: Final[tuple[str, ...]] = (
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)  # fmt: skip
_SCALES: Final[tuple[tuple[int, str], ...]] = (
    (10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"),
)  # fmt: skip
_ORDINALS: Final[Mapping[str, str]] = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_CURRENCIES: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "sen", "sen"),
}
LONGEST: Final[int] = 15
"""Digits of the longest number that is said as one; longer ones are read digit by digit."""


def cardinal(number: int) -> list[str]:
    """42 -> forty two. Negative numbers begin with minus."""
    if number < 0:
        return ["minus", *cardinal(-number)]
    if number < 20:
        return [_SMALL[number]]
    if number < 100:
        return [_TENS[number // 10], *([_SMALL[number % 10]] if number % 10 else [])]
    scale, name = next(entry for entry in _SCALES if number >= entry[0])
    rest = number % scale
    return [*cardinal(number // scale), name, *(cardinal(rest) if rest else [])]


def ordinal(number: int) -> list[str]:
    """21 -> twenty first."""
    *front, last = cardinal(number)
    if last in _ORDINALS:
        return [*front, _ORDINALS[last]]
    return [*front, last[:-1] + "ieth" if last.endswith("y") else last + "th"]


def digits(text: str) -> list[str]:
    """Each digit by itself: 007 -> zero zero seven."""
    return [_SMALL[int(c)] for c in text if c.isdigit()]


def number(text: str) -> list[str]:
    """A numeral as written, with thousands commas and a decimal point: 1,250.5 -> one thousand ... point five."""
    whole, _, decimals = text.replace(",", "").partition(".")
    if len(whole) > LONGEST or (len(whole) > 1 and whole.startswith("0")):
        words = digits(whole)
    else:
        words = cardinal(int(whole)) if whole else ["zero"]
    return [*words, "point", *digits(decimals)] if decimals else words


def year(value: int) -> list[str]:
    """1984 -> nineteen eighty four, 2007 -> two thousand seven, 1905 -> nineteen oh five; 1100 to 2099."""
    century, rest = divmod(value, 100)
    if rest == 0:
        return cardinal(value) if century % 10 == 0 else [*cardinal(century), "hundred"]
    if century == 20 and rest < 10:
        return cardinal(value)
    return [*cardinal(century), *(["oh"] if rest < 10 else []), *cardinal(rest)]


def money(sign: str, amount: str) -> list[str]:
    """($, 3.50) -> three dollars fifty cents."""
    one, many, small_one, small_many = _CURRENCIES[sign]
    whole, _, part = amount.replace(",", "").partition(".")
    words = number(whole or "0")
    words = [*words, one if words == ["one"] else many]
    if len(part) != 2 or not int(part):
        return words if not part or not int(part) else [*number(amount), many]
    cents = int(part)
    small = [*cardinal(cents), small_one if cents == 1 else small_many]
    return small if whole in ("", "0") else [*words, *small]


def time_of_day(hours: int, minutes: int) -> list[str]:
    """3:05 -> three oh five; 12:00 -> twelve o'clock."""
    if minutes == 0:
        return [*cardinal(hours), "o'clock"]
    return [*cardinal(hours), *(["oh"] if minutes < 10 else []), *cardinal(minutes)]
