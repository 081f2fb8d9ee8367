"""What hears a line, encoder and lips, as one graph for onnxruntime.

For the single steps of a stream nearly all that torch takes is the overhead of its operations, and for whole lines a
third of it; a graph has next to none. The weights are the modules' own: `listener.TorchListener` is the reference, and
a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from torch import nn

from .causal import CausalBlock, CausalStack
from .encoder import PROSODY, SpeechEncoder
from .frontend import INPUT_WIDTH
from .model import CueModel
from .told import TAPS, TRUST

OPSET: Final[int] = 20
"""The first with GELU in its tanh form."""
IR: Final[int] = 10
LAST: Final[int] = 2**62


def hearing_graph(encoder: SpeechEncoder, cues: CueModel) -> onnx.ModelProto:
    """The graph of S steps of one line, in the terms of `listener.Listener`.

    Inputs `inputs` (S,320), `condition` (S or 1,48), `told` (S,5) and `past0`.. of all causal convolutions, the
    encoder's first; outputs `lips`, `heard`, `modulation`, `phones`, `visemes`, and `kept0`.. for the next piece.
    """
    sheet = _Sheet()
    features, kept = _encoder(sheet, encoder)
    lips, kept_too = _lips(sheet, features, cues, len(kept))
    hears = [cues.generator.hear, _row(encoder.heads[3], PROSODY.index("speaking"))]
    films = [cues.generator.film.affine, cues.generator.out_film.affine]
    outputs = {
        "lips": lips,
        "heard": sheet.linear(features, *_stacked(hears)),
        "modulation": sheet.linear("condition", *_stacked(films)),
        "phones": sheet.add("ArgMax", _head(sheet, features, encoder.heads[0]), axis=1, keepdims=0),
        "visemes": sheet.add("ArgMax", _head(sheet, features, encoder.heads[1]), axis=1, keepdims=0),
        **{f"kept{number}": name for number, name in enumerate((*kept, *kept_too))},
    }
    pasts = [f"past{number}" for number in range(len(kept) + len(kept_too))]
    return sheet.model({"inputs": 2, "condition": 2, "told": 2, **dict.fromkeys(pasts, 2)}, outputs)


class _Sheet:
    """A graph that is being written: nodes by their outputs' names, and weights."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, **settings: Any) -> str:
        """A node with one output; its name."""
        name = f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], **settings))
        return name

    def constant(self, array: np.ndarray) -> str:
        """An array that does not change; its name."""
        name = f"w{len(self._weights)}"
        self._weights.append(onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def linear(self, signal: str, weight: np.ndarray, bias: np.ndarray) -> str:
        """(S,n) -> (S,m) by a weight (m,n) and a bias (m,)."""
        return self.add("Gemm", signal, self.constant(weight), self.constant(bias), transB=1)

    def rows(self, signal: str, first: int, last: int) -> str:
        """Rows of a signal from `first` to before `last`, which may count from the end."""
        bounds = [self.constant(np.array([bound], np.int64)) for bound in (first, last, 0)]
        return self.add("Slice", signal, *bounds)

    def model(self, inputs: dict[str, int], outputs: dict[str, str]) -> onnx.ModelProto:
        """The graph from `inputs`, by their number of axes, to `outputs`, by what they are called outside."""
        names = [helper.make_node("Identity", [inner], [outer]) for outer, inner in outputs.items()]
        kinds = {"told": TensorProto.INT64, "phones": TensorProto.INT64, "visemes": TensorProto.INT64}

        def described(name: str, axes: int) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(name, kinds.get(name, TensorProto.FLOAT), [None] * axes)

        graph = helper.make_graph(
            [*self._nodes, *names],
            "hearing",
            [described(name, axes) for name, axes in inputs.items()],
            [described(name, 1 if name in kinds else 2) for name in outputs],
            self._weights,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)


def _encoder(sheet: _Sheet, encoder: SpeechEncoder) -> tuple[str, list[str]]:
    signal, kept = _stack(sheet, sheet.linear("inputs", *_of(encoder.enter)), encoder.stack, 0)
    leave = encoder.leave
    weights = sheet.constant(_array(leave.weight)), sheet.constant(_array(leave.bias))
    return sheet.add("LayerNormalization", signal, *weights, axis=-1, epsilon=leave.eps), kept


def _lips(sheet: _Sheet, features: str, cues: CueModel, before: int) -> tuple[str, list[str]]:
    lips = cues.lips
    said = sheet.add("Gather", sheet.constant(TRUST * _array(lips.told.weight)), "told", axis=0)
    told = sheet.add("ReduceSum", said, sheet.constant(np.array([1], np.int64)), keepdims=0)
    entered = sheet.add("Add", sheet.linear(features, *_of(lips.enter)), told)
    signal, kept = _stack(sheet, _gelu(sheet, _film(sheet, entered, lips.film.affine)), lips.stack, before)
    return sheet.linear(_film(sheet, signal, lips.out_film.affine), *_of(lips.leave)), kept


def _stack(sheet: _Sheet, signal: str, stack: CausalStack, before: int) -> tuple[str, list[str]]:
    kept = []
    for number, block in enumerate(stack.blocks, start=before):
        assert isinstance(block, CausalBlock)
        longer = sheet.add("Concat", f"past{number}", signal, axis=0)
        steps = [tap * block.dilation for tap in range(block.kernel)]
        taps = [sheet.rows(longer, step, step - block.reach or LAST) for step in steps]
        gathered = _gelu(sheet, sheet.linear(sheet.add("Concat", *taps, axis=1), *_of(block.gather)))
        signal = sheet.add("Add", signal, sheet.linear(gathered, *_of(block.mix)))
        kept.append(sheet.rows(longer, -block.reach, LAST))
    return signal, kept


def _film(sheet: _Sheet, signal: str, affine: nn.Linear) -> str:
    """The signal under the condition: scaled by 1 and more, and shifted."""
    weight, bias = _of(affine)
    (scale, shift), (scale_bias, shift_bias) = np.split(weight, 2), np.split(bias, 2)
    scaled = sheet.add("Mul", signal, sheet.linear("condition", scale, scale_bias + np.float32(1.0)))
    return sheet.add("Add", scaled, sheet.linear("condition", shift, shift_bias))


def _gelu(sheet: _Sheet, signal: str) -> str:
    return sheet.add("Gelu", signal, approximate="tanh")


def _head(sheet: _Sheet, features: str, head: nn.Module) -> str:
    assert isinstance(head, nn.Linear)
    return sheet.linear(features, *_of(head))


def _row(head: nn.Module, row: int) -> nn.Linear:
    """A layer of one output of another."""
    assert isinstance(head, nn.Linear)
    one = nn.Linear(head.in_features, 1)
    one.weight, one.bias = nn.Parameter(head.weight[row : row + 1]), nn.Parameter(head.bias[row : row + 1])
    return one


def _stacked(layers: Sequence[nn.Linear]) -> tuple[np.ndarray, np.ndarray]:
    """Layers on one input, side by side."""
    weights, biases = zip(*(_of(layer) for layer in layers), strict=True)
    return np.concatenate(weights), np.concatenate(biases)


def _of(layer: nn.Linear) -> tuple[np.ndarray, np.ndarray]:
    return _array(layer.weight), _array(layer.bias)


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().float().numpy()


assert INPUT_WIDTH == 320
assert len(TAPS) == 5
