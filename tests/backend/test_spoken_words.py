"""What an artist writes becomes the words that are said."""

from __future__ import annotations

import pytest

from backend.speech import numerals, sphinx
from backend.speech.letters import phones_of
from backend.speech.phones import PHONES
from backend.speech.text import spoken_words


def said(text: str) -> str:
    return " ".join(spoken_words(text, sphinx.knows).words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't you DARE, Mr. Smith!", "don't you dare mister smith"),
        ("“Don’t” — he said…", "don't he said"),
        ("[sighs] Fine. (beat) *coughs* <i>Go</i> {now}.", "fine go"),
        ("A well-known half-elf", "a well known half elf"),
        ("It costs $3.50, or £1, or €0.20.", "it costs three dollars fifty cents or one pound or twenty cents"),
        ("$1,250,000", "one million two hundred fifty thousand dollars"),
        ("In 1984, 2007 and 1905", "in nineteen eighty four two thousand seven and nineteen oh five"),
        ("the 21st of the 1990s", "the twenty first of the nineteen nineties"),
        ("At 3:05 or 12:00", "at three oh five or twelve o'clock"),
        ("-5° & 3.14% of 42", "minus five degrees and three point one four percent of forty two"),
        ("Agent 007", "agent zero zero seven"),
        ("An NPC in the U.S.A.", "an n. p. c. in the u. s. a."),
        ("Nooooo! Hmmmmm.", "no hmm"),
        ("'Tis rock 'n' roll, y'all", "tis rock n roll y'all"),
        ("café, naïve", "cafe naive"),
        ("STOP RIGHT THERE", "stop right there"),
        ("", ""),
        ("[laughs]", ""),
        ("...!?", ""),
    ],
)
def test_text_is_said_as_a_reader_would(text: str, words: str) -> None:
    assert said(text) == words


def test_what_has_no_english_letters_is_reported() -> None:
    spoken = spoken_words("Hello 你好", sphinx.knows)
    assert spoken.words == ("hello",)
    assert spoken.unsaid == ("你好",)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"), (13, "thirteen"), (20, "twenty"), (99, "ninety nine"), (100, "one hundred"),
        (1001, "one thousand one"), (1_000_000, "one million"), (-7, "minus seven"),
        (987_654_321, "nine hundred eighty seven million six hundred fifty four thousand three hundred twenty one"),
    ],
)  # fmt: skip
def test_numbers_are_said(number: int, words: str) -> None:
    assert " ".join(numerals.cardinal(number)) == words


@pytest.mark.parametrize(("number", "word"), [(1, "first"), (12, "twelfth"), (20, "twentieth"), (103, "third")])
def test_ordinals_end_as_they_should(number: int, word: str) -> None:
    assert numerals.ordinal(number)[-1] == word


def test_very_long_digit_strings_are_read_digit_by_digit() -> None:
    assert said("1" * 400).split() == ["one"] * 400


def test_every_word_of_numbers_is_in_the_dictionary() -> None:
    for number in [*range(120), 10**3, 10**6, 10**9, 10**12]:
        assert all(map(sphinx.knows, numerals.cardinal(number))), number
        assert not 0 < number < 10**9 or all(map(sphinx.knows, numerals.ordinal(number))), number


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("blorbing", "B L AO R B IH NG"), ("vorpal", "V AO R P AH L"), ("kwimble", "K W IH M B AH L"),
        ("thrabe", "TH R EY B"), ("snophy", "S N AA F IY"), ("mithral", "M IH TH R AH L"),
    ],
)  # fmt: skip
def test_invented_words_are_said_as_they_are_spelled(word: str, phones: str) -> None:
    """Vowels of invented words are a matter of taste, so consonants decide."""
    vowels = {"AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW", "R"}
    assert [p for p in phones_of(word) if p not in vowels] == [p for p in phones.split() if p not in vowels]


def test_any_string_of_letters_gets_phones() -> None:
    for word in ("q", "zzzz", "x'y", "pneumonoultramicroscopicsilicovolcanoconiosis", "aaaaaaaaaaaaaaaaaaaaaaaaaa"):
        phones = phones_of(word)
        assert phones, word
        assert set(phones) <= set(PHONES)
    assert phones_of("123") == ()


def test_held_out_dictionary_words_are_said_with_the_error_rate_of_the_model_card() -> None:
    import json
    from pathlib import Path

    import pocketsphinx

    from backend.speech.letters import MODEL, load_model
    from backend.training.letter_to_sound import error_rates, held_out, read_dictionary

    dictionary = Path(pocketsphinx.get_model_path()) / "en-us" / "cmudict-en-us.dict"
    words = [entry for entry in read_dictionary(dictionary) if held_out(entry[0])]
    card = json.loads(MODEL.with_suffix(".json").read_text(encoding="utf-8"))
    assert len(words) == card["held_out_words"]
    phone_errors, _ = error_rates(load_model(), words[::10])
    assert phone_errors == pytest.approx(card["metrics"]["phone_error_rate"], abs=0.02)
