"""Names of shape keys and bones: which channel or which part of the head a name stands for.

Rigs spell the 52 channels in many ways: `eyeBlink_L`, `EyeBlinkLeft` (Live Link), `blendShape2.eyeBlink_L`,
`!ex-eyeBlinkLeft`, `Head_eyeBlinkLeft`, `left_eye_blink`, `jawOpen.001`. A name is cut into segments at punctuation and
into words at capitals; words that say a side are set apart; what is left is looked up. Where several keys of one mesh
claim a channel, the one spelled most like the channel wins, then the one that comes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .channels import CHANNELS

_COPY_NUMBER: Final = re.compile(r"\.\d{3,}$")
_SEPARATOR: Final = re.compile(r"[^0-9A-Za-z]+")
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SIDES: Final[Mapping[str, str]] = {
    "l": "left", "lt": "left", "lft": "left", "left": "left",
    "r": "right", "rt": "right", "rgt": "right", "right": "right",
}  # fmt: skip
_BY_LETTERS: Final[Mapping[str, str]] = {name.lower(): name for name in CHANNELS}

_NOT_THE_PART: Final = frozenset(
    {
        "lid", "eyelid", "lids", "brow", "brows", "eyebrow", "lash", "lashes", "eyelash", "socket", "corner", "bag",
        "target", "aim", "look", "lookat", "track", "ik", "pole", "end", "top", "nub", "tip", "tweak", "mch", "org",
        "master", "parent", "inner", "outer", "light", "iris", "pupil", "cheek", "hair", "prop", "helper", "front",
        "back", "site", "eyes",
    }
)  # fmt: skip
"""Words that make a bone another one than the eye, head or neck it is named after."""
_EYES: Final = frozenset({"eye", "eyeball"})
_HEAD: Final = frozenset({"head"})
_NECK: Final = frozenset({"neck"})


@dataclass(frozen=True)
class ChannelMatch:
    """Shape key `key` is driven by `channel`; `rank` orders rival spellings, lower is closer to the channel's name."""

    key: str
    channel: str
    rank: int


@dataclass(frozen=True)
class BoneGuess:
    """Names of the bones that turn head, neck and eyes; empty where a rig has none."""

    head: str = ""
    neck: str = ""
    eye_left: str = ""
    eye_right: str = ""


def match_channels(keys: Sequence[str]) -> tuple[ChannelMatch, ...]:
    """The shape keys of one mesh that stand for channels, in the order given.

    A channel without side may be cut in two keys, left and right (`browInnerUp_L`, `browInnerUp_R`); both follow it.
    Of several keys for the same channel and side one is taken, never two, lest the mesh moves twice.
    """
    best: dict[tuple[str, str], tuple[int, int]] = {}
    for position, key in enumerate(keys):
        found = _channel_of(key)
        if found is None:
            continue
        channel, half, rank = found
        if (channel, half) not in best or (rank, position) < best[channel, half]:
            best[channel, half] = (rank, position)
    halved = {channel for channel, half in best if half}
    whole = {channel for channel, half in best if not half}
    matches = [
        ChannelMatch(keys[position], channel, rank)
        for (channel, half), (rank, position) in best.items()
        if not (half and channel in whole & halved)  # a whole key does what its halves would do again
    ]
    return tuple(sorted(matches, key=lambda match: keys.index(match.key)))


def match_channel(key: str) -> str | None:
    """The channel that a single shape-key name stands for, or None."""
    found = _channel_of(key)
    return found[0] if found else None


def guess_bones(names: Iterable[str]) -> BoneGuess:
    """Guess the bones of head, neck and both eyes by their names; the fewest extra words win, then the first."""
    listed = list(names)
    return BoneGuess(
        head=_best_bone(listed, _HEAD, ""),
        neck=_best_bone(listed, _NECK, ""),
        eye_left=_best_bone(listed, _EYES, "left"),
        eye_right=_best_bone(listed, _EYES, "right"),
    )


def _channel_of(key: str) -> tuple[str, str, int] | None:
    """(channel, half, rank) of a key name; `half` is "left" or "right" when it is one half of a channel without side.

    Leading segments are dropped one by one until the rest is a channel: they name the mesh or the exporter. But when a
    dropped part is a channel itself the key is a combination of two (`jawOpen_mouthSmile_L`), which no channel drives.
    """
    if key in _BY_LETTERS.values():
        return key, "", 0
    plain = _COPY_NUMBER.sub("", key)
    segments = [segment for segment in _SEPARATOR.split(plain) if segment]
    for dropped in range(len(segments)):
        found = _channel_of_words([word for segment in segments[dropped:] for word in _words(segment)])
        if found is None:
            continue
        if any(_channel_of_words(_words("_".join(segments[:end]))) for end in range(1, dropped + 1)):
            return None
        channel, half = found
        spelled_otherwise = 1 if plain.lower() == channel.lower() else 2
        return channel, half, 100 * dropped + spelled_otherwise + (50 if plain != key else 0)
    return None


def _channel_of_words(words: Sequence[str]) -> tuple[str, str] | None:
    letters = "".join(words)
    if letters in _BY_LETTERS:
        return _BY_LETTERS[letters], ""
    for side_at, rest in ((-1, words[:-1]), (0, words[1:])):
        side = _SIDES.get(words[side_at]) if words else None
        if side is None or not rest:
            continue
        if (sided := "".join(rest) + side) in _BY_LETTERS:
            return _BY_LETTERS[sided], ""
        if (whole := "".join(rest)) in _BY_LETTERS and not whole.endswith(("left", "right")):
            return _BY_LETTERS[whole], side
    return None


def _words(segment: str) -> list[str]:
    return [word.lower() for part in _SEPARATOR.split(segment) for word in _WORD.findall(part)]


def _best_bone(names: Sequence[str], wanted: frozenset[str], side: str) -> str:
    ranked = [
        (extra, position, name)
        for position, name in enumerate(names)
        if (extra := _extra_words(name, wanted, side)) is not None
    ]
    return min(ranked)[2] if ranked else ""


def _extra_words(name: str, wanted: frozenset[str], side: str) -> int | None:
    """How many words beside the wanted one and its side a bone name has; None when it is not that bone."""
    words = [word for word in _words(name) if not word.isdigit()]
    sides = {_SIDES[word] for word in words if word in _SIDES}
    rest = [word for word in words if word not in _SIDES]
    if sides != ({side} if side else set()) or not wanted & set(rest) or _NOT_THE_PART & set(rest):
        return None
    return len(rest) - 1
