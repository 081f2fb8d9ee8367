"""Graphs for onnxruntime, written node by node, and run on one core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

OPSET: Final[int] = 20
"""The first with GELU in its tanh form."""
IR: Final[int] = 10
"""Of the file format: of itself onnx writes its newest, which an older onnxruntime refuses."""


class Sheet:
    """A graph that is being written: nodes by their outputs' names, and weights.

    Sheets of one model have different `names`: what is inside of a loop sees the names around it.
    """

    def __init__(self, names: str = "") -> None:
        self._names = names
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, **settings: Any) -> str:
        """A node with one output; its name."""
        return self.several(kind, 1, *inputs, **settings)[0]

    def several(self, kind: str, outputs: int, *inputs: str, **settings: Any) -> list[str]:
        """A node with so many outputs; their names."""
        names = [f"{self._names}n{len(self._nodes)}.{output}" for output in range(outputs)]
        self._nodes.append(helper.make_node(kind, inputs, names, **settings))
        return names

    def constant(self, array: np.ndarray) -> str:
        """An array that does not change; its name."""
        name = f"{self._names}w{len(self._weights)}"
        self._weights.append(onnx.numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def number(self, number: float) -> str:
        """A number that does not change, float32; its name."""
        return self.constant(np.array(number, np.float32))

    def linear(self, signal: str, weight: np.ndarray, bias: np.ndarray) -> str:
        """(S,n) -> (S,m) by a weight (m,n) and a bias (m,)."""
        return self.add("Gemm", signal, self.constant(weight), self.constant(bias), transB=1)

    def gelu(self, signal: str) -> str:
        """`activation.gelu`."""
        return self.add("Gelu", signal, approximate="tanh")

    def rows(self, signal: str, first: int, last: int) -> str:
        """Rows of a signal from `first` to before `last`, which may count from the end."""
        bounds = [self.constant(np.array([bound], np.int64)) for bound in (first, last, 0)]
        return self.add("Slice", signal, *bounds)

    def columns(self, signal: str, widths: Sequence[int]) -> list[str]:
        """The columns of a signal (S,n) side by side, in parts of such widths."""
        return self.several("Split", len(widths), signal, self.constant(np.array(widths, np.int64)), axis=1)

    def graph(
        self, inputs: Mapping[str, int], outputs: Mapping[str, str], kinds: Mapping[str, int] | None = None
    ) -> onnx.GraphProto:
        """The graph from `inputs`, by their number of axes, to `outputs`, by what they are called outside; `kinds` of
        what are no 32-bit floats.
        """
        names = [helper.make_node("Identity", [inner], [outer]) for outer, inner in outputs.items()]
        types = dict(kinds or {})
        given = [
            helper.make_tensor_value_info(name, types.get(name, TensorProto.FLOAT), [None] * axes)
            for name, axes in inputs.items()
        ]
        results = [helper.make_tensor_value_info(name, types.get(name, TensorProto.FLOAT), None) for name in outputs]
        return helper.make_graph([*self._nodes, *names], self._names or "graph", given, results, self._weights)


def model_of(graph: onnx.GraphProto) -> onnx.ModelProto:
    """The model of a graph."""
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)


def session_of(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """What runs a model, on one core of the CPU: lines share the cores."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
