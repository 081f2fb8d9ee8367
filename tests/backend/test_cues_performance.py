"""What the neural engine makes of sound with the shipped weights: lips, life, emotion, and what artists rely on."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from addon.core.channels import CHANNEL_INDEX, indices
from addon.core.emotion import EMOTIONS, EmotionTrack
from addon.core.errors import BackendError, RequestError
from addon.core.performance import Performance
from addon.core.request import PerformRequest
from backend import perform
from backend.audio.decode import read_sound
from backend.audio.prosody import analyse_prosody
from backend.audio.sound import SAMPLE_RATE, Sound
from backend.cues import live
from backend.cues.library import load_encoder
from backend.cues.stream import LIVE
from backend.engine import perform_sounds
from backend.evaluation.accents import accents_of, brow_answer
from backend.evaluation.coupling import head_and_voice
from backend.evaluation.statistics import blinks, head_degrees, world_gaze
from backend.face.landmarks import CLOSED_LIPS, inner_lip_gap, mouth_width
from backend.speech.phones import Phone
from backend.speech.visemes import BILABIAL
from tests.backend.sounds import SHIPPED_LINE, SHIPPED_TEXT


def by_networks(sound: Sound, emotion: str = "neutral", seed: int = 0) -> Performance:
    request = PerformRequest(b"", "line", EmotionTrack.constant(emotion), seed=seed)
    return perform_sounds([sound], [request], lambda stage, share: None)[0]


def closures(performance: Performance, phones: list) -> float:
    """Share of p, b, m at whose middle the lips are closed within 40 ms."""
    gap = inner_lip_gap(performance.landmarks)
    middles = [0.5 * (start + end) for name, start, end in phones if name in BILABIAL]
    reach = [(round((at - 0.04) * performance.fps), round((at + 0.04) * performance.fps) + 1) for at in middles]
    return float(np.mean([gap[max(a, 0) : b].min() < CLOSED_LIPS for a, b in reach]))


@pytest.mark.parametrize("emotion", ["neutral", "happy", "angry"])
def test_lips_close_on_p_b_and_m_that_are_heard_without_a_text(emotion: str) -> None:
    phones = perform(SHIPPED_LINE, text=SHIPPED_TEXT, engine="rules").meta["phones"]
    assert closures(perform(SHIPPED_LINE, emotion=emotion), phones) >= 0.85


def test_a_text_closes_every_one_of_them() -> None:
    for emotion in EMOTIONS:
        performance = perform(SHIPPED_LINE, emotion=emotion, text=SHIPPED_TEXT)
        assert performance.meta["speech"] == "aligned"
        assert closures(performance, performance.meta["phones"]) == 1.0


def test_a_text_leads_the_lips() -> None:
    rules = perform(SHIPPED_LINE, text=SHIPPED_TEXT, engine="rules").landmarks
    told, heard = (perform(SHIPPED_LINE, text=text).landmarks for text in (SHIPPED_TEXT, None))
    for measure, least in ((inner_lip_gap, 0.9), (mouth_width, 0.8)):
        r_told, r_heard = (np.corrcoef(measure(lips), measure(rules))[0, 1] for lips in (told, heard))
        assert r_told > least
        assert r_told > r_heard + 0.03


@pytest.mark.parametrize("text", [None, SHIPPED_TEXT])
def test_a_mouth_rounds_and_spreads_as_far_as_that_of_the_rules(text: str | None) -> None:
    """From the narrowest twentieth of its frames to the widest, however sure the network is of what it hears."""
    rules = mouth_width(perform(SHIPPED_LINE, text=SHIPPED_TEXT, engine="rules").landmarks)
    mouth = mouth_width(perform(SHIPPED_LINE, text=text).landmarks)
    narrow, wide = np.percentile(rules, [5, 95])
    low, high = np.percentile(mouth, [5, 95])
    assert 0.7 < (high - low) / (wide - narrow) < 1.2


def test_the_mouth_opens_with_the_voice_of_real_people(shared_data: Path) -> None:
    """Beside the rules on the aligned text of the same recordings, which know every phone."""
    found = []
    with (shared_data / "speech" / "ljspeech_32" / "manifest.csv").open(encoding="utf-8") as file:
        texts = {row["file"]: row["text"] for row in csv.DictReader(file)}
    for path in sorted((shared_data / "speech" / "ljspeech_32").glob("*.flac"))[:4]:
        heard, told = perform(path), perform(path, text=texts[path.name], engine="rules")
        found.append(np.corrcoef(inner_lip_gap(heard.landmarks), inner_lip_gap(told.landmarks))[0, 1])
    assert np.mean(found) > 0.5


def test_lips_are_the_same_in_every_take_and_the_rest_is_not() -> None:
    first, second = perform(SHIPPED_LINE, seed=1), perform(SHIPPED_LINE, seed=2)
    jaw = CHANNEL_INDEX["jawOpen"]
    np.testing.assert_allclose(first.channels[:, jaw], second.channels[:, jaw], atol=0.08)
    assert np.abs(head_degrees(first) - head_degrees(second)).max() > 0.5


def test_the_same_line_gives_the_same_bytes() -> None:
    first, again = (perform(SHIPPED_LINE, emotion="sad", seed=9) for _ in range(2))
    assert all(array.tobytes() == getattr(again, name).tobytes() for name, array in first.arrays().items())


@pytest.mark.parametrize("emotion", ["neutral", "happy"])
def test_brows_answer_the_accents_of_the_voice(emotion: str) -> None:
    """Half of them, drawn by the seed; eight takes stand for eight lines."""
    sound = read_sound(SHIPPED_LINE)
    phones = perform(SHIPPED_LINE, text=SHIPPED_TEXT, engine="rules").meta["phones"]
    accents = accents_of(analyse_prosody(sound), [Phone(*phone) for phone in phones])
    assert len(accents) >= 3
    assert np.mean([brow_answer(by_networks(sound, emotion, seed), accents) for seed in range(8)]) > 0.03


def test_the_head_goes_with_the_voice_of_real_people(shared_data: Path) -> None:
    """First canonical correlation of its angles with pitch and loudness: people have 0.7."""
    found = []
    for path in sorted((shared_data / "speech" / "ljspeech_32").glob("*.flac"))[:8]:
        sound = read_sound(path)
        found.append(head_and_voice(by_networks(sound), analyse_prosody(sound)))
    assert np.mean([coupling.r for coupling in found]) > 0.58
    assert np.mean([coupling.r - coupling.chance for coupling in found]) > 0.08


def test_emotions_change_the_face_as_they_should() -> None:
    faces = {name: perform(SHIPPED_LINE, emotion=name) for name in EMOTIONS}

    def mean(emotion: str, *channels: str) -> float:
        return float(faces[emotion].channels[:, indices(*channels)].mean())

    assert mean("happy", "mouthSmile") > mean("neutral", "mouthSmile") + 0.3
    assert mean("angry", "browDown") > mean("neutral", "browDown") + 0.4
    assert mean("sad", "browInnerUp") > mean("neutral", "browInnerUp") + 0.3
    assert mean("surprised", "eyeWide") > mean("neutral", "eyeWide") + 0.3
    assert mean("disgusted", "noseSneer") > mean("neutral", "noseSneer") + 0.3
    assert mean("fear", "mouthStretch") > mean("neutral", "mouthStretch") + 0.1
    right, left = (mean("contempt", f"mouthSmile{side}") for side in ("Right", "Left"))
    assert right > left + 0.15
    assert mouth_width(faces["happy"].landmarks).mean() > mouth_width(faces["neutral"].landmarks).mean() + 0.05
    assert inner_lip_gap(faces["angry"].landmarks).mean() > 1.2 * inner_lip_gap(faces["neutral"].landmarks).mean()


def test_intensity_scales_the_expression() -> None:
    takes = [perform(SHIPPED_LINE, emotion="happy", intensity=share) for share in (0.0, 0.33, 0.67, 1.0)]
    smiles = [take.channels[:, indices("mouthSmile")].mean() for take in takes]
    assert smiles == sorted(smiles)
    assert smiles[-1] > smiles[0] + 0.3


def test_silence_rests_the_lips_and_keeps_the_eyes_alive() -> None:
    performance = by_networks(Sound(np.zeros(20 * SAMPLE_RATE, np.float32), "1" * 64))
    assert inner_lip_gap(performance.landmarks)[15:].max() < 0.03
    assert len(blinks(performance).start) >= 2
    assert world_gaze(performance).std() > 0.1
    assert any("No voice" in warning for warning in performance.meta["warnings"])


def test_a_line_that_begins_with_a_pause_begins_with_the_mouth_at_rest() -> None:
    """Lips that remember nothing of the time before would part for its first moments."""
    pause = np.zeros(SAMPLE_RATE // 2, dtype=np.float32)
    sound = Sound(np.concatenate([pause, read_sound(SHIPPED_LINE).samples]), "3" * 64)
    request = PerformRequest(b"", "line.wav", EmotionTrack.constant("neutral"), engine="neural", fps=50.0)
    (performance,) = perform_sounds([sound], [request], lambda stage, share: None)
    gap = inner_lip_gap(performance.landmarks[:20])
    assert gap[0] < gap[10:].mean() + 0.01
    assert gap.max() - gap.min() < 0.015


@pytest.mark.parametrize("vowel", ["AE", "AY", "EH"])
def test_a_recording_that_was_cut_at_a_vowel_begins_with_the_mouth_open(vowel: str) -> None:
    """And a live line begins so too: it is known from the first step that the sound has begun before."""
    phones = perform(SHIPPED_LINE, text=SHIPPED_TEXT, engine="rules").meta["phones"]
    begins = next(start for name, start, end in phones if name == vowel and end - start > 0.06)
    cut = Sound(read_sound(SHIPPED_LINE).samples[round((begins + 0.01) * SAMPLE_RATE) :], LIVE)
    whole = by_networks(cut)
    assert inner_lip_gap(whole.landmarks[:3]).max() > 0.1
    stream = live(EmotionTrack.constant("neutral"), fps=30.0)
    pieces = [stream.push(cut.samples[at : at + 320]) for at in range(0, SAMPLE_RATE, 320)]
    frames = np.concatenate([piece.landmarks for piece in pieces if piece is not None])
    np.testing.assert_allclose(frames, whole.landmarks[: len(frames)], atol=1e-4)


def test_noise_does_not_speak() -> None:
    noise = np.random.default_rng(0).standard_normal(8 * SAMPLE_RATE).astype(np.float32) * 0.05
    assert np.percentile(inner_lip_gap(by_networks(Sound(noise, "2" * 64)).landmarks), 95) < 0.06


def test_ten_minutes_stay_in_range_and_alive_to_the_end() -> None:
    samples = np.resize(read_sound(SHIPPED_LINE).samples, 600 * SAMPLE_RATE)
    performance = by_networks(Sound(samples, "3" * 64), "happy", seed=4)
    first, last = (
        slice(*(int(s * 30) for s in span)) for span in ((5, 240), (360, 600))
    )  # looks vary by a half in two minutes
    heads, looks = head_degrees(performance), world_gaze(performance)
    assert np.abs(heads).max() < 25.0
    assert np.abs(looks).max() < 30.0
    for track in (heads, looks, performance.channels[:, indices("mouthSmile", "browOuterUp")]):
        assert track[last].std(axis=0).mean() == pytest.approx(track[first].std(axis=0).mean(), rel=0.5)
    seen = blinks(performance).start
    assert 0.5 < (seen > 360).sum() / max((seen < 240).sum(), 1) < 2.0


def test_a_live_line_is_the_line_that_is_heard_whole() -> None:
    sound = read_sound(SHIPPED_LINE)
    stream = live(EmotionTrack.constant("happy"), fps=30.0)
    pieces = [stream.push(sound.samples[at : at + 320]) for at in range(0, len(sound.samples), 320)]
    frames = np.concatenate([piece.channels for piece in [*pieces, stream.finish()] if piece is not None])
    jaw = CHANNEL_INDEX["jawOpen"]
    np.testing.assert_allclose(frames[:, jaw], by_networks(sound, "happy").channels[:, jaw], atol=0.1)


def test_a_layer_that_is_off_rests() -> None:
    sound = read_sound(SHIPPED_LINE)
    request = PerformRequest(b"", "line", EmotionTrack.constant("happy"), layers=("expression",))
    performance = perform_sounds([sound], [request], lambda stage, share: None)[0]
    assert np.all(performance.head == 0.0)
    assert np.all(performance.gaze == 0.0)
    assert performance.channels[:, CHANNEL_INDEX["jawOpen"]].std() < 0.02


def test_a_character_with_a_way_of_its_own_is_followed() -> None:
    """Example frames of one whose smile is small make the smile smaller than those of one whose smile is broad."""
    plain = perform(SHIPPED_LINE, emotion="happy")
    frames = plain.channels[np.linspace(0, plain.frame_count - 1, 16).astype(int)]
    smiles = []
    for gain in (0.6, 1.5):
        examples = np.clip(frames * gain, 0, 1)
        followed = perform(SHIPPED_LINE, emotion="happy", character=examples)
        smiles.append(followed.channels[:, indices("mouthSmile")].mean())
    assert smiles[0] < smiles[1] - 0.1


def test_damaged_weights_are_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BackendError, match="missing or damaged"):
        load_encoder(tmp_path)
    (tmp_path / "speech.json").write_text('{"name": "speech"}')
    (tmp_path / "speech.safetensors").write_bytes(b"not a tensor")
    with pytest.raises(BackendError, match="missing or damaged"):
        load_encoder(tmp_path)


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLILOQUY_DEVICE", "toaster")
    with pytest.raises(RequestError, match="auto, cpu or cuda"):
        perform(SHIPPED_LINE)
