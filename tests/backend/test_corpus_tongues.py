"""Voices of other languages in the training corpus: their phones, their times, and who says what."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from addon.core.errors import SpeechError
from backend.audio.prosody import analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.cues.encoder import ARTICULATION, ENCODED_PHONES
from backend.speech.phones import PHONES, SILENCE, Phone
from backend.speech.visemes import VISEMES
from backend.training.corpus import programs, synthetic, texts, tongues
from backend.training.corpus.synthesizers import Spoken, speak
from backend.training.corpus.voices import OPTIONAL_VOICES, OTHER_TONGUES, VOICES, Manner, Voice
from backend.training.labels import speech_labels
from backend.training.speech.teachers import Taught, lips_corrected
from tests.backend.test_corpus_aligned import needs_fortunes

SENTENCE = "Maybe Bob will pop up by the big map before five."


def level(spoken: Spoken, names: set[str]) -> float:
    """Mean decibels of the quietest 20 ms of the phones of such names."""
    lowest = []
    for phone in spoken.phones:
        if phone.name in names:
            samples = spoken.samples[round(phone.start * SAMPLE_RATE) : round(phone.end * SAMPLE_RATE)]
            blocks = np.array_split(samples, max(1, len(samples) // 320))
            lowest.append(min(20 * np.log10(block.std() + 1e-6) for block in blocks))
    return float(np.mean(lowest))


@pytest.mark.parametrize("voice", OTHER_TONGUES, ids=lambda voice: voice.name)
def test_the_times_of_a_voice_are_where_its_p_and_b_close(voice: Voice, tmp_path: Path) -> None:
    if programs.missing_packages((voice.package,)):
        pytest.skip(f"needs apt-get install {voice.package}")
    spoken = speak(voice, [SENTENCE], [Manner(1.0, 0.0, 0.2, 0.1)], tmp_path)[0]
    assert spoken is not None
    names = [phone.name for phone in spoken.phones]
    assert names[0] == SILENCE
    assert {"M", "B", "P"} <= set(names) <= {*PHONES, SILENCE}
    assert level(spoken, {"P", "B"}) < level(spoken, {"AA", "EH", "EY", "IH", "AO", "OW", "UH"}) - 6


def test_phones_of_other_languages_are_those_that_look_like_them() -> None:
    said = [tongues.phones_of(name, "cs") for name in ("p", "r~", "c", "n~", "#")]
    assert said == [("P",), ("ZH",), ("T", "S"), ("N",), (SILENCE,)]
    assert tongues.phones_of("y", "fi") == ("UW",)
    assert tongues.phones_of("y", "ru") == ("IH",)
    assert tongues.phones_of("ax", tongues.ENGLISH) == ("AH",)


def test_a_phone_that_no_table_has_is_an_error_that_names_the_language() -> None:
    with pytest.raises(SpeechError, match=r"\(it\).*not in its table"):
        tongues.phones_of("q", "it")


def test_a_voice_reads_english_in_its_own_letters() -> None:
    assert tongues.spelled("Bob, my map!", "ru") == "боб, ми мап!"
    assert tongues.spelled("Bob, my map!", "fi") == "Bob, my map!"


@needs_fortunes
def test_they_say_what_no_other_says_and_take_nothing_from_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    fortunes = texts.read_fortunes()
    dealt = synthetic.deal_sentences(fortunes, 0)
    said = [text for own in dealt.values() for text in own]
    assert len({texts.words_of(text) for text in said}) == len(said)
    assert [len(dealt[voice]) for voice in OTHER_TONGUES] == [160] * len(OTHER_TONGUES)
    monkeypatch.setattr(synthetic, "OTHER_TONGUES", ())
    without = synthetic.deal_sentences(fortunes, 0)
    assert all(dealt[voice] == without[voice] for voice in (*VOICES, *OPTIONAL_VOICES))


def test_of_a_foreign_voice_the_labels_have_the_word_where_lips_meet_and_the_teachers_elsewhere() -> None:
    phones = (Phone("AA", 0.0, 0.3), Phone("P", 0.3, 0.5), Phone("EH", 0.5, 0.8), Phone("F", 0.8, 1.0))
    labels = speech_labels(phones, analyse_prosody(Sound(np.zeros(SAMPLE_RATE, np.float32), "")), 50)
    said, seen = (np.full((50, count), 1.0 / count) for count in (len(ENCODED_PHONES), len(VISEMES)))
    seen[:, VISEMES.index("I")] += 1.0
    taught = lips_corrected(Taught(said, seen, np.full((50, len(ARTICULATION)), 0.4)), labels)
    closed = np.isin(labels.visemes, [VISEMES.index(name) for name in ("PP", "FF")])
    assert 0 < closed.sum() < 50
    assert np.array_equal(taught.visemes.argmax(axis=1)[closed], labels.visemes[closed])
    assert np.array_equal(taught.phones.argmax(axis=1)[closed], labels.phones[closed])
    assert set(taught.visemes.argmax(axis=1)[~closed]) == {VISEMES.index("I")}
    assert taught.visemes[~closed, VISEMES.index("PP")].max() < 1e-3
    np.testing.assert_allclose(taught.visemes.astype(np.float32).sum(axis=1), 1.0, atol=5e-3)
    np.testing.assert_allclose(taught.articulation[:, 3:], labels.articulation[:, 3:], atol=1e-3)
    np.testing.assert_allclose(taught.articulation[~closed, :3], 0.4, atol=1e-3)
