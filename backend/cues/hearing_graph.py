"""What hears a line, encoder and lips, as one graph for onnxruntime.

For the single steps of a stream nearly all that torch takes is the overhead of its operations, and for whole lines a
third of it; a graph has next to none. The weights are the modules' own: `listener.TorchListener` is the reference, and
a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import onnx
import torch
from onnx import TensorProto
from torch import nn

from .causal import CausalBlock, CausalStack
from .encoder import PROSODY, VOICE, SpeechEncoder
from .frontend import INPUT_WIDTH
from .graph_sheet import Sheet, model_of
from .model import CueModel
from .told import TAPS, TRUST

LAST: Final[int] = 2**62


def hearing_graph(encoder: SpeechEncoder, cues: CueModel) -> onnx.ModelProto:
    """The graph of S steps of one line, in the terms of `listener.Listener`.

    Inputs `inputs` (S,320), `condition` (S or 1,48), `told` (S,5) and `past0`.. of all causal convolutions, the
    encoder's first; outputs `lips`, `heard`, `modulation`, `phones`, `visemes`, and `kept0`.. for the next piece.
    """
    sheet = Sheet()
    features, kept = _encoder(sheet, encoder)
    lips, kept_too = _lips(sheet, features, cues, len(kept))
    hears = [cues.generator.hear, _rows(encoder.heads[3], [PROSODY.index(name) for name in VOICE])]
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
    kinds: dict[str, int] = dict.fromkeys(("told", "phones", "visemes"), TensorProto.INT64)
    return model_of(sheet.graph({"inputs": 2, "condition": 2, "told": 2, **dict.fromkeys(pasts, 2)}, outputs, kinds))


def _encoder(sheet: Sheet, encoder: SpeechEncoder) -> tuple[str, list[str]]:
    signal, kept = _stack(sheet, sheet.linear("inputs", *_of(encoder.enter)), encoder.stack, 0)
    leave = encoder.leave
    weights = sheet.constant(_array(leave.weight)), sheet.constant(_array(leave.bias))
    return sheet.add("LayerNormalization", signal, *weights, axis=-1, epsilon=leave.eps), kept


def _lips(sheet: Sheet, features: str, cues: CueModel, before: int) -> tuple[str, list[str]]:
    lips = cues.lips
    said = sheet.add("Gather", sheet.constant(TRUST * _array(lips.told.weight)), "told", axis=0)
    told = sheet.add("ReduceSum", said, sheet.constant(np.array([1], np.int64)), keepdims=0)
    entered = sheet.add("Add", sheet.linear(features, *_of(lips.enter)), told)
    signal, kept = _stack(sheet, sheet.gelu(_film(sheet, entered, lips.film.affine)), lips.stack, before)
    return sheet.linear(_film(sheet, signal, lips.out_film.affine), *_of(lips.leave)), kept


def _stack(sheet: Sheet, signal: str, stack: CausalStack, before: int) -> tuple[str, list[str]]:
    kept = []
    for number, block in enumerate(stack.blocks, start=before):
        assert isinstance(block, CausalBlock)
        longer = sheet.add("Concat", f"past{number}", signal, axis=0)
        steps = [tap * block.dilation for tap in range(block.kernel - 1)]
        taps = [sheet.rows(longer, step, step - block.reach) for step in steps]
        gathered = sheet.gelu(sheet.linear(sheet.add("Concat", *taps, signal, axis=1), *_of(block.gather)))
        signal = sheet.add("Add", signal, sheet.linear(gathered, *_of(block.mix)))
        kept.append(sheet.rows(longer, -block.reach, LAST))
    return signal, kept


def _film(sheet: Sheet, signal: str, affine: nn.Linear) -> str:
    """The signal under the condition: scaled by 1 and more, and shifted."""
    weight, bias = _of(affine)
    (scale, shift), (scale_bias, shift_bias) = np.split(weight, 2), np.split(bias, 2)
    scaled = sheet.add("Mul", signal, sheet.linear("condition", scale, scale_bias + np.float32(1.0)))
    return sheet.add("Add", scaled, sheet.linear("condition", shift, shift_bias))


def _head(sheet: Sheet, features: str, head: nn.Module) -> str:
    assert isinstance(head, nn.Linear)
    return sheet.linear(features, *_of(head))


def _rows(head: nn.Module, rows: Sequence[int]) -> nn.Linear:
    """A layer of some outputs of another."""
    assert isinstance(head, nn.Linear)
    some = nn.Linear(head.in_features, len(rows))
    some.weight, some.bias = nn.Parameter(head.weight[[*rows]]), nn.Parameter(head.bias[[*rows]])
    return some


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
