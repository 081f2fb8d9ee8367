"""The clips of the corpus whose phones the aligner finds: optional synthetic voices and recorded prompts."""

from __future__ import annotations

import logging
from pathlib import Path

import av
import numpy as np
import pytest

from addon.core.errors import SoundError
from backend.audio.prosody import analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.speech.phones import SILENCE, Phone
from backend.training.corpus import programs, prompts, synthetic, texts
from backend.training.corpus.aligned import EDGE_SECONDS, Unaligned, aligned_batches, with_pauses
from backend.training.corpus.batch import Batch
from backend.training.corpus.manifest import Material
from backend.training.corpus.untimed import read_aloud
from backend.training.corpus.voices import OPTIONAL_VOICES, VOICES, Manner, Voice

SENTENCE = "Maybe Bob will move the very big map before five."
MISSING = programs.missing_packages()
LACKING = programs.missing_packages(programs.OPTIONAL_PACKAGES)
NO_PROMPTS = programs.missing_packages(programs.PROMPT_PACKAGES)
needs_packages = pytest.mark.skipif(bool(MISSING), reason=f"needs apt-get install {' '.join(MISSING)}")
needs_optional = pytest.mark.skipif(bool(LACKING), reason=f"needs apt-get install {' '.join(LACKING)} (non-free)")
needs_prompts = pytest.mark.skipif(bool(NO_PROMPTS), reason=f"needs apt-get install {' '.join(NO_PROMPTS)}")
needs_fortunes = pytest.mark.skipif("fortunes" in MISSING, reason="needs apt-get install fortunes")


def lowest_level(made: Material, phone: Phone) -> float:
    """Decibels of the quietest 20 ms of a phone."""
    samples = made.samples[round(phone.start * SAMPLE_RATE) : round(phone.end * SAMPLE_RATE)]
    return min(20 * np.log10(block.std() + 1e-6) for block in np.array_split(samples, max(1, len(samples) // 320)))


def assert_closes_where_p_and_b_are(made: Material) -> None:
    closed = [lowest_level(made, p) for p in made.phones if p.name in {"P", "B"}]
    voiced = [lowest_level(made, p) for p in made.phones if p.name in {"EY", "AA", "UW", "IY", "AY", "OW"}]
    assert np.mean(closed) < np.mean(voiced) - 10


# --- voices that tell no phones ----------------------------------------------------------------------------------


@needs_optional
@pytest.mark.parametrize("voice", OPTIONAL_VOICES, ids=lambda voice: voice.name)
def test_optional_voices_follow_the_manner_and_are_aligned_to_what_they_say(voice: Voice) -> None:
    fast, slow = (read_aloud(voice, SENTENCE, Manner(stretch, voice.pitch_hz, 0.0, 0.0)) for stretch in (0.9, 1.2))
    assert len(slow) / len(fast) == pytest.approx(1.2 / 0.9, rel=0.1)
    clip = Unaligned("a", voice.engine, voice.name, "train", SENTENCE, voice.licence, lambda: with_pauses(slow))
    (made,) = aligned_batches(voice.engine, [clip])[0].make(frozenset({"a"}))
    assert isinstance(made, Material)
    assert_closes_where_p_and_b_are(made)


@needs_optional
def test_the_pitch_of_an_optional_voice_is_varied() -> None:
    low, high = (read_aloud(OPTIONAL_VOICES[1], SENTENCE, Manner(1.0, hertz, 0.0, 0.0)) for hertz in (155.0, 230.0))
    heard = [analyse_prosody(Sound(samples, "")).f0_hz for samples in (low, high)]
    assert [float(np.median(f0[f0 > 0])) for f0 in heard] == pytest.approx([155.0, 230.0], rel=0.08)


@needs_packages
def test_without_the_optional_voices_the_plan_is_the_same_for_the_others_and_the_log_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def others(batches: list[Batch]) -> set[str]:
        own = tuple(f"{voice.engine}-{voice.name}-" for voice in VOICES)
        return {name for b in batches for name in b.ids if name.startswith(own)}

    whole = others(synthetic.synthetic_batches(0, 5))
    monkeypatch.setattr(synthetic, "missing_packages", lambda packages: ("rhvoice",))
    with caplog.at_level(logging.INFO):
        batches = synthetic.synthetic_batches(0, 5)
    assert "optional voices bdl, clb" in caplog.text
    assert "contrib non-free" in caplog.text
    assert "apt-get install rhvoice" in caplog.text
    assert {b.source for b in batches} == {"flite", "festival", "pico"}
    assert others(batches) == whole


@needs_fortunes
def test_optional_voices_say_what_no_other_says_and_take_nothing_from_the_others() -> None:
    fortunes = texts.read_fortunes()
    dealt = synthetic.deal_sentences(fortunes, 0)
    said = [text for own in dealt.values() for text in own]
    assert len({texts.words_of(text) for text in said}) == len(said)
    assert [len(dealt[voice]) for voice in OPTIONAL_VOICES] == [320] * 4
    first = texts.choose(fortunes, sum(synthetic.PER_VOICE[v.split] for v in VOICES), 0)
    assert tuple(text for voice in VOICES for text in dealt[voice]) == first


# --- recorded prompts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Press 1 to hear it, or press #.", "Press 1 to hear it, or press pound ."),
        ("press * to toggle pause", "press star to toggle pause"),
        ("exclaimation-point [!]", "exclaimation-point"),
        ("Leave a message.  (simple tone sound plays)", "Leave a message."),
        ("[sound of monkeys screaming]", ""),
        ("<beep ascending>", ""),
        ("(3 seconds of silence)", ""),
        ("extension 1234", ""),
        ("3D audio enabled", ""),
        ("at least a 2.5 volt battery", ""),
        ("b", ""),
    ],
)
def test_a_prompt_is_the_words_that_are_surely_said(text: str, said: str) -> None:
    assert prompts.clean_prompt(text) == said


def test_names_of_prompts_stand_before_the_first_colon() -> None:
    table = "; a comment: here\n\nhello: Hello.\npriv: He said: go\nbeep: [a tone]\ndigits/9: nine\n"
    assert prompts.prompt_texts(table) == {"hello": "Hello.", "priv": "He said: go", "digits/9": "nine"}


def test_g722_is_read_at_its_rate_and_level(tmp_path: Path) -> None:
    at = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = (0.5 * np.sin(2 * np.pi * 440 * at)).astype(np.float32)
    with av.open(str(tmp_path / "tone.g722"), "w", format="g722") as container:
        stream = container.add_stream("g722", rate=SAMPLE_RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray((tone * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        container.mux([*stream.encode(frame), *stream.encode(None)])
    samples = prompts.read_g722(tmp_path / "tone.g722")
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(SAMPLE_RATE, abs=400)
    assert np.argmax(np.abs(np.fft.rfft(samples[:SAMPLE_RATE], SAMPLE_RATE))) == pytest.approx(440, abs=2)
    assert samples[2000:-2000].std() == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


def test_a_lost_g722_file_and_an_empty_one_are_errors(tmp_path: Path) -> None:
    (tmp_path / "empty.g722").touch()
    for name in ("empty.g722", "lost.g722"):
        with pytest.raises(SoundError, match=r"G\.722"):
            prompts.read_g722(tmp_path / name)


@needs_prompts
def test_prompts_are_aligned_and_all_for_training() -> None:
    batches = prompts.prompt_batches(None)
    wanted = {"asterisk-confbridge-participants", "asterisk-vm-repeat", "asterisk-vm-newpassword"}
    made = [clip for batch in batches for clip in batch.make(frozenset(batch.ids) & wanted)]
    assert len(made) == 3
    for clip in made:
        assert isinstance(clip, Material)
        assert (clip.source, clip.voice, clip.split) == ("asterisk", "allison", "train")
        assert_closes_where_p_and_b_are(clip)
        said = [p for p in clip.phones if p.name != SILENCE]
        assert said[0].start == pytest.approx(EDGE_SECONDS, abs=0.01)
        assert len(clip.samples) / SAMPLE_RATE - said[-1].end == pytest.approx(EDGE_SECONDS, abs=0.01)
