"""Previews over the wire: frames in order, a movie at the end, marks, refusals, and cancelling in the middle."""

from __future__ import annotations

import io
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from addon.core.errors import RequestError, SoliloquyError, WireError
from addon.core.exchange import filmed_message, picture_message, preview_from, preview_message
from addon.core.wire import Message, decode, encode
from addon.link.events import Cancelled, Event, Failed, Filmed, Pictured, Progress
from addon.link.open_job import OpenJob
from addon.link.session import Session
from tests.wire.backends import Backend, collect
from tests.wire.previews import FPS, a_request, picture

SOURCE_TYPE = b"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def run(session: Session, **changes: Any) -> list[Event]:
    job = session.preview(a_request(**changes))
    return collect(session, lambda events: ended(events, job), "the preview ends")


def ended(events: list[Event], job: str) -> bool:
    return any(isinstance(e, Filmed | Failed | Cancelled) and e.job == job for e in events)


def test_a_request_comes_back_as_it_was() -> None:
    sent = a_request(frames=2, folder="/weights", sound_name="Zeile “eins”.wav")
    got = preview_from(decode([bytes(frame) for frame in encode(preview_message("j1", sent))], "addon"))
    assert got == sent


def test_frames_come_in_order_and_a_movie_with_sound_ends_it(backend: Backend, tmp_path: Path) -> None:
    av, image = pytest.importorskip("av"), pytest.importorskip("PIL.Image")
    events = run(backend.session(), frames=12)
    pictures = [event for event in events if isinstance(event, Pictured)]
    assert [(event.number, event.total) for event in pictures] == [(number, 12) for number in range(12)]
    drawn = np.stack([np.asarray(image.open(io.BytesIO(event.png))) for event in pictures])
    assert drawn.shape == (12, 64, 64, 4)
    assert drawn[0, 32, 32, 3] == 255
    assert drawn[0, 0, 0, 3] == 0
    assert np.abs(drawn[0].astype(int) - drawn[-1]).max() > 10
    film = events[-1]
    assert isinstance(film, Filmed)
    assert (film.total, film.fps) == (12, FPS)
    path = tmp_path / "film.mp4"
    path.write_bytes(film.movie)
    with av.open(str(path)) as movie:
        assert sum(1 for _ in movie.decode(video=0)) == 12
        assert float(movie.streams.video[0].average_rate) == FPS
        assert movie.streams.audio[0].rate == 48_000
        assert float(movie.streams.audio[0].duration * movie.streams.audio[0].time_base) == pytest.approx(0.48, abs=0.1)


def test_every_frame_and_the_movie_say_that_they_are_synthetic(backend: Backend, tmp_path: Path) -> None:
    av, image = pytest.importorskip("av"), pytest.importorskip("PIL.Image")
    events = run(backend.session(), frames=3)
    for event in events:
        if isinstance(event, Pictured):
            said = image.open(io.BytesIO(event.png)).text
            assert SOURCE_TYPE.decode() in said["XML:com.adobe.xmp"]
            assert said["Software"].startswith("Soliloquy ")
    film = events[-1]
    assert isinstance(film, Filmed)
    path = tmp_path / "film.mp4"
    path.write_bytes(film.movie)
    with av.open(str(path)) as movie:
        assert SOURCE_TYPE.decode() in movie.metadata["comment"]
    assert SOURCE_TYPE in film.movie[film.movie.rindex(b"uuid") :]


def test_progress_says_how_long_it_will_take(backend: Backend) -> None:
    session = backend.session()
    job = session.preview(a_request(frames=4000, size=128))
    told = collect(session, lambda e: any(isinstance(p, Progress) and p.seconds_left > 0 for p in e), "an estimate")
    session.cancel(job)
    collect(session, lambda events: ended(events, job), "the preview ends")
    assert any(isinstance(e, Progress) and e.seconds_left == -1 for e in told)


def test_cancelled_in_the_middle_the_frames_so_far_are_there(backend: Backend) -> None:
    session = backend.session()
    job = session.preview(a_request(frames=4000, size=128))
    events = collect(session, lambda events: sum(isinstance(e, Pictured) for e in events) > 5, "some frames")
    session.cancel(job)
    events += collect(session, lambda events: ended(events, job), "the preview ends")
    assert isinstance(events[-1], Cancelled)
    numbers = [event.number for event in events if isinstance(event, Pictured)]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) < 4000
    assert isinstance(run(session, frames=2)[-1], Filmed)  # the backend goes on


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"shot": b"PK no shot"}, "shot.file"),
        ({"performance": b"PK no performance"}, "performance.file"),
        ({"sound": b"RIFF"}, "sound.format"),
        ({"generator": "crystal ball"}, "generator.name"),
        ({"shot": b"", "portrait": b"GIF no picture", "consent": True}, "preview.portrait"),
        ({"shot": b"", "portrait": picture(8, 8), "consent": True}, "raster.source"),
    ],
)
def test_what_is_not_what_it_says_is_refused_with_a_sentence(
    backend: Backend, changes: dict[str, Any], code: str
) -> None:
    failed = run(backend.session(), frames=2, **changes)[-1]
    assert isinstance(failed, Failed)
    assert failed.error.code == code
    assert failed.error.message.endswith(".")


def test_a_portrait_without_consent_is_refused_on_both_sides(backend: Backend) -> None:
    with pytest.raises(RequestError, match="agreed"):
        a_request(shot=b"", portrait=b"1")
    agreed = preview_message("j1", a_request(shot=b"", portrait=b"1", consent=True))
    answer = backend.raw().ask(Message("preview", "j1", dict(agreed.fields) | {"consent": False}, agreed.arrays))
    assert (answer.op, answer.job, answer.fields["code"]) == ("error", "j1", "preview.consent")


POINTS = ((210.5, 190.25), (270.0, 190.0), (240.0, 220.0), (215.0, 260.0), (265.0, 260.0), (240.0, 300.0))


def test_points_of_a_portrait_come_back_as_they_were() -> None:
    sent = a_request(shot=b"", portrait=b"1", consent=True, points=POINTS)
    assert preview_from(decode([bytes(frame) for frame in encode(preview_message("j1", sent))], "addon")) == sent


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 2e6])
def test_points_that_are_no_places_are_refused_on_both_sides(backend: Backend, value: float) -> None:
    with pytest.raises(RequestError, match="place them again"):
        a_request(shot=b"", portrait=b"1", consent=True, points=(*POINTS[:5], (240.0, value)))
    whole = preview_message("j1", a_request(shot=b"", portrait=b"1", consent=True, points=POINTS))
    points = whole.arrays["points"].copy()
    points[5, 1] = value
    answer = backend.raw().ask(Message("preview", "j1", whole.fields, {**whole.arrays, "points": points}))
    assert (answer.op, answer.job, answer.fields["code"]) == ("error", "j1", "preview.points")


def test_a_shot_has_no_points_and_a_portrait_all_or_none() -> None:
    for changes in ({}, {"shot": b"", "portrait": b"1", "consent": True}):
        with pytest.raises(RequestError, match="place them again"):
            a_request(points=POINTS if not changes else POINTS[:5], **changes)


def test_neither_or_both_of_shot_and_portrait_are_refused_before_they_are_read(backend: Backend) -> None:
    raw, whole = backend.raw(), preview_message("j1", a_request(frames=2))
    for arrays in ({"performance": whole.arrays["performance"]}, {**whole.arrays, "portrait": np.zeros(4, np.uint8)}):
        answer = raw.ask(Message("preview", "j1", whole.fields, arrays))
        assert answer.fields["code"] == "preview.source"


def test_a_compute_process_that_dies_fails_the_preview_and_the_next_one_works(own_backend: Backend) -> None:
    session = own_backend.session()
    job = session.preview(a_request(frames=4000, size=128))
    collect(session, lambda events: any(isinstance(e, Pictured) for e in events), "a frame")
    os.kill(own_backend.status()["worker_pid"], signal.SIGKILL)
    failed = collect(session, lambda events: ended(events, job), "the preview ends")[-1]
    assert isinstance(failed, Failed)
    assert failed.error.code == "backend.worker_died"
    assert isinstance(run(session, frames=2)[-1], Filmed)


def test_a_frame_out_of_order_or_a_film_too_early_fails_the_job() -> None:
    for messages in (
        [picture_message("j1", 1, 3, b"png")],
        [picture_message("j1", 0, 3, b"png"), picture_message("j1", 0, 3, b"png")],
        [picture_message("j1", 0, 3, b"png"), filmed_message("j1", 3, 25.0, b"mp4")],
        [filmed_message("j1", 0, 25.0, b"mp4")],
    ):
        job = OpenJob("j1", 0)
        event = [job.take(message) for message in messages][-1]
        assert isinstance(event, Failed)
        assert isinstance(event.error, WireError)
        assert isinstance(event.error, SoliloquyError)


def test_time_left_follows_the_pace_of_the_stage() -> None:
    from backend.server.pace import Pace

    pace, now = Pace(), time.monotonic()
    assert pace.seconds_left("read", 0.0, now) == -1.0
    assert pace.seconds_left("frames", 0.2, now + 9) == -1.0
    assert pace.seconds_left("frames", 0.4, now + 11) == pytest.approx(6.0)
    assert pace.seconds_left("frames", 1.0, now + 20) == 0.0
