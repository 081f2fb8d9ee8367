"""A session and a backend, two processes, one real conversation."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq

from addon.core.channels import CHANNELS
from addon.core.emotion import EMOTIONS, EmotionTrack
from addon.core.errors import BackendError, JobCancelled, RequestError, SoundError, WireError
from addon.core.exchange import Assembly, request_message
from addon.core.performance import ARRAY_NAMES, Performance
from addon.core.request import EXAMPLE_FRAMES, PerformRequest
from addon.core.wire import Message, encode
from addon.core.wire_schema import VERSION
from addon.link.session import Cancelled, Event, Failed, Finished, Lost, Progress, Session
from addon.link.sockets import PING_PATIENCE_MS
from tests.wire.backends import PATIENCE, PYTHON, ROOT, Backend, Raw, collect, noise, request, until
from tests.wire.hostile import BROKEN, HELLO, header

LONG = 240.0
"""Seconds of noise in which phones are looked for: a job that is still running when a test gets to it."""


def test_the_greeting_tells_what_the_backend_can_do(backend: Backend) -> None:
    capabilities = backend.session().capabilities
    assert capabilities is not None
    assert capabilities.emotions == EMOTIONS
    assert capabilities.channels == CHANNELS
    assert capabilities.engines == ("neural", "rules")
    assert capabilities.operations["perform"]
    assert capabilities.operations["preview"]
    assert not capabilities.operations["perform_stream"]
    assert capabilities.generators[0].needs == ("shot",)
    assert [facts.name for facts in capabilities.generators if facts.note] == ["liveportrait"]


def test_a_line_is_performed_with_progress_that_only_rises(backend: Backend) -> None:
    session, events = backend.session(), []
    performance = session.wait(session.perform(request(3.0, fps=25.0)), PATIENCE, events.append)
    assert performance.fps == 25.0
    assert performance.duration == pytest.approx(3.0, abs=0.1)
    told = [event for event in events if isinstance(event, Progress)]
    assert {"decode", "speech"} <= {event.stage for event in told}
    running = [event.fraction for event in told if event.queue_position == 0]
    assert running == sorted(running)


@pytest.mark.parametrize("engine", ["neural", "rules"])
def test_the_same_request_gives_the_same_bytes(backend: Backend, engine: str) -> None:
    session = backend.session()
    first, second = (session.wait(session.perform(request(2.0, seed=5, engine=engine)), PATIENCE) for _ in range(2))
    assert first.meta["engine"] == engine
    for name in ARRAY_NAMES:
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes(), name


def test_a_character_of_its_own_is_performed_in_its_way(backend: Backend) -> None:
    session, smiling = backend.session(), np.zeros((EXAMPLE_FRAMES, len(CHANNELS)), np.float32)
    smiling[:, [CHANNELS.index(name) for name in ("mouthSmileLeft", "mouthSmileRight")]] = 0.9
    plain, own = (
        session.wait(session.perform(request(2.0, engine="neural", character=poses)), PATIENCE)
        for poses in (None, smiling)
    )
    assert not np.allclose(plain.channels, own.channels, atol=1e-3)


def test_a_recording_with_its_text_comes_back_as_the_command_line_makes_it(
    backend: Backend, shared_data: Path, tmp_path: Path
) -> None:
    recording = shared_data / "speech" / "ljspeech_32" / "LJ001-0002.flac"
    text = "in being comparatively modern."
    emotion = EmotionTrack.constant("sad", 0.6)
    session = backend.session()
    sent = PerformRequest(recording.read_bytes(), recording.name, emotion, text, seed=3)
    performance = session.wait(session.perform(sent), PATIENCE)
    options = ["--emotion", "sad", "--intensity", "0.6", "--seed", "3", "--text", text]
    command = [str(PYTHON), "-m", "backend", "perform", str(recording), *options, "--out", str(tmp_path / "a.npz")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)
    local = Performance.load(tmp_path / "a.npz")
    assert performance.meta == local.meta
    assert performance.meta["speech"] == "aligned"
    for name in ARRAY_NAMES:
        assert getattr(performance, name).tobytes() == getattr(local, name).tobytes(), name


def test_a_long_result_comes_in_pieces_and_whole(backend: Backend) -> None:
    raw = backend.raw()
    raw.send(encode(request_message("long", request(35.0, fps=60.0))))
    pieces = []
    while (message := raw.until("piece", "finished", "error")).op == "piece":
        pieces.append(message)
    assembly = Assembly()
    for piece in pieces:
        assembly.add(piece)
    assert len(pieces) == 4
    assert assembly.finish(message).duration == pytest.approx(35.0, abs=0.1)


def test_many_sessions_get_each_its_own_results(backend: Backend) -> None:
    sessions = [backend.session() for _ in range(4)]
    jobs = [(s, s.perform(request(0.5 + 0.25 * n))) for n, s in enumerate(sessions) for _ in range(2)]
    lengths = [session.wait(job, PATIENCE).duration for session, job in jobs]
    assert lengths == pytest.approx([0.5, 0.5, 0.75, 0.75, 1.0, 1.0, 1.25, 1.25], abs=0.1)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"sound": b""}, SoundError),
        ({"sound": b"no sound at all" * 100}, SoundError),
        ({"sound": noise(1.0)[:30]}, SoundError),
        ({"engine": "nonsense"}, RequestError),
    ],
)
def test_what_cannot_be_performed_gets_its_own_kind_of_error(
    backend: Backend, changes: dict[str, Any], error: type[Exception]
) -> None:
    session = backend.session()
    with pytest.raises(error) as caught:
        session.wait(session.perform(request(**changes)), PATIENCE)
    assert str(caught.value)
    assert session.wait(session.perform(request()), PATIENCE).frame_count > 0


def test_a_running_job_is_cancelled(backend: Backend) -> None:
    session = backend.session()
    job = session.perform(request(LONG))
    collect(session, lambda events: any(_runs(e, job) for e in events), "the job runs")
    session.cancel(job)
    with pytest.raises(JobCancelled):
        session.wait(job, PATIENCE)
    session.cancel(job)
    assert session.wait(session.perform(request()), PATIENCE).frame_count > 0


def test_a_waiting_job_knows_its_place_and_is_cancelled_at_once(backend: Backend) -> None:
    session = backend.session()
    running, second, third = (session.perform(request(LONG)) for _ in range(3))
    events = collect(session, lambda events: any(_waits(e, third, 2) for e in events), "the place in the queue")
    assert any(_waits(event, second, 1) for event in events)
    session.cancel(second)
    events = collect(session, lambda events: any(_waits(e, third, 1) for e in events), "moving up in the queue")
    assert Cancelled(second) in events
    for job in (third, running):
        session.cancel(job)
        with pytest.raises(JobCancelled):
            session.wait(job, PATIENCE)


def test_the_jobs_of_a_client_that_vanishes_are_cancelled(backend: Backend) -> None:
    session = backend.session()
    jobs = [session.perform(request(LONG)) for _ in range(3)]
    collect(session, lambda events: any(_runs(e, jobs[0]) for e in events), "the job runs")
    session.close()
    until(lambda: backend.status()["waiting"] == 0 and backend.status()["worker"] == "ready", "the jobs are dropped")


def test_a_full_queue_says_so_and_takes_jobs_again_when_it_has_room(backend: Backend) -> None:
    raw = backend.raw()
    for number in range(64):
        raw.send(encode(request_message(f"full-{number}", request(LONG if number == 0 else 0.1))))
    raw.send(encode(request_message("one-too-many", request())))
    refusal = raw.until("error")
    assert (refusal.job, refusal.fields["code"]) == ("one-too-many", "busy.queue")
    assert "64" in refusal.fields["message"]
    raw.send(encode(Message("cancel", "full-0")))
    finished = 0
    while finished < 63:
        message = raw.until("finished", "cancelled", "error")
        assert message.op == "finished" or message.job == "full-0", message.fields
        finished += message.op == "finished"
    raw.send(encode(request_message("one-too-many", request())))
    assert raw.until("finished", "error").op == "finished"


def test_every_message_of_a_burst_is_answered(backend: Backend) -> None:
    """Far more answers at once than the client's queue holds."""
    raw = backend.raw()
    for _ in range(200):
        raw.send(encode(Message("cancel", "unheard-of")))
    assert [raw.until("error").fields["code"] for _ in range(200)] == ["job.unknown"] * 200


def test_a_job_id_that_is_open_is_refused(backend: Backend) -> None:
    raw = backend.raw()
    raw.send(encode(request_message("same", request(LONG))))
    raw.send(encode(request_message("same", request())))
    assert raw.until("error").fields["code"] == "job.exists"
    raw.send(encode(Message("cancel", "same")))
    assert raw.until("cancelled").job == "same"
    assert raw.ask(Message("cancel", "same")).fields["code"] == "job.unknown"


@pytest.mark.parametrize("name", [name for name in BROKEN if name != "no frames"])
def test_broken_messages_are_answered_and_the_server_goes_on(backend: Backend, name: str) -> None:
    frames, code = BROKEN[name]
    raw = backend.raw()
    answer = raw.ask(frames)
    assert (answer.op, answer.fields["code"]) == ("error", code)
    assert raw.ask(Message("status")).op == "state"


@pytest.mark.parametrize("operation", ["perform_stream"])
def test_operations_of_later_versions_are_refused_by_name(backend: Backend, operation: str) -> None:
    answer = backend.raw().ask(Message(operation, "j1"))
    assert (answer.job, answer.fields["code"]) == ("j1", "request.unsupported")
    assert operation in answer.fields["message"]


def test_a_client_of_another_version_is_told_what_to_update(backend: Backend) -> None:
    answer = backend.raw().ask([header(HELLO, version=VERSION + 1, novelty=True)])
    assert answer.fields["code"] == "wire.version"
    assert "update the backend" in answer.fields["message"]


def test_a_malformed_emotion_track_or_an_overlong_text_fails_its_job_only(backend: Backend) -> None:
    raw = backend.raw()
    good = request_message("j1", request(text="hello"))
    backwards = {**good.arrays, "times": np.zeros(2, np.float32)}
    for name in ("weights", "intensity"):
        backwards[name] = np.repeat(good.arrays[name], 2, axis=0)
    overlong = {**good.arrays, "text": np.full(20_001, ord("a"), np.uint8)}
    assert raw.ask(Message("perform", "j1", good.fields, backwards)).fields["code"] == "emotion.order"
    assert raw.ask(Message("perform", "j1", good.fields, overlong)).fields["code"] == "request.text"
    assert raw.ask(Message("status")).fields["jobs"] == []


def test_a_message_of_far_too_many_frames_is_answered(backend: Backend) -> None:
    answer = backend.raw().ask([header(), *[b"x"] * 5000])
    assert answer.fields["code"] == "wire.frames"


def test_a_stranger_with_another_key_gets_no_word(backend: Backend) -> None:
    public, secret = (key.decode() for key in zmq.curve_keypair())
    stranger = Raw(replace(backend.connection, client_public=public, client_secret=secret))
    stranger.send([header()])
    assert stranger.receive(1.0) is None
    stranger.close()
    assert backend.raw().ask(Message("status")).op == "state"


def test_a_stranger_without_encryption_gets_no_word(backend: Backend) -> None:
    context: zmq.Context[Any] = zmq.Context()
    plain = context.socket(zmq.DEALER)
    plain.connect(backend.connection.endpoint)
    plain.send_multipart([header()])
    assert plain.poll(1000) == 0
    context.destroy(linger=0)
    assert backend.raw().ask(Message("status")).op == "state"


def test_a_client_that_does_not_read_for_longer_than_the_heartbeats_patience_gets_every_result(
    backend: Backend,
) -> None:
    """A Blender that renders for a while, and is told much meanwhile: it once ended the process."""
    session = backend.session()
    jobs = [session.perform(request(0.2, fps=240.0)) for _ in range(60)]
    until(lambda: backend.status()["worker"] == "ready", "all jobs are computed")
    time.sleep(1e-3 * PING_PATIENCE_MS + 2.0)
    other = backend.session()
    assert other.wait(other.perform(request()), PATIENCE).frame_count > 0
    assert all(session.wait(job, PATIENCE).frame_count == 48 for job in jobs)


def test_a_batch_larger_than_the_queue_can_be_sent_at_once(backend: Backend) -> None:
    session = backend.session()
    jobs = [session.perform(request(0.1)) for _ in range(100)]
    ended: dict[str, Event] = {}
    while len(ended) < len(jobs):
        events = collect(session, lambda events: any(isinstance(e, Finished | Failed) for e in events), "an end")
        ended |= {event.job: event for event in events if isinstance(event, Finished | Failed)}
    refused = [event for event in ended.values() if isinstance(event, Failed)]
    assert {event.error.code for event in refused} <= {"busy.queue"}
    assert len(ended) - len(refused) >= 64


def test_a_session_that_was_not_pumped_for_long_is_not_lost(backend: Backend) -> None:
    session = backend.session(heartbeat_s=0.05)
    job = session.perform(request())
    until(lambda: backend.status()["worker"] == "ready", "the job is computed")
    time.sleep(1.0)
    events = collect(session, lambda events: any(isinstance(e, Finished) for e in events), "the result")
    assert not any(isinstance(event, Lost) for event in events)
    assert [event.job for event in events if isinstance(event, Finished)] == [job]


def test_a_session_refuses_a_sound_that_the_backend_would_not_take(backend: Backend) -> None:
    session = backend.session()
    assert session.capabilities is not None
    session.capabilities = replace(session.capabilities, max_sound=1000)
    with pytest.raises(WireError) as caught:
        session.perform(request())
    assert caught.value.code == "wire.size"


def test_a_closed_session_says_so(backend: Backend) -> None:
    session = backend.session()
    session.close()
    assert session.state == "disconnected"
    with pytest.raises(BackendError):
        session.perform(request())
    session.connect()
    session.wait_ready(PATIENCE)
    assert session.wait(session.perform(request()), PATIENCE).frame_count > 0


def test_waiting_for_one_job_keeps_what_happens_to_another(backend: Backend) -> None:
    session: Session = backend.session()
    first, second = session.perform(request(0.5)), session.perform(request(0.6))
    assert session.wait(second, PATIENCE).duration == pytest.approx(0.6, abs=0.05)
    assert session.wait(first, PATIENCE).duration == pytest.approx(0.5, abs=0.05)


def _runs(event: Event, job: str) -> bool:
    return isinstance(event, Progress) and event.job == job and event.stage not in ("waiting", "starting")


def _waits(event: Event, job: str, position: int) -> bool:
    return isinstance(event, Progress) and event.job == job and event.queue_position == position
