"""From a sound file to a Performance, with real recordings."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from addon.core.emotion import EMOTIONS, EmotionTrack
from addon.core.errors import EmotionError, JobCancelled, RequestError, SoundError
from addon.core.performance import Performance
from addon.core.request import PerformRequest
from backend import perform
from backend.engine import ENGINES, capabilities, run_request
from backend.face.landmarks import CLOSED_LIPS, inner_lip_gap
from backend.speech.visemes import BILABIAL

LINE = Path(__file__).resolve().parents[2] / "backend" / "demo" / "line.wav"
TEXT = "Pack up, my friend. Before the bell above the valley calls, we follow the map."


def closed_share(performance: Performance) -> float:
    gap = inner_lip_gap(performance.landmarks)
    centres = [0.5 * (start + end) for name, start, end in performance.meta["phones"] if name in BILABIAL]
    frames = [min(round(at * performance.fps), len(gap) - 1) for at in centres]
    return float(np.mean(gap[frames] < CLOSED_LIPS))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_shipped_line_is_performed_with_and_without_its_text(engine: str) -> None:
    told = perform(LINE, emotion="happy", intensity=0.8, text=TEXT, seed=3, fps=25, engine=engine)
    heard = perform(LINE, emotion="happy", intensity=0.8, seed=3, fps=25, engine=engine)
    assert told.meta["engine"] == heard.meta["engine"] == engine
    assert told.meta["speech"] == "aligned"
    assert heard.meta["speech"] == {"neural": "heard", "rules": "recognized"}[engine]
    assert [word for word, _, _ in told.meta["words"]][:3] == ["pack", "up", "my"]
    for performance in (told, heard):
        assert performance.frame_count == int(np.ceil(5.33 * 25))
        assert performance.meta["seed"] == 3
        assert performance.emotion[:, EMOTIONS.index("happy")].min() == 1.0
    gaps = [inner_lip_gap(p.landmarks) for p in (told, heard)]
    assert np.corrcoef(*gaps)[0, 1] > 0.6


def test_the_same_request_gives_the_same_bytes() -> None:
    first, again = (perform(LINE, emotion="sad", text=TEXT, seed=9) for _ in range(2))
    for name, array in first.arrays().items():
        assert array.tobytes() == again.arrays()[name].tobytes()
    assert first.meta == again.meta


def test_the_clock_is_the_sound_whatever_the_frame_rate() -> None:
    """Lips are closed at the same moments of the sound at 24, 29.97 and 60 frames a second."""
    for fps in (24.0, 29.97, 60.0):
        assert closed_share(perform(LINE, emotion="surprised", text=TEXT, fps=fps)) == 1.0


def corpus(folder: Path, count: int) -> Iterator[tuple[Path, str]]:
    with (folder / "manifest.csv").open(encoding="utf-8") as file:
        for _, row in zip(range(count), csv.DictReader(file), strict=False):
            yield folder / row["file"], row["text"]


@pytest.mark.parametrize("name", ["ljspeech_32", "philippmatthes_own_voice", "speechocean762"])
def test_lips_close_on_p_b_and_m_of_people(shared_data: Path, name: str) -> None:
    for path, text in corpus(shared_data / "speech" / name, 3):
        for emotion in ("angry", "disgusted", "happy"):
            performance = perform(path, emotion=emotion, text=text)
            if any(phone[0] in BILABIAL for phone in performance.meta["phones"]):
                assert closed_share(performance) >= 0.98


def test_a_change_of_emotion_over_the_line_arrives_in_the_performance() -> None:
    track = EmotionTrack.from_keys([(0.0, "angry", 1.0), (5.0, "sad", 0.5)])
    performance = perform(LINE, emotion=track, text=TEXT)
    assert performance.emotion[0, EMOTIONS.index("angry")] == 1.0
    assert performance.emotion[-1, EMOTIONS.index("sad")] > 0.9
    assert performance.emotion[-1, 8] == pytest.approx(0.5, abs=0.01)


def test_what_cannot_be_done_is_refused_with_a_sentence() -> None:
    with pytest.raises(SoundError):
        perform(LINE.with_name("no such line.wav"))
    with pytest.raises(EmotionError, match="grumpy"):
        perform(LINE, emotion="grumpy")
    with pytest.raises(RequestError, match="neural, rules"):
        perform(LINE, engine="magic")
    with pytest.raises(RequestError, match="16 frames"):
        perform(LINE, character=np.zeros((3, 52)))
    for wrong in ({"fps": 0.0}, {"fps": float("nan")}, {"fps": "30"}, {"seed": -1}, {"seed": 1.5}, {"text": 5}):
        with pytest.raises(RequestError):
            perform(LINE, **wrong)


@pytest.mark.parametrize(("engine", "stage"), [("neural", "perform"), ("rules", "speech")])
def test_progress_rises_to_the_end_and_can_stop_the_work(engine: str, stage: str) -> None:
    heard: list[tuple[str, float]] = []
    request = PerformRequest(LINE.read_bytes(), LINE.name, EmotionTrack.constant("neutral"), engine=engine)
    run_request(request, lambda stage, fraction: heard.append((stage, fraction)))
    fractions = [fraction for _, fraction in heard]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert heard[0][0] == "decode"

    def stop(reached: str, fraction: float) -> None:
        if reached == stage and fraction > 0.1:
            raise JobCancelled

    with pytest.raises(JobCancelled):
        run_request(request, stop)


def test_capabilities_are_plain_values_that_name_what_is_there() -> None:
    offered = capabilities()
    assert offered["engines"] == ["neural", "rules"]
    assert tuple(offered["emotions"]) == EMOTIONS
