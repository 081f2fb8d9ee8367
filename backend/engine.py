"""From a request to a Performance: the one path that the server, the command line and scripts share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from addon.core.channels import CHANNELS
from addon.core.emotion import EMOTIONS, EmotionTrack
from addon.core.engines import DEFAULT_ENGINE, ENGINES
from addon.core.errors import RequestError
from addon.core.heard import HEARD
from addon.core.performance import MAX_FPS, MIN_FPS, Performance
from addon.core.request import LAYERS, PerformRequest
from backend.progress import Report, Share

if TYPE_CHECKING:
    from backend.audio.prosody import Prosody
    from backend.audio.sound import Sound


def capabilities() -> dict[str, Any]:
    """What this backend can do, for clients to build their choices from: JSON values only."""
    return {
        "engines": list(ENGINES),
        "emotions": list(EMOTIONS),
        "emotion_from_voice": True,
        "channels": list(CHANNELS),
        "layers": list(LAYERS),
        "fps": [MIN_FPS, MAX_FPS],
    }


def perform(
    source: str | Path,
    *,
    emotion: str | Mapping[str, float] | EmotionTrack = "neutral",
    intensity: float = 1.0,
    text: str | None = None,
    engine: str = DEFAULT_ENGINE,
    seed: int = 0,
    fps: float = 30.0,
    character: np.ndarray | None = None,
    report: Report | None = None,
) -> Performance:
    """Perform the line in the sound file `source`.

    `emotion` is one of the eight names, a blend of them, an EmotionTrack, or "auto" to read it from the voice; the last
    two bring their own intensities, `intensity` 0..1 is for the others. What was heard is in
    `meta["emotion_from_voice"]`. `text` is what is said, optional. `character` (16,52) are example frames of the
    channels as the character makes them, which the neural engine follows. Raises SoundError, EmotionError or
    RequestError with a sentence that says what to do.
    """
    from backend.audio.decode import read_sound

    path, report = Path(source), report or _no_report
    track = _emotion_track(emotion, intensity)
    request = PerformRequest(b"", path.name, track, text, engine, seed, fps, character=character)
    _check(request)
    report("decode", 0.0)
    return perform_sound(read_sound(path), request, report)


def run_request(request: PerformRequest, report: Report) -> Performance:
    """Perform a request; `report` hears of the stages "decode", "speech", "perform" in this order."""
    from backend.audio.decode import decode_sound

    _check(request)
    report("decode", 0.0)
    return perform_sound(decode_sound(request.sound, request.sound_name), request, report)


def perform_sound(sound: Sound, request: PerformRequest, report: Report) -> Performance:
    """Perform a decoded sound as the request says, whose own bytes are not read."""
    return perform_sounds([sound], [request], report)[0]


def perform_sounds(sounds: Sequence[Sound], requests: Sequence[PerformRequest], report: Report) -> list[Performance]:
    """Perform decoded sounds, each as its request says; lines of the neural engine go through it together."""
    for request in requests:
        _check(request)
    results: dict[int, Performance] = {}
    neural = [k for k, request in enumerate(requests) if request.engine == "neural"]
    for number in sorted(set(range(len(requests))) - set(neural)):
        results[number] = _by_rules(sounds[number], requests[number], report)
    if neural:
        performed = _by_networks([sounds[k] for k in neural], [requests[k] for k in neural], report)
        results.update(zip(neural, performed, strict=True))
    report("perform", 1.0)
    return [results[number] for number in range(len(requests))]


def _by_networks(sounds: Sequence[Sound], requests: Sequence[PerformRequest], report: Report) -> list[Performance]:
    """The neural engine. A text is aligned first: it knows where lips close better than ears do."""
    from backend.cues.engine import Script, perform_scripts
    from backend.cues.performer import CueLine
    from backend.rules.layers import Direction
    from backend.speech.speech import find_speech

    scripts = []
    for count, (sound, request) in enumerate(zip(sounds, requests, strict=True)):
        notes: dict[str, Any] = {"sound_name": request.sound_name, "warnings": list(sound.warnings)}
        share = _share(report, "speech", 0.1, 0.7, count, len(sounds))
        speech = find_speech(sound, request.text, None, share) if request.text and request.text.strip() else None
        if speech:
            notes["warnings"] += speech.warnings
        emotion, heard = _emotion_of(sound, request)
        notes |= heard
        line = CueLine(
            sound,
            emotion,
            Direction(request.fps, request.seed, request.layers, request.layer_seeds),
            speech.phones if speech and speech.method == "aligned" else None,
            request.character,
        )
        scripts.append(Script(line, speech.words if speech else (), notes))
    report("perform", 0.7)
    return perform_scripts(scripts, lambda done: report("perform", 0.7 + 0.3 * done))


def _by_rules(sound: Sound, request: PerformRequest, report: Report) -> Performance:
    """The rules engine: prosody, phones, then the layers by published numbers."""
    from backend.audio.prosody import analyse_prosody
    from backend.rules.layers import Direction, Line
    from backend.rules.performer import perform_line
    from backend.speech.speech import find_speech
    from backend.speech.visemes import visemes_of

    report("speech", 0.1)
    prosody = analyse_prosody(sound)
    emotion, heard = _emotion_of(sound, request, prosody)
    speech = find_speech(sound, request.text, prosody, _share(report, "speech", 0.1, 0.9, 0, 1))
    report("perform", 0.9)
    return perform_line(
        Line(sound.sha256, sound.duration, speech.phones, prosody, emotion),
        Direction(request.fps, request.seed, request.layers, request.layer_seeds),
        {
            "sound_name": request.sound_name,
            "speech": speech.method,
            "visemes": [[v.name, round(v.start, 4), round(v.end, 4)] for v in visemes_of(speech.phones)],
            "words": [[word.text, round(word.start, 4), round(word.end, 4)] for word in speech.words],
            "warnings": [*sound.warnings, *speech.warnings],
            **heard,
        },
    )


def _share(report: Report, stage: str, first: float, last: float, number: int, count: int) -> Share:
    """A report of one of `count` pieces of a stage that goes from `first` to `last` of the whole job."""
    return lambda done: report(stage, first + (last - first) * (number + done) / count)


def _check(request: PerformRequest) -> None:
    if request.engine not in ENGINES:
        raise RequestError(
            "request.engine", f"This backend has no engine called {request.engine!r}; it has {', '.join(ENGINES)}."
        )


def _emotion_of(
    sound: Sound, request: PerformRequest, prosody: Prosody | None = None
) -> tuple[EmotionTrack, dict[str, Any]]:
    """The emotion to perform, and for the meta what was heard where the request leaves it to the voice."""
    if request.emotion is not None:
        return request.emotion, {}
    from backend.audio.prosody import analyse_prosody
    from backend.cues.voice_emotion import hear

    heard = hear(sound, prosody or analyse_prosody(sound))
    return heard.track, {HEARD: heard.line.to_json()}


def _emotion_track(emotion: str | Mapping[str, float] | EmotionTrack, intensity: float) -> EmotionTrack | None:
    if isinstance(emotion, EmotionTrack):
        return emotion
    if emotion == "auto":
        return None
    return EmotionTrack.constant(emotion, intensity)


def _no_report(stage: str, fraction: float) -> None:
    """Tell nobody."""
