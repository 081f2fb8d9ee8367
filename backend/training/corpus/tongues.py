"""Voices of other languages: what they call their phones, and how they are made to read an English text.

They read it letter by letter as their own language has it: nonsense to a listener, and yet p, b and m of one more
person, at times that the engine knows exactly. There are few free voices of English, and ears learn from persons.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from addon.core.errors import SpeechError
from backend.speech.phones import SILENCE

from .radio import arpabet

ENGLISH: Final[str] = "en"
_TABLES: Final[Mapping[str, str]] = {
    "cs": """
        # - _ - a AA a: AA e EH e: EH i IH i: IY o AO o: AO u UH u: UW j Y w W
        p P b B m M f F v V t T t~ T d D d~ D n N n~ N n* NG l L r D r~ ZH r~* SH
        s S z Z s~ SH z~ ZH c T+S c~ CH dz D+Z dz~ JH k K g G h HH ch HH
    """,
    "fi": """
        # - ## - a AA e EH i IH o AO u UH y UW & AE 7 UH @ AH a: AA e: EH i: IY o: AO u: UW y: UW &: AE 7: UH @: AH
        p P b B m M f F v V w W t T d D n N N NG l L L L r D s S S SH T TH k K g G h HH j Y
        p: P b: B m: M f: F v: V w: W t: T d: D n: N N: NG l: L L: L r: D s: S S: SH T: TH k: K g: G h: HH j: Y
        D: DH z: Z Z: ZH
    """,
    "it": """
        # - i IY e EY E EH a AA o OW O AO u UW i1 IY e1 EY E1 EH a1 AA o1 OW O1 AO u1 UW j Y w W
        p P b B m M f F v V nf N t T d D n N J N+Y ng NG l L L L+Y r D
        s S z Z S SH Z ZH ts T+S tS CH dz D+Z dZ JH k K g G
    """,
    "ru": """
        pau - ii IY yy IH uu UW ee EH oo AO aa AA a AH e EH i IH y IH u UH ae IH ay AH ur UH j Y
        p P pp P b B bb B m M mm M f F ff F v V vv V t T tt T d D dd D n N nn N l L ll L r D rr D
        s S ss S z Z zz Z sh SH sch SH zh ZH c T+S ch CH k K kk K g G gg G h HH hh HH
    """,
}
"""Phone names of festival's voices and the project's phones, `-` for silence, by what is seen and heard: a rolled r is
a tongue at the teeth, as English has it in the flap, a rounded front vowel is rounded, and an affricate that English
lacks is two phones."""
_PHONES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    tongue: {
        name: (SILENCE,) if phones == "-" else tuple(phones.split("+"))
        for name, phones in zip(table.split()[::2], table.split()[1::2], strict=True)
    }
    for tongue, table in _TABLES.items()
}
_CYRILLIC: Final[Mapping[int, int]] = str.maketrans("abcdefghijklmnopqrstuvwxyz", "абкдефгхийклмнопкрстувукиз")


def phones_of(name: str, tongue: str) -> tuple[str, ...]:
    """`PHONES` of one phone of a voice; (SILENCE,) for a pause. Raises SpeechError for a name nobody knows."""
    if tongue == ENGLISH:
        return arpabet(name)
    if name not in _PHONES[tongue]:
        raise SpeechError("corpus.phone", f"A voice ({tongue}) names a phone that is not in its table.", name)
    return _PHONES[tongue][name]


def spelled(text: str, tongue: str) -> str:
    """An English text in the letters of a language."""
    return text.lower().translate(_CYRILLIC) if tongue == "ru" else text
