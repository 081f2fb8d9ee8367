"""What is said and when, in real recordings: with the text, without it, and where the text is wrong."""

from __future__ import annotations

import re
import shutil
import subprocess
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from addon.core.errors import JobCancelled
from backend.audio.decode import read_sound
from backend.audio.prosody import PROSODY_RATE, Prosody, analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.speech.phones import PHONES, SILENCE, Speech
from backend.speech.speech import find_speech
from backend.speech.visemes import BILABIAL, LABIODENTAL
from tests.backend.sounds import SHIPPED_LINE, SHIPPED_TEXT, Recording, recordings

ENGLISH = (("ljspeech_32", 4), ("philippmatthes_own_voice", 4), ("speechocean762", 8))


def joined(found: list[Recording]) -> tuple[Sound, str]:
    samples = np.concatenate([read_sound(r.path).samples for r in found])
    return Sound(samples, ""), " ".join(f"{r.text}." for r in found)


def check_contract(speech: Speech, sound: Sound) -> None:
    phones = speech.phones
    assert phones[0].start == 0.0
    assert phones[-1].end == sound.duration
    assert all(a.end == b.start for a, b in pairwise(phones))
    assert all(p.end > p.start and p.name in (*PHONES, SILENCE) for p in phones)
    assert not any(a.name == b.name == SILENCE for a, b in pairwise(phones))
    assert all(0.0 <= w.start < w.end <= sound.duration for w in speech.words)
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(speech.words))


def spoken_seconds(speech: Speech) -> float:
    return sum(p.duration for p in speech.phones if p.name != SILENCE)


def voice_under_phones(speech: Speech, prosody: Prosody) -> float:
    """Share of the voice activity in which the mouth has something to say."""
    at = np.flatnonzero(prosody.speech) / PROSODY_RATE
    return float(np.mean([any(p.start <= t < p.end for p in speech.phones if p.name != SILENCE) for t in at]))


def doubts(speech: Speech) -> list[str]:
    """What the artist is told against the text."""
    return [w for w in speech.warnings if "does not fit" in w or "not in the text" in w]


@pytest.mark.parametrize(("corpus", "count"), ENGLISH)
def test_real_lines_align_with_their_text(shared_data: Path, corpus: str, count: int) -> None:
    for recording in recordings(shared_data, corpus, count):
        sound = read_sound(recording.path)
        speech = find_speech(sound, recording.text)
        check_contract(speech, sound)
        assert speech.method == "aligned", recording
        assert [w.text for w in speech.words] == re.findall(r"[a-z']+", recording.text.lower()), recording


def test_every_p_b_and_m_of_the_shipped_line_is_found_where_the_sound_is_shut() -> None:
    """Before a plosive opens its closure is quiet: the loudness there lies far under the vowels around it."""
    sound = read_sound(SHIPPED_LINE)
    speech = find_speech(sound, SHIPPED_TEXT)
    check_contract(speech, sound)
    names = [p.name for p in speech.phones if p.name != SILENCE]
    assert [n for n in names if n in BILABIAL] == list("PPMBBBMP")
    assert [n for n in names if n in LABIODENTAL] == list("FFVVF")
    loudness = analyse_prosody(sound).loudness_db
    vowels = np.median([loudness[round(p.centre * 50)] for p in speech.phones if p.name in ("AE", "AA", "AO", "IY")])
    for plosive in (p for p in speech.phones if p.name in ("P", "B")):
        held = loudness[round(plosive.start * 50) : round(plosive.end * 50) + 1]
        assert held.min() < vowels - 8.0, plosive


@pytest.mark.parametrize("corpus", ["ljspeech_32", "philippmatthes_own_voice"])
def test_aligned_plosives_are_quieter_than_vowels_in_real_speech(shared_data: Path, corpus: str) -> None:
    dips: list[float] = []
    for recording in recordings(shared_data, corpus, 5):
        sound = read_sound(recording.path)
        loudness = analyse_prosody(sound).loudness_db
        phones = find_speech(sound, recording.text).phones
        vowels = np.median([loudness[round(p.centre * 50)] for p in phones if p.name in ("AE", "AA", "EH", "IY", "OW")])
        for phone in (p for p in phones if p.name in ("P", "B")):
            dips.append(float(vowels - loudness[round(phone.start * 50) : round(phone.end * 50) + 1].min()))
    assert len(dips) > 10
    assert np.mean(np.array(dips) > 6.0) > 0.9


@pytest.mark.skipif(shutil.which("flite") is None, reason="needs the flite synthesizer (apt-get install flite)")
@pytest.mark.parametrize("voice", ["slt", "rms", "awb"])
def test_aligned_phones_start_within_20_ms_of_where_a_synthesizer_put_them(tmp_path: Path, voice: str) -> None:
    errors: list[float] = []
    for number, text in enumerate((SHIPPED_TEXT, "My brother, please help them move five boxes of apples.")):
        wav = tmp_path / f"{number}.wav"
        command = ["flite", "-voice", voice, "-psdur", "-t", text, "-o", str(wav)]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        ends = [(name.upper().replace("AX", "AH"), float(end)) for name, end in re.findall(r"(\S+):([\d.]+)", printed)]
        starts = [0.0, *(end for _, end in ends[:-1])]
        truth = [(name, start) for (name, _), start in zip(ends, starts, strict=True) if name != "PAU"]
        found = [p for p in find_speech(read_sound(wav), text).phones if p.name != SILENCE]
        match = SequenceMatcher(None, [t[0] for t in truth], [p.name for p in found], autojunk=False)
        for block in match.get_matching_blocks():
            pairs = zip(truth[block.a : block.a + block.size], found[block.b : block.b + block.size], strict=True)
            errors += [abs(phone.start - start) for (_, start), phone in pairs]
    assert len(errors) > 80
    assert np.mean(errors) < 0.020


def test_without_text_phones_are_recognized_in_any_language(shared_data: Path) -> None:
    bilabials = 0
    for corpus, count in (("picovoice_leopard", 9), ("emodb", 4), ("speechocean762", 4)):
        for recording in recordings(shared_data, corpus, count):
            sound = read_sound(recording.path)
            prosody = analyse_prosody(sound)
            speech = find_speech(sound, None, prosody)
            check_contract(speech, sound)
            assert speech.method == "recognized", recording
            assert speech.words == ()
            active = np.mean(prosody.speech) * sound.duration
            assert 0.6 * active < spoken_seconds(speech) < 1.2 * active, recording
            bilabials += sum(p.name in BILABIAL for p in speech.phones)
    assert bilabials > 30


def test_recognition_hears_most_of_what_alignment_knows(shared_data: Path) -> None:
    """Both share the acoustic model; phone error rates of free recognition lie between 0.3 and 0.5."""
    from backend.training.letter_to_sound import edit_distance

    edits = total = 0
    for recording in recordings(shared_data, "ljspeech_32", 4):
        sound = read_sound(recording.path)
        heard, known = (
            [p.name for p in find_speech(sound, text).phones if p.name != SILENCE] for text in (None, recording.text)
        )
        edits, total = edits + edit_distance(heard, known), total + len(known)
    assert edits / total < 0.5


def test_a_text_of_another_line_or_language_is_told_and_the_sound_is_heard_instead(shared_data: Path) -> None:
    lines = recordings(shared_data, "ljspeech_32", 8)
    mismatched = 0
    for recording, other in zip(lines, [*lines[3:], *lines[:3]], strict=True):
        sound = read_sound(recording.path)
        speech = find_speech(sound, other.text)
        check_contract(speech, sound)
        mismatched += speech.method == "recognized" and any("does not fit" in w for w in speech.warnings)
    assert mismatched == len(lines)


def test_a_text_that_fits_in_part_is_aligned_in_part(shared_data: Path) -> None:
    lines = recordings(shared_data, "ljspeech_32", 6)
    sound, _ = joined(lines)
    wrong = "".join(
        f"{r.text}. " if k != 3 else "Purple elephants juggle bananas on the moon. " for k, r in enumerate(lines)
    )
    speech = find_speech(sound, wrong)
    check_contract(speech, sound)
    assert speech.method == "aligned"
    assert any("does not fit the sound at" in w for w in speech.warnings)
    assert len(speech.words) > 0.5 * len(wrong.split())


@pytest.mark.parametrize("text", ["hello", "12"])
@pytest.mark.parametrize("repeats", [1, 3])
def test_a_word_that_is_not_the_line_does_not_keep_the_lips_shut_while_the_voice_talks(text: str, repeats: int) -> None:
    sound = Sound(np.tile(read_sound(SHIPPED_LINE).samples, repeats), "")
    prosody = analyse_prosody(sound)
    speech = find_speech(sound, text, prosody)
    check_contract(speech, sound)
    assert speech.method == "recognized"
    assert any("does not fit the sound" in w for w in speech.warnings)
    assert voice_under_phones(speech, prosody) > 0.9


@pytest.mark.parametrize(("corpus", "count"), [("ljspeech_32", 5), ("philippmatthes_own_voice", 5)])
def test_a_text_that_lacks_the_second_half_keeps_its_words_and_the_rest_is_heard(
    shared_data: Path, corpus: str, count: int
) -> None:
    for recording in recordings(shared_data, corpus, count):
        sound = read_sound(recording.path)
        prosody = analyse_prosody(sound)
        words = re.findall(r"[a-z']+", recording.text.lower())
        speech = find_speech(sound, " ".join(words[: len(words) // 2]), prosody)
        check_contract(speech, sound)
        assert [w.text for w in speech.words] == words[: len(words) // 2], recording
        told = re.search(r"not in the text at .*?([\d.]+) s", " ".join(speech.warnings))
        assert told, recording
        assert sound.duration - float(told[1]) < 1.0, recording
        assert voice_under_phones(speech, prosody) > 0.8, recording


def test_what_the_text_lacks_in_the_middle_is_told_and_the_lips_go_on_to_the_end() -> None:
    """Where exactly is not certain: the words after the gap may be laid over its beginning."""
    sound = read_sound(SHIPPED_LINE)
    prosody = analyse_prosody(sound)
    speech = find_speech(sound, "Pack up, my friend. We follow the map.", prosody)
    check_contract(speech, sound)
    assert [w.text for w in speech.words] == "pack up my friend we follow the map".split()
    assert re.search(r"not in the text at [\d.]+-[\d.]+ s", " ".join(speech.warnings))
    assert voice_under_phones(speech, prosody) > 0.9


@pytest.mark.parametrize(("corpus", "count"), [("ljspeech_32", 10), ("philippmatthes_own_voice", 10)])
def test_a_true_text_is_not_doubted(shared_data: Path, corpus: str, count: int) -> None:
    for recording in recordings(shared_data, corpus, count):
        speech = find_speech(read_sound(recording.path), recording.text)
        assert not doubts(speech), recording


def test_noise_and_halting_speech_are_not_taken_for_something_that_a_true_text_lacks(shared_data: Path) -> None:
    """Of these 24 strangers to the language four are so far from the acoustic model that no alignment fits them."""
    doubted = []
    for line in recordings(shared_data, "speechocean762", 24):
        doubted += doubts(find_speech(read_sound(line.path), line.text))
    assert not [told for told in doubted if "not in the text" in told]
    assert len(doubted) <= 4


@pytest.mark.parametrize("extra", [SHIPPED_TEXT, "One two three. " + SHIPPED_TEXT, 2 * SHIPPED_TEXT])
def test_a_text_longer_than_the_sound_is_told_and_not_squashed_into_it(extra: str) -> None:
    sound = read_sound(SHIPPED_LINE)
    speech = find_speech(sound, SHIPPED_TEXT + " " + extra)
    check_contract(speech, sound)
    assert any("longer than anybody could say" in w for w in speech.warnings)
    assert np.mean([p.duration < 0.035 for p in speech.phones if p.name != SILENCE]) < 0.3


def test_three_lines_of_text_for_one_of_sound_are_told_in_every_corpus(shared_data: Path) -> None:
    for corpus in ("ljspeech_32", "philippmatthes_own_voice", "speechocean762"):
        for one, two, three in zip(*(recordings(shared_data, corpus, 6)[k:] for k in range(3)), strict=False):
            sound = read_sound(one.path)
            speech = find_speech(sound, f"{one.text}. {two.text}. {three.text}.")
            check_contract(speech, sound)
            assert doubts(speech), one


def test_what_stands_in_round_brackets_is_said_where_the_reader_says_it(shared_data: Path) -> None:
    (prose,) = (r for r in recordings(shared_data, "ljspeech_32", 32) if "(which also was printed" in r.text)
    read = find_speech(read_sound(prose.path), prose.text)
    assert "printed" in [w.text for w in read.words]
    assert not doubts(read)
    played = find_speech(read_sound(SHIPPED_LINE), "(sighs, to himself) " + SHIPPED_TEXT)
    assert played == find_speech(read_sound(SHIPPED_LINE), SHIPPED_TEXT)


def test_a_long_line_aligns_with_little_memory_reports_progress_and_keeps_its_words(shared_data: Path) -> None:
    lines = recordings(shared_data, "ljspeech_32", 10)
    sound, text = joined(lines)
    assert sound.duration > 50.0
    progress: list[float] = []
    speech = find_speech(sound, text, None, progress.append)
    check_contract(speech, sound)
    assert [w.text for w in speech.words] == re.findall(r"[a-z']+", text.lower())
    assert progress == sorted(progress)
    assert len(progress) > 4
    assert progress[-1] == pytest.approx(1.0, abs=0.01)
    starts = np.cumsum([0.0, *(read_sound(r.path).duration for r in lines[:-1])])
    firsts = np.cumsum([0, *(len(re.findall(r"[a-z']+", r.text.lower())) for r in lines[:-1])])
    assert all(abs(speech.words[w].start - s) < 0.8 for w, s in zip(firsts, starts, strict=True))


@pytest.mark.parametrize("text", [None, SHIPPED_TEXT])
def test_work_can_be_cancelled_between_chunks(text: str | None) -> None:
    def cancel(fraction: float) -> None:
        raise JobCancelled

    with pytest.raises(JobCancelled):
        find_speech(read_sound(SHIPPED_LINE), text, None, cancel)


@pytest.mark.parametrize("text", [None, "Nobody says this."])
@pytest.mark.parametrize("seconds", [0.05, 1.0, 30.0])
def test_silence_is_silent_whatever_the_text_says(text: str | None, seconds: float) -> None:
    sound = Sound(np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32), "")
    speech = find_speech(sound, text)
    check_contract(speech, sound)
    assert speech.method == "silent"
    assert [p.name for p in speech.phones] == [SILENCE]
    assert speech.warnings


def test_a_snippet_of_speech_is_borne() -> None:
    line = read_sound(SHIPPED_LINE).samples
    for seconds in (0.05, 0.1, 0.3):
        sound = Sound(line[10_000 : 10_000 + round(seconds * SAMPLE_RATE)].copy(), "")
        for text in (None, "a", SHIPPED_TEXT):
            check_contract(find_speech(sound, text), sound)


def test_the_silence_before_a_first_plosive_is_not_given_to_it() -> None:
    line = read_sound(SHIPPED_LINE).samples
    sound = Sound(np.concatenate([np.zeros(2 * SAMPLE_RATE, dtype=np.float32), line]), "")
    speech = find_speech(sound, SHIPPED_TEXT)
    assert speech.phones[0].name == SILENCE
    assert speech.phones[1].name == "P"
    assert speech.phones[1].duration < 0.2


def test_a_word_that_no_dictionary_has_is_said_by_its_letters_every_time() -> None:
    sound = read_sound(SHIPPED_LINE)
    text = SHIPPED_TEXT.replace("valley", "vallee").replace("friend", "frendd")
    one, two = find_speech(sound, text), find_speech(sound, text)
    assert one.method == "aligned"
    assert any("guessed" in w and "frendd" in w for w in one.warnings)
    assert one == two


def test_results_do_not_depend_on_what_was_done_before(shared_data: Path) -> None:
    sound = read_sound(SHIPPED_LINE)
    before = find_speech(sound, SHIPPED_TEXT), find_speech(sound)
    for corpus in ("emodb", "ljspeech_32"):
        other = read_sound(recordings(shared_data, corpus, 1)[0].path)
        find_speech(other)
        find_speech(other, "something else")
        assert before == (find_speech(sound, SHIPPED_TEXT), find_speech(sound))
