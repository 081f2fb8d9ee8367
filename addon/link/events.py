"""What a session tells its owner: typed, immutable events, returned by `Session.pump`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from ..core.errors import SoliloquyError, WireError
from ..core.performance import Performance


@dataclass(frozen=True)
class GeneratorFacts:
    """What draws previews: it `needs` some of "shot", "portrait", "weights"; `note` is to be shown before first use."""

    name: str
    needs: tuple[str, ...]
    note: str

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> GeneratorFacts:
        """From an entry of a welcome's "generators". Raises KeyError or TypeError."""
        return cls(str(value["name"]), tuple(str(need) for need in value["needs"]), str(value["note"]))


@dataclass(frozen=True)
class Capabilities:
    """What a backend says about itself when it is greeted.

    `software` is its version. `engines`, `emotions`, `channels` and `layers` are names; `min_fps` and `max_fps` bound
    a request; `emotion_from_voice` says whether a request may leave the emotion open; `max_sound` is in bytes, for
    shots too. `generators` are what draws previews. `operations` says of every operation that the protocol knows
    whether this backend has it. `extra` holds whatever else it reported.
    """

    software: str
    engines: tuple[str, ...]
    emotions: tuple[str, ...]
    channels: tuple[str, ...]
    layers: tuple[str, ...]
    min_fps: float
    max_fps: float
    emotion_from_voice: bool
    max_sound: int
    generators: tuple[GeneratorFacts, ...]
    operations: Mapping[str, bool]
    extra: Mapping[str, Any]

    @classmethod
    def from_json(cls, software: str, value: Mapping[str, Any]) -> Capabilities:
        """From the `capabilities` field of a welcome. Raises WireError when something is missing or of another kind."""
        rest = dict(value)
        try:
            low, high = rest.pop("fps")
            return cls(
                software=software,
                engines=tuple(str(name) for name in rest.pop("engines")),
                emotions=tuple(str(name) for name in rest.pop("emotions")),
                channels=tuple(str(name) for name in rest.pop("channels")),
                layers=tuple(str(name) for name in rest.pop("layers")),
                min_fps=float(low),
                max_fps=float(high),
                emotion_from_voice=bool(rest.pop("emotion_from_voice")),
                max_sound=int(rest.pop("max_sound")),
                generators=tuple(GeneratorFacts.from_json(facts) for facts in rest.pop("generators")),
                operations={str(name): bool(has) for name, has in dict(rest.pop("operations")).items()},
                extra=rest,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise WireError(
                "wire.capabilities",
                "The backend describes itself in a way this add-on does not understand; update both.",
                repr(error),
            ) from error


@dataclass(frozen=True)
class Connected:
    """The backend answered the greeting; jobs can be sent."""

    capabilities: Capabilities


@dataclass(frozen=True)
class Lost:
    """The backend is gone or unreachable. `reason` is a sentence. Every open job has been given a `Failed`."""

    reason: str


@dataclass(frozen=True)
class Progress:
    """How far a job is: `stage` in plain words, `fraction` 0..1 of the whole job, `queue_position` 0 when it runs.

    `seconds_left` at the pace so far, -1 where that is not known.
    """

    job: str
    stage: str
    fraction: float
    queue_position: int
    seconds_left: float = -1.0


@dataclass(frozen=True)
class Finished:
    """The job is done."""

    job: str
    performance: Performance


@dataclass(frozen=True)
class Pictured:
    """Frame `number` of the `total` of a preview: the bytes of a PNG file. They come in order."""

    job: str
    number: int
    total: int
    png: bytes


@dataclass(frozen=True)
class Filmed:
    """The preview is done: all `total` frames with the sound, as the bytes of an MP4 file."""

    job: str
    total: int
    fps: float
    movie: bytes


@dataclass(frozen=True)
class Failed:
    """The job ended with an error; `error.message` is a sentence for the artist."""

    job: str
    error: SoliloquyError


@dataclass(frozen=True)
class Cancelled:
    """The backend acknowledged that the job is cancelled."""

    job: str


Event: TypeAlias = Connected | Lost | Progress | Finished | Pictured | Filmed | Failed | Cancelled
