"""The generator's step as inference takes it: many steps of many lines at once, in `acting_graph`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
import onnxruntime
from scipy.special import ndtr

from .acting_graph import acting_graph
from .generator import BEFORE, CueGenerator
from .graph_sheet import session_of
from .spaces import EXPRESSION_SIZE
from .step_weights import StepWeights
from .steps import COLUMNS, MOVED, ROW, TREMOR, Steps, StepState

SETTLING: Final[int] = 15
"""Steps in which the motor system comes to rest on what is asked of it: 0.6 s, about six of its time constants."""
LISTENING: Final[float] = 0.55
"""Effort of the head while nobody speaks: then it moves in 6 to 32 % of the frames, by emotion, 17 % on average, and
people do in 12.8 % (Hadar 1983)."""


class Stepper:
    """The generator's step; see the module."""

    def __init__(self, generator: CueGenerator) -> None:
        self._weights = StepWeights.of(generator)
        self._free = session_of(acting_graph(self._weights, held=False))

    @cached_property
    def _bound(self) -> onnxruntime.InferenceSession:
        """Steps that follow others that are held; few need it."""
        return session_of(acting_graph(self._weights, held=True))

    def start(self, batch: int) -> StepState:
        """As `CueGenerator.start`."""
        row = np.zeros((batch, ROW), np.float32)
        row[:, COLUMNS["ages"]] = BEFORE
        return StepState(row, np.zeros((batch, self._weights.hidden), np.float32))

    def settled(self, heard: Sequence[np.ndarray], noise: Mapping[str, np.ndarray]) -> StepState:
        """The state in which lines begin: what the first step of `heard` comes to when it lasts, with nothing drawn.

        A character that is sad is so before the line begins.
        """
        lasting = [np.repeat(part[:, :1], SETTLING, axis=1) for part in heard]
        still = {name: np.zeros((len(lasting[0]), SETTLING, n.shape[-1]), np.float32) for name, n in noise.items()}
        start = self.start(len(lasting[0]))
        _, after = self.run(start, lasting, still)
        row = start.row.copy()
        row[:, COLUMNS["position"]] = after.row[:, COLUMNS["position"]]
        return StepState(row, after.hidden)

    def run(
        self,
        state: StepState,
        heard: Sequence[np.ndarray],
        noise: Mapping[str, np.ndarray],
        held: Steps | None = None,
        layers: Sequence[str] = (),
    ) -> tuple[Steps, StepState]:
        """M steps: `heard` (B,M,...), or (B,1,...) of what lasts, is what `CueGenerator.listen` gives, and last (B,M,2)
        how much somebody speaks, 0..1, and how far looks are averted; `noise` (B,M,n) by stream.

        Where `held` steps are given, only `layers` are drawn anew and the others follow `held`.
        """
        given = {**self._given(heard), **self._chance(noise), "row": state.row, "hidden": state.hidden}
        session = self._free
        if held is not None:
            session = self._bound
            given |= {"kept": _contiguous(held.rows.swapaxes(0, 1)), "keeps": _kept_columns(layers)}
        results: list[Any] = [*session.run(None, given)]
        row, hidden, rows, begun = results
        steps = Steps(
            before=state,
            rows=rows.swapaxes(0, 1),
            saccade=begun[..., 0].T,
            saccade_at=ndtr(noise["gaze"][..., 1]),
            blink=begun[..., 1].T,
            blink_at=ndtr(noise["blink"][..., 1]),
            tremor=noise["gaze"][..., -TREMOR:],
        )
        return steps, StepState(row, hidden)

    def _given(self, heard: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """What sound, emotion and character give the steps, (M,B,...)."""
        audio, scale, shift, out, bearing = (np.swapaxes(part, 0, 1) for part in heard)
        weights = self._weights
        scale = scale + np.float32(1.0)
        out_scale, out_shift = np.split(out, 2, axis=-1)
        said = out_shift @ weights.leave + weights.leave_bias + bearing[..., 1:] * weights.averting
        effort = np.ones((*bearing.shape[:2], MOVED), np.float32)
        effort[..., EXPRESSION_SIZE:] = LISTENING + (1.0 - LISTENING) * np.clip(bearing[..., :1], 0.0, 1.0)
        parts = {
            "base": (audio + weights.remember_bias) * scale + shift,
            "scale": scale,
            "out_scale": out_scale + np.float32(1.0),
            "said": said,
            "effort": effort,
        }
        steps = len(audio)
        return {name: _contiguous(np.broadcast_to(part, (steps, *part.shape[1:]))) for name, part in parts.items()}

    def _chance(self, noise: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What chance gives the steps, (M,B,...), from normal numbers (B,M,n) by stream, in the arrangement of
        `CueGenerator.step`.
        """
        normal = {name: np.swapaxes(numbers, 0, 1) for name, numbers in noise.items()}
        chosen = [normal["expression"][..., -1], normal["head"][..., -1], normal["gaze"][..., 0]]
        rank = ndtr(normal["blink"][..., :1].astype(np.float64))
        parts = {
            "ranks": ndtr(np.stack(chosen, axis=-1)).take(self._weights.groups, axis=-1),
            "drift": np.concatenate([normal["expression"][..., :-1], normal["head"][..., :-1]], axis=-1),
            "inside": np.clip(normal["gaze"][..., 2:4], -2.0, 2.0),
            "blink": np.log(rank / (1.0 - rank)),
        }
        return {name: _contiguous(part) for name, part in parts.items()}


def _kept_columns(layers: Sequence[str]) -> np.ndarray:
    """(38,) the columns of a row that follow what is held: all streams but `layers`."""
    keeps = np.ones(ROW, bool)
    expression, head = np.arange(EXPRESSION_SIZE), np.arange(EXPRESSION_SIZE, MOVED)
    look, age = COLUMNS["look"], COLUMNS["ages"].start
    columns = {
        "expression": [*expression, *(MOVED + expression)],
        "head": [*head, *(MOVED + head)],
        "gaze": [*range(look.start, look.stop), age],
        "blink": [age + 1],
    }
    for layer in layers:
        keeps[columns[layer]] = False
    return keeps


def _contiguous(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.float32)
