"""The training corpus: exact phones from the synthesizers, splits by voice, runs that go on where they stopped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from addon.core.errors import RequestError, SpeechError
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.speech.aligner import align
from backend.speech.phones import PHONES, SILENCE, Phone
from backend.training.corpus import build, programs, radio, synthetic, texts
from backend.training.corpus.aligned import EDGE_SECONDS
from backend.training.corpus.build import CorpusConfig, build_corpus
from backend.training.corpus.manifest import MANIFEST, Corpus, Dropped, Material, read_manifest
from backend.training.corpus.quiet import LEVEL_DB, NOISES, quiet_batches, quiet_sound
from backend.training.corpus.recordings import deal_speakers, recorded_batches
from backend.training.corpus.synthesizers import speak
from backend.training.corpus.voices import OTHER_TONGUES, VOICES, Manner, Voice

SENTENCE = "Maybe Bob will move the very big map before five."
MISSING = programs.missing_packages()
needs_packages = pytest.mark.skipif(bool(MISSING), reason=f"needs apt-get install {' '.join(MISSING)}")
needs_flite = pytest.mark.skipif("flite" in MISSING, reason="needs the flite synthesizer (apt-get install flite)")


def named(name: str) -> Voice:
    return next(voice for voice in VOICES if voice.name == name)


def spoken_by(phones: tuple[Phone, ...]) -> list[Phone]:
    return [p for p in phones if p.name != SILENCE]


def assert_agrees_with_aligner(samples: np.ndarray, phones: tuple[Phone, ...], text: str) -> None:
    """Where both say the same phones, they start within some milliseconds of each other."""
    heard, given = spoken_by(align(Sound(samples, ""), text).phones), spoken_by(phones)
    assert len(heard) == len(given)
    late = np.array([g.start - h.start for h, g in zip(heard, given, strict=True)])
    assert np.abs(late).mean() < 0.025
    assert abs(late.mean()) < 0.015


# --- phone names -------------------------------------------------------------------------------------------------


def test_phones_of_the_synthesizers_become_the_project_s_own() -> None:
    line = radio.arpabet_line([("pau", 0.2), ("ax", 0.3), ("dx", 0.35), ("axr", 0.5), ("el", 0.7), ("h#", 0.9)])
    assert [p.name for p in line] == [SILENCE, "AH", "T", "ER", "AH", "L", SILENCE]
    assert (line[4].start, line[4].end) == pytest.approx((0.5, 0.6))
    assert line[5].end == pytest.approx(0.7)


@pytest.mark.parametrize("name", [phone.lower() for phone in PHONES])
def test_every_arpabet_phone_keeps_its_name(name: str) -> None:
    assert radio.arpabet(name) == (name.upper(),)


def test_a_phone_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(SpeechError, match="not in the table"):
        radio.arpabet("xx")


# --- texts -------------------------------------------------------------------------------------------------------


def test_sentences_have_3_to_20_words_of_the_dictionary() -> None:
    given = (
        "He left. My zorblax is broken today. BIG LETTERS ARE NOT READ.\nThe lamp by   the door was on! Meet Mr. Smith."
    )
    assert texts.sentences_of(given) == ["The lamp by the door was on!"]


def test_chosen_sentences_move_the_lips_more_than_the_others_and_depend_on_the_seed_alone() -> None:
    dull, rich = "He has seen the green sea here.", "My baby may move five maps before Bob."
    given = tuple(f"{word} {text}" for word in ("So", "And", "Then", "Yes", "Now") for text in (dull, rich))
    chosen = texts.choose(given, 5, seed=3)
    assert chosen == texts.choose(given, 5, seed=3)
    assert all(rich in text for text in chosen)
    assert set(texts.choose(given, 5, seed=4)) == set(chosen)
    assert texts.choose(given, 5, seed=4) != chosen


# --- voices ------------------------------------------------------------------------------------------------------


@needs_flite
@pytest.mark.parametrize("voice", ["kal16", "rms", "slt", "awb"])
def test_flite_times_are_those_that_the_aligner_finds(voice: str, tmp_path: Path) -> None:
    spoken = speak(named(voice), [SENTENCE], [Manner(1.1, 0.0, 0.25, 0.1)], tmp_path)[0]
    assert spoken is not None
    assert spoken_by(spoken.phones)[0].start > 0.25
    assert_agrees_with_aligner(spoken.samples, spoken.phones, SENTENCE)


@needs_packages
@pytest.mark.parametrize("voice", ["kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts"])
def test_festival_times_are_those_that_the_aligner_finds_and_follow_the_stretch(voice: str, tmp_path: Path) -> None:
    manners = [Manner(stretch, named(voice).pitch_hz, 0.0, 0.0) for stretch in (0.9, 1.2)]
    fast, slow = speak(named(voice), [SENTENCE, SENTENCE], manners, tmp_path)
    assert fast is not None
    assert slow is not None
    for spoken in (fast, slow):
        assert_agrees_with_aligner(spoken.samples, spoken.phones, SENTENCE)
    lengths = [spoken_by(spoken.phones)[-1].end for spoken in (fast, slow)]
    assert lengths[1] / lengths[0] == pytest.approx(1.2 / 0.9, rel=0.05)


@needs_flite
def test_a_sentence_that_the_engine_cannot_say_is_none(tmp_path: Path) -> None:
    assert speak(named("rms"), ["..."], [Manner(1.0, 0.0, 0.0, 0.0)], tmp_path) == [None]


def test_missing_packages_are_named_with_the_line_that_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs.shutil, "which", lambda name: None)
    with pytest.raises(RequestError, match="apt-get install flite festival"):
        programs.require_packages(["flite", "festival"])


# --- real recordings ---------------------------------------------------------------------------------------------


def test_speakers_are_dealt_out_by_their_names_alone() -> None:
    names = [f"{n:04d}" for n in range(128)]
    dealt = deal_speakers(names, 14)
    assert dealt == deal_speakers(names[::-1] * 2, 14)
    assert [list(dealt.values()).count(split) for split in ("test", "validation", "train")] == [14, 14, 100]


def test_recordings_are_cut_to_the_speech_and_keep_their_phones(shared_data: Path) -> None:
    batches = [b for b in recorded_batches(shared_data, 2) if b.source == "speechocean"]
    for made in batches[0].make(frozenset(batches[0].ids)):
        assert isinstance(made, Material)
        said, duration = spoken_by(made.phones), len(made.samples) / SAMPLE_RATE
        assert 0 <= said[0].start <= EDGE_SECONDS + 0.01
        assert 0 <= duration - said[-1].end <= EDGE_SECONDS + 0.01
        again = spoken_by(align(Sound(made.samples, ""), made.text).phones)
        assert [p.name for p in again] == [p.name for p in said]
        assert np.mean([abs(a.start - b.start) for a, b in zip(again, said, strict=True)]) < 0.03


def test_a_missing_folder_of_recordings_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="--shared"):
        build_corpus(CorpusConfig(tmp_path / "corpus", tmp_path, parts=("quiet", "recorded")))
    assert not (tmp_path / "corpus").exists()


# --- quiet clips -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kinds in NOISES.values() for kind in kinds])
def test_nobody_speaks_in_a_quiet_clip(kind: str) -> None:
    noise = next(kinds[kind] for kinds in NOISES.values() if kind in kinds)
    samples = quiet_sound(noise, np.random.default_rng(1), audible=kind != "silence")
    assert samples.dtype == np.float32
    assert 2 * SAMPLE_RATE <= len(samples) <= 6 * SAMPLE_RATE
    level = 20 * np.log10(samples.std() + 1e-9)
    assert level <= -80 if kind == "silence" else LEVEL_DB[0] - 3 < level <= LEVEL_DB[1]


def test_quiet_clips_have_silence_for_phones_and_kinds_of_noise_of_their_own_split() -> None:
    made = [m for batch in quiet_batches(0, 8) for m in batch.make(frozenset(batch.ids))]
    clips = [m for m in made if isinstance(m, Material)]
    assert len(clips) == len(made) == 24
    for clip in clips:
        assert clip.phones == (Phone(SILENCE, 0.0, len(clip.samples) / SAMPLE_RATE),)
        assert clip.voice in NOISES[clip.split]


# --- the corpus as a whole ---------------------------------------------------------------------------------------


def quiet_corpus(folder: Path, limit: int = 3) -> CorpusConfig:
    return CorpusConfig(folder, folder, limit=limit, parts=("quiet",))


def test_a_second_run_makes_nothing_and_a_higher_limit_only_what_is_new(tmp_path: Path) -> None:
    assert build_corpus(quiet_corpus(tmp_path)) == 9
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*.flac")}
    assert build_corpus(quiet_corpus(tmp_path)) == 0
    assert build_corpus(quiet_corpus(tmp_path, limit=4)) == 3
    assert {p: p.stat().st_mtime_ns for p in before} == before
    assert len({clip.id for clip in read_manifest(tmp_path)}) == 12


def test_an_interrupted_run_goes_on_and_ends_as_one_that_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    build_corpus(quiet_corpus(whole))
    add, calls = Corpus.add, []

    def stop_at_fifth(self: Corpus, made: Material | Dropped) -> None:
        calls.append(made.id)
        if len(calls) == 5:
            raise KeyboardInterrupt
        add(self, made)

    monkeypatch.setattr(Corpus, "add", stop_at_fifth)
    with pytest.raises(KeyboardInterrupt):
        build_corpus(quiet_corpus(cut))
    monkeypatch.setattr(Corpus, "add", add)
    with (cut / MANIFEST).open("a") as manifest:
        manifest.write('{"id": "quiet-tr')  # the machine went off in the middle of a line
    assert len(read_manifest(cut)) == 4
    assert build_corpus(quiet_corpus(cut)) == 5
    assert read_manifest(cut) == read_manifest(whole)
    for clip in read_manifest(whole):
        np.testing.assert_array_equal(clip.samples(cut), clip.samples(whole))


def test_clips_that_were_left_out_are_not_tried_again(tmp_path: Path) -> None:
    Corpus(tmp_path).add(Dropped("quiet-train-0001", "A test left it out."))
    assert build_corpus(quiet_corpus(tmp_path)) == 8
    assert "quiet-train-0001" not in {clip.id for clip in read_manifest(tmp_path)}


def test_a_folder_with_a_corpus_of_another_seed_is_left_alone(tmp_path: Path) -> None:
    build_corpus(quiet_corpus(tmp_path, limit=1))
    with pytest.raises(RequestError, match="other settings"):
        build_corpus(CorpusConfig(tmp_path, tmp_path, seed=1, parts=("quiet",)))


def test_phones_of_a_stored_clip_cover_it_without_gaps(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    phones = (Phone("M", 0.2, 0.3), Phone("AA", 0.3, 0.5))
    corpus.add(Material("a", "quiet", "v", "train", "ma", "-", np.zeros(16_000, dtype=np.float32), phones))
    (clip,) = read_manifest(tmp_path)
    assert [(p.name, p.start, p.end) for p in clip.phones] == [
        (SILENCE, 0.0, 0.2), ("M", 0.2, 0.3), ("AA", 0.3, 0.5), (SILENCE, 0.5, 1.0)
    ]  # fmt: skip
    info = soundfile.info(str(tmp_path / clip.file))
    assert (info.format, info.subtype, info.samplerate, info.channels) == ("FLAC", "PCM_16", SAMPLE_RATE, 1)


def test_a_folder_without_a_corpus_and_a_lost_sound_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="train corpus"):
        read_manifest(tmp_path)
    build_corpus(quiet_corpus(tmp_path, limit=1))
    clip = read_manifest(tmp_path)[0]
    (tmp_path / clip.file).unlink()
    with pytest.raises(RequestError, match="make it again"):
        clip.samples(tmp_path)


@needs_packages
def test_no_voice_and_no_sentence_is_in_two_splits(tmp_path: Path, shared_data: Path) -> None:
    build_corpus(CorpusConfig(tmp_path, shared_data, limit=2))
    clips = read_manifest(tmp_path)
    splits: dict[tuple[str, str], set[str]] = {}
    for clip in clips:
        splits.setdefault((clip.source, clip.voice), set()).add(clip.split)
    assert all(len(found) == 1 for found in splits.values())
    assert {clip.split for clip in clips if clip.voice == "awb"} == {"test"}
    made: dict[str, set[str]] = {}
    for clip in clips:
        if clip.source in {"flite", "festival", "rhvoice", "pico"}:
            made.setdefault(clip.text, set()).add(clip.voice)
    assert all(len(voices) == 1 for voices in made.values())
    others = {voice.name for voice in OTHER_TONGUES}
    assert {c.voice for c in clips if c.source in {"flite", "festival"}} - others == {v.name for v in VOICES}


@needs_packages
def test_a_plan_asks_for_the_same_sentences_every_time_whatever_the_limit() -> None:
    short, long = ({name for b in synthetic.synthetic_batches(0, limit) for name in b.ids} for limit in (5, 50))
    assert short < long
    own = tuple(f"{voice.engine}-{voice.name}-" for voice in VOICES)
    assert len([name for name in short if name.startswith(own)]) == 5 * len(VOICES)


def test_the_command_makes_a_corpus(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from backend.cli import main

    assert main(["train", "corpus", "--out", str(tmp_path / "c"), "--only", "quiet", "--limit", "1"]) == 0
    assert len(read_manifest(tmp_path / "c")) == 3
    assert json.loads((tmp_path / "c" / MANIFEST).read_text().splitlines()[0])["phones"][0][0] == SILENCE
    assert (tmp_path / "c" / build.STATUS).read_text() == "quiet: 3 of 3\n"
