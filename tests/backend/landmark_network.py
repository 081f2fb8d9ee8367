"""A landmark network with the input, the outputs and the 203 points of LivePortrait's, that knows one face."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.backend.faces import face_points


def layout_of_203(points: np.ndarray, *, reverse: bool) -> np.ndarray:
    """203 points for landmarks (70,2): rings of the documented lengths, begun at either corner, then the others."""
    found = []
    for first, last, count in ((36, 42, 24), (42, 48, 24), (48, 60, 36), (60, 68, 24)):
        ring = points[first:last]
        where = np.arange(count) / count * len(ring)
        closed = np.concatenate([ring, ring[:1]])
        ring = np.stack([np.interp(where, np.arange(len(ring) + 1), closed[:, axis]) for axis in (0, 1)], axis=-1)
        found.append(np.roll(ring[::-1], 1 + count // 2, axis=0) if reverse else ring)
    cheeks = points.mean(axis=0) + 0.6 * (np.resize(points[:17], (203 - 108 - 38, 2)) - points.mean(axis=0))
    return np.concatenate([*found, points[:36], points[68:], cheeks])


def write_landmark_network(path: Path) -> None:
    """A graph with the input and outputs of the published one: fixed points, moved with where the picture is bright."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    upright = face_points((0.0, 0.0), 0.28, (0.05, 0.2, 0.0))
    shape = layout_of_203(upright - upright.mean(axis=0) + 0.5, reverse=False)
    steps = ((np.arange(224) + 0.5) / 224).astype(np.float32)
    constants = {
        "shape": shape.reshape(1, 203, 2).astype(np.float32),
        "across": steps.reshape(1, 1, 1, 224),
        "down": steps.reshape(1, 1, 224, 1),
        "half": np.array([0.5], dtype=np.float32),
    }
    nodes = [
        helper.make_node("ReduceMean", ["input"], ["bright"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["bright", "bright"], ["weight"]),
        helper.make_node("ReduceSum", ["weight"], ["total"], keepdims=1),
        helper.make_node("Mul", ["weight", "across"], ["wx"]),
        helper.make_node("Mul", ["weight", "down"], ["wy"]),
        helper.make_node("ReduceSum", ["wx"], ["sx"], keepdims=1),
        helper.make_node("ReduceSum", ["wy"], ["sy"], keepdims=1),
        helper.make_node("Div", ["sx", "total"], ["x"]),
        helper.make_node("Div", ["sy", "total"], ["y"]),
        helper.make_node("Concat", ["x", "y"], ["middle4"], axis=3),
        helper.make_node("Squeeze", ["middle4"], ["middle"], axes=[1]),
        helper.make_node("Sub", ["middle", "half"], ["moved"]),
        helper.make_node("Add", ["shape", "moved"], ["points3"]),
        helper.make_node("Flatten", ["points3"], ["points"], axis=1),
        helper.make_node("Identity", ["x"], ["first"]),
        helper.make_node("Identity", ["y"], ["second"]),
    ]
    graph = helper.make_graph(
        nodes,
        "landmarks",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 224, 224])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("first", "second", "points")],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)
    onnx.save(model, str(path))
