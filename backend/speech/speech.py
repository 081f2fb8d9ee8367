"""The way in: a sound, and a text where the artist has one, become phones with times."""

from __future__ import annotations

from backend.audio.prosody import Prosody
from backend.audio.sound import Sound
from backend.progress import Share

from .aligner import align
from .phones import Speech
from .recognizer import recognize


def find_speech(
    sound: Sound, text: str | None = None, prosody: Prosody | None = None, report: Share | None = None
) -> Speech:
    """Aligned to the text when there is one, recognized without.

    `prosody` of the sound spares computing it again; `report` hears the fraction done and may raise to cancel.
    """
    if text and text.strip():
        return align(sound, text, prosody, report)
    return recognize(sound, prosody, report)
