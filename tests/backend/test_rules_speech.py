"""What the lips do: closures above all, rounding and opening where the phones ask for them, rest in silence."""

from __future__ import annotations

import numpy as np
import pytest

from addon.core.channels import CHANNEL_INDEX, indices
from addon.core.emotion import EMOTIONS, EmotionTrack
from backend.face.basis import landmarks_from_channels, load_basis
from backend.face.landmarks import CLOSED_LIPS, inner_lip_gap, inner_lip_gaps, mouth_width
from backend.rules.layers import Direction
from backend.rules.performer import perform_line
from backend.speech.visemes import BILABIAL, LABIODENTAL
from tests.backend.lines import MAMA_PAPA, at_centres, line_of


@pytest.mark.parametrize("emotion", EMOTIONS)
@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
def test_lips_close_on_bilabials_in_every_emotion_at_full_intensity(emotion: str, fps: float) -> None:
    line = line_of(MAMA_PAPA, emotion)
    performance = perform_line(line, Direction(fps, 1))
    assert at_centres(inner_lip_gap(performance.landmarks), line, fps, BILABIAL).max() < CLOSED_LIPS


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_the_channels_alone_close_the_lips_too(emotion: str) -> None:
    """A rig gets only channels: they must close the canonical face without help from the sealed landmarks."""
    line = line_of(MAMA_PAPA, emotion)
    performance = perform_line(line, Direction(30, 1))
    gaps = inner_lip_gaps(landmarks_from_channels(load_basis(), performance.channels))
    assert at_centres(gaps, line, 30, BILABIAL).max() < CLOSED_LIPS


def test_the_channels_close_a_rig_that_follows_arkit_by_the_book() -> None:
    """MouthClose takes back jawOpen: at a closure it is as large, and nothing else parts the lips."""
    line = line_of(MAMA_PAPA, "surprised")
    channels = perform_line(line, Direction(30, 1)).channels
    for name in ("mouthLowerDownLeft", "mouthUpperUpLeft", "mouthFunnel"):
        assert at_centres(channels[:, CHANNEL_INDEX[name]], line, 30, BILABIAL).max() < 0.01
    opened = channels[:, CHANNEL_INDEX["jawOpen"]] - channels[:, CHANNEL_INDEX["mouthClose"]]
    assert at_centres(opened, line, 30, BILABIAL).max() < 0.01


def test_the_tongue_stays_behind_lips_that_are_shut() -> None:
    line = line_of(["SIL", "TH", "P", "TH", "L", "M", "TH", "SIL"], pace=0.08)
    tongue = perform_line(line, Direction(60, 1)).channels[:, CHANNEL_INDEX["tongueOut"]]
    assert tongue.max() > 0.3
    assert at_centres(tongue, line, 60, BILABIAL).max() < 0.01


def test_lip_and_teeth_nearly_touch_on_f_and_v() -> None:
    line = line_of(MAMA_PAPA, "happy")
    gap = inner_lip_gap(perform_line(line, Direction(60, 1)).landmarks)
    assert at_centres(gap, line, 60, LABIODENTAL).max() < 0.04


def test_lips_never_pass_through_each_other() -> None:
    for emotion in EMOTIONS:
        gaps = inner_lip_gaps(perform_line(line_of(MAMA_PAPA, emotion), Direction(30, 1)).landmarks)
        assert gaps.min() >= -1e-6


def test_open_vowels_open_and_rounded_vowels_narrow_the_mouth() -> None:
    line = line_of(["SIL", "AA", "T", "AA", "SIL", "UW", "T", "UW", "SIL", "IY", "T", "IY", "SIL"], pace=0.16)
    performance = perform_line(line, Direction(60, 1))
    gap, width = inner_lip_gap(performance.landmarks), mouth_width(performance.landmarks)
    vowels = {
        v: (at_centres(gap, line, 60, {v}).mean(), at_centres(width, line, 60, {v}).mean()) for v in ("AA", "UW", "IY")
    }
    assert vowels["AA"][0] > 2.0 * vowels["UW"][0]
    assert vowels["UW"][1] < vowels["AA"][1] - 0.05
    assert vowels["IY"][1] > vowels["UW"][1] + 0.08


def test_rounding_starts_before_the_rounded_phone() -> None:
    line = line_of(["SIL", "S", "S", "S", "UW", "SIL"], pace=0.12)
    pucker = perform_line(line, Direction(60, 1)).channels[:, CHANNEL_INDEX["mouthPucker"]]
    start = next(p.start for p in line.phones if p.name == "UW")
    assert pucker[round((start - 0.08) * 60)] > 0.25 * pucker.max()


def test_tongue_only_phones_leave_the_lips_to_their_neighbours() -> None:
    """Between two rounded vowels, n and d do not spread the lips."""
    line = line_of(["SIL", "UW", "N", "UW", "D", "UW", "SIL"], pace=0.09)
    pucker = perform_line(line, Direction(60, 1)).channels[:, CHANNEL_INDEX["mouthPucker"]]
    assert at_centres(pucker, line, 60, frozenset({"N", "D"})).min() > 0.6 * pucker.max()


def test_the_mouth_rests_in_silence() -> None:
    line = line_of(["SIL"], pause=6.0)
    performance = perform_line(line, Direction(30, 1))
    mouth = [CHANNEL_INDEX[n] for n in ("jawOpen", "mouthFunnel", "mouthPucker", "mouthLowerDownLeft", "tongueOut")]
    assert performance.channels[:, mouth].max() < 0.01
    assert np.ptp(inner_lip_gap(performance.landmarks)) < 0.002


@pytest.mark.parametrize("level", [1 / 3, 2 / 3, 1.0])
@pytest.mark.parametrize(("emotion", "parts"), [("happy", "mouthUpperUp"), ("angry", "mouthLowerDown")])
def test_an_expression_parts_the_lips_when_they_speak_and_leaves_no_crack_between_them_at_rest(
    emotion: str, parts: str, level: float
) -> None:
    line = line_of(["SIL", "AA", "SIL"], emotion, level, pace=0.3, pause=1.0)
    performance = perform_line(line, Direction(fps=30, layers=("speech", "expression")))
    parting = performance.channels[:, indices(parts)].max(axis=1)
    assert (parting[:8] == 0).all()
    assert parting[30:39].max() > 0.06 * level


def test_surprise_drops_the_jaw_without_a_word() -> None:
    performance = perform_line(line_of(["SIL"], "surprised", pause=1.0), Direction(layers=("expression",)))
    assert performance.channels[:, CHANNEL_INDEX["jawOpen"]].min() > 0.08


def test_louder_speech_opens_further() -> None:
    line = line_of(("SIL " + "T AA " * 12 + "SIL").split(), pace=0.12)
    gap = inner_lip_gap(perform_line(line, Direction(50, 1)).landmarks)
    vowels = at_centres(gap, line, 50, frozenset({"AA"}))
    loud = at_centres(line.prosody.loudness_db, line, 50, frozenset({"AA"}))
    assert np.corrcoef(vowels[1:-1], loud[1:-1])[0, 1] > 0.5


def test_the_smile_survives_speech() -> None:
    happy = perform_line(line_of(MAMA_PAPA, "happy"), Direction(30, 1))
    neutral = perform_line(line_of(MAMA_PAPA, "neutral"), Direction(30, 1))
    wider = mouth_width(happy.landmarks) - mouth_width(neutral.landmarks)
    assert wider.mean() > 0.08
    assert happy.channels[:, CHANNEL_INDEX["mouthSmileLeft"]].min() > 0.3


def test_anger_opens_the_mouth_further_than_sadness() -> None:
    gap = {e: inner_lip_gap(perform_line(line_of(MAMA_PAPA, e), Direction(30, 1)).landmarks).mean() for e in EMOTIONS}
    assert gap["angry"] > 1.3 * gap["neutral"] > 1.3 * 0.8 * gap["sad"]


def test_an_emotion_that_changes_over_time_changes_the_face() -> None:
    end = line_of(MAMA_PAPA).duration
    track = EmotionTrack.from_keys([(0.0, "sad", 1.0), (end, "happy", 1.0)])
    channels = perform_line(line_of(MAMA_PAPA, track), Direction(30, 1)).channels
    smile, frown = channels[:, CHANNEL_INDEX["mouthSmileLeft"]], channels[:, CHANNEL_INDEX["mouthFrownLeft"]]
    assert smile[-5:].mean() > 0.4 > smile[:5].mean()
    assert frown[:5].mean() > 0.3 > frown[-5:].mean()
