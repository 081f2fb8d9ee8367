"""Phones become the fifteen visemes."""

from __future__ import annotations

from backend.speech.phones import PHONES, SILENCE, Phone, fill_silence
from backend.speech.visemes import BILABIAL, LABIODENTAL, VISEME_OF_PHONE, VISEMES, visemes_of


def test_every_phone_has_a_viseme_and_every_viseme_a_phone() -> None:
    assert set(VISEME_OF_PHONE) == {*PHONES, SILENCE}
    assert set(VISEME_OF_PHONE.values()) == set(VISEMES)
    assert {p for p, v in VISEME_OF_PHONE.items() if v == "PP"} == BILABIAL
    assert {p for p, v in VISEME_OF_PHONE.items() if v == "FF"} == LABIODENTAL


def test_diphthongs_give_two_visemes_that_cover_the_phone() -> None:
    visemes = visemes_of([Phone("M", 0.0, 0.1), Phone("AY", 0.1, 0.3)])
    assert [v.name for v in visemes] == ["PP", "aa", "I"]
    assert [v.start for v in visemes] == [0.0, 0.1, visemes[1].end]
    assert visemes[1].end - visemes[1].start > visemes[2].end - visemes[2].start
    assert visemes[-1].end == 0.3


def test_gaps_are_filled_with_silence_and_overlaps_are_cut() -> None:
    line = fill_silence(
        [Phone("M", 0.1, 0.2), Phone("AA", 0.15, 0.3), Phone(SILENCE, 0.4, 0.5), Phone("P", 0.9, 2)], 1.0
    )
    assert [(p.name, p.start, p.end) for p in line] == [
        (SILENCE, 0.0, 0.1), ("M", 0.1, 0.2), ("AA", 0.2, 0.3), (SILENCE, 0.3, 0.9), ("P", 0.9, 1.0),
    ]  # fmt: skip


def test_nothing_said_is_one_silence() -> None:
    assert fill_silence([], 0.7) == (Phone(SILENCE, 0.0, 0.7),)
