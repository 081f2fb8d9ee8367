"""The clocks of the learned engine: how often each part speaks, and how far ahead it listens.

A frame at t seconds is complete once the sound up to t + LOOK_AHEAD has been heard: the mel frames that its encoder
step reads, half of the last one's window, and the encoder step to which a frame's lips are drawn.
"""

from __future__ import annotations

from typing import Final

from backend.audio.features import MEL_RATE, MEL_WINDOW
from backend.audio.sound import SAMPLE_RATE

ENCODER_RATE: Final[int] = 50
"""Encoder steps per second; step n is the mouth at n / 50 seconds."""
CUE_RATE: Final[int] = 25
"""Steps per second of the auto-regressive cues; step m says where they are at (m + 1) / 25 seconds."""
MEL_PER_STEP: Final[int] = MEL_RATE // ENCODER_RATE
STEPS_PER_CUE: Final[int] = ENCODER_RATE // CUE_RATE
MEL_AHEAD: Final[int] = 4
"""Mel frames after its own time that an encoder step reads: 40 ms, so that the whole stays under 80 ms."""
SAMPLES_PER_MEL: Final[int] = SAMPLE_RATE // MEL_RATE

LIP_BEHIND: Final[float] = 0.5 / ENCODER_RATE
"""Seconds before an encoder step to which its lips belong: so much further ahead of them it has listened."""
LIP_LAG: Final[float] = 0.003
"""Seconds by which lips are shown late, so that the line to the next step can be drawn within the look-ahead."""
LOOK_AHEAD: Final[float] = MEL_AHEAD / MEL_RATE + 0.5 * MEL_WINDOW / SAMPLE_RATE + 1.5 / ENCODER_RATE - LIP_LAG
"""Seconds, 0.0795."""
