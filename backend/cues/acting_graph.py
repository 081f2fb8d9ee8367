"""The generator's steps as one graph for onnxruntime: a loop over them that never comes back to Python.

A step is a few dozen operations on small arrays, and called one by one most of what they cost is the call; and lines
that are acted on another core would wait for the interpreter at each. `generator.CueGenerator.step` is the reference,
which training differentiates; a test holds the two together.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto

from . import fixation_grid as grid
from .generator import OLDEST, SECONDS_PER_STEP, SHORTEST_BLINK_INTERVAL, SHORTEST_FIXATION
from .graph_sheet import Sheet, model_of
from .mixture import LEAST, MOST
from .step_weights import StepWeights
from .steps import MOVED, ROW

_SHORTEST: Final[tuple[float, float]] = (SHORTEST_FIXATION, SHORTEST_BLINK_INTERVAL)
STATES: Final[tuple[str, ...]] = ("row", "hidden")
GIVEN: Final[tuple[str, ...]] = (
    "base", "scale", "out_scale", "said", "effort", "ranks", "drift", "inside", "blink",
)  # fmt: skip
"""What each step is given, (M,B,...):

- `base`, `scale` (audio): what is heard under the input modulation, and what the past is scaled by;
- `out_scale` (H), `said` (outputs): what the hidden state is scaled by, and what is said whatever it is;
- `effort` (17): how far a drive is followed, 0..1;
- `ranks` (C): 0..1 of the choices, one a column of them; `drift` (17), `inside` (2): normal numbers for places;
- `blink` (1): the logit above which one begins.
"""


def acting_graph(weights: StepWeights, held: bool) -> onnx.ModelProto:
    """The graph of M steps of B lines.

    Inputs `row` (B,38) and `hidden` (B,H) before the first step, what is `GIVEN`, and where others are `held`, `kept`
    (M,B,38) and `keeps` (38,) bool, which columns of a row follow it. Outputs `row_after`, `hidden_after`, and of each
    step `rows` (M,B,38) and `begun` (M,B,2) bool, whether a saccade and a blink begin.
    """
    sheet = Sheet()
    steps = _given(held)
    body = _step(weights, held)
    after = sheet.several("Scan", 4, *STATES, *steps, body=body, num_scan_inputs=len(steps))
    inputs = {**dict.fromkeys(STATES, 2), **dict.fromkeys(steps, 3), **({"keeps": 1} if held else {})}
    outputs: dict[str, str] = dict(zip(("row_after", "hidden_after", "rows", "begun"), after, strict=True))
    return model_of(sheet.graph(inputs, outputs, {"keeps": TensorProto.BOOL, "begun": TensorProto.BOOL}))


def _given(held: bool) -> tuple[str, ...]:
    return (*GIVEN, "kept") if held else GIVEN


def _step(weights: StepWeights, held: bool) -> onnx.GraphProto:
    """The graph of one step."""
    sheet = Sheet("step.")
    position, velocity, look, ages = sheet.columns("step.row", (MOVED, MOVED, 2, 2))
    hidden = _hear(sheet, weights, (position, velocity, look, ages))
    modulated = sheet.add("Mul", hidden, "step.out_scale")
    said = sheet.add("Add", sheet.add("MatMul", modulated, sheet.constant(weights.leave)), "step.said")
    choices, drawn, wink = sheet.columns(said, weights.parts)
    pair, cell = _choose(sheet, weights, choices)
    motion = _move(sheet, weights, drawn, pair, (position, velocity))
    begun = _begin(sheet, cell, wink, ages)
    saccade = sheet.columns(begun, (1, 1))[0]
    zero, step = (sheet.number(number) for number in (0.0, SECONDS_PER_STEP))
    places = sheet.columns(sheet.add("Gather", sheet.constant(weights.cells), cell, axis=0), (2, 2))
    place = sheet.add("Add", places[0], sheet.add("Mul", places[1], "step.inside"))
    seen = sheet.add("Where", saccade, place, look)
    aged = sheet.add("Add", sheet.add("Where", begun, zero, ages), step)
    row = sheet.add("Concat", motion, seen, aged, axis=1)
    if held:
        row = sheet.add("Where", "keeps", "step.kept", row)
    results = {"step.row_after": row, "step.hidden_after": hidden, "step.rows": row, "step.begun": begun}
    return sheet.graph(
        {f"step.{name}": 2 for name in (*STATES, *_given(held))}, results, {"step.begun": TensorProto.BOOL}
    )


def _hear(sheet: Sheet, weights: StepWeights, past: tuple[str, str, str, str]) -> str:
    """The recurrent unit after a step."""
    position, velocity, look, ages = past
    old = sheet.add("Min", ages, sheet.number(OLDEST))
    old = sheet.add("Log", sheet.add("Add", old, sheet.number(1.0)))
    history = sheet.add("Concat", position, velocity, look, old, axis=1)
    remembered = sheet.add("MatMul", history, sheet.constant(weights.remember))
    entered = sheet.gelu(sheet.add("Add", sheet.add("Mul", remembered, "step.scale"), "step.base"))
    both = sheet.add("Concat", entered, "step.hidden", axis=1)
    gates = sheet.add("Sigmoid", _linear(sheet, both, weights.gates, weights.gates_bias))
    reset, update = sheet.columns(gates, (weights.hidden, weights.hidden))
    recalled = sheet.add("Mul", reset, _linear(sheet, "step.hidden", weights.recall, weights.recall_bias))
    fresh = sheet.add("Tanh", sheet.add("Add", recalled, _linear(sheet, entered, weights.new, weights.new_bias)))
    kept = sheet.add("Mul", update, sheet.add("Sub", "step.hidden", fresh))
    return sheet.add("Add", fresh, kept)


def _choose(sheet: Sheet, weights: StepWeights, choices: str) -> tuple[str, str]:
    """(B,) the pair of components of expression and head, and the fixation cell, that the ranks pick by the inverse of
    the cumulative distribution.
    """
    sums = sheet.add("MatMul", sheet.add("Exp", choices), sheet.constant(weights.sums))
    below, whole = sheet.columns(sums, (weights.parts[0], weights.parts[0]))
    passed = sheet.add("Less", below, sheet.add("Mul", whole, "step.ranks"))
    passed = sheet.add("Cast", passed, to=TensorProto.FLOAT)
    counts = sheet.add("Cast", sheet.add("Gemm", passed, sheet.constant(weights.counted)), to=TensorProto.INT64)
    pair, cell = (sheet.add("Gather", counts, sheet.constant(np.array(column)), axis=1) for column in (0, 1))
    return pair, cell


def _move(sheet: Sheet, weights: StepWeights, drawn: str, pair: str, past: tuple[str, str]) -> str:
    """(B,34) position and velocity after the drives of expression and head, which are drawn from the chosen components
    (`Mixture`), were followed for a step.
    """
    picked = sheet.add("Gather", sheet.constant(weights.picked), pair, axis=0)
    mean, spread = sheet.columns(sheet.add("GatherElements", drawn, picked, axis=1), (MOVED, MOVED))
    reach, middle = 0.5 * math.log(MOST / LEAST), 0.5 * math.log(LEAST * MOST)
    reach, middle = (sheet.number(number) for number in (reach, middle))
    spread = sheet.add("Add", sheet.add("Mul", sheet.add("Tanh", spread), reach), middle)
    drift = sheet.add("Mul", sheet.add("Exp", spread), "step.drift")
    pull = sheet.add("Sub", sheet.add("Add", mean, drift), past[0])
    pull = sheet.add("Mul", pull, "step.effort")
    return sheet.add("MatMul", sheet.add("Concat", *past, pull, axis=1), sheet.constant(weights.follow))


def _begin(sheet: Sheet, cell: str, wink: str, ages: str) -> str:
    """(B,2) whether a saccade and a blink begin."""
    away = sheet.add("Less", cell, sheet.constant(np.array(grid.STAY, np.int64)))
    away = sheet.add("Unsqueeze", away, sheet.constant(np.array([1], np.int64)))
    wanted = sheet.add("Concat", away, sheet.add("Greater", wink, "step.blink"), axis=1)
    return sheet.add("And", wanted, sheet.add("Greater", ages, sheet.constant(np.array(_SHORTEST, np.float32))))


def _linear(sheet: Sheet, signal: str, weight: np.ndarray, bias: np.ndarray) -> str:
    """(B,n) -> (B,m) by a weight (n,m) and a bias (m,)."""
    return sheet.add("Gemm", signal, sheet.constant(weight), sheet.constant(bias))


assert ROW == 2 * MOVED + 4
