"""The painter's network as an ONNX file, which a small runtime runs without torch's weight."""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
from pathlib import Path
from typing import Final

import torch

from .conditioning import STRIDE
from .folder import NETWORK, Trained, write_card

INPUTS: Final[tuple[str, ...]] = ("features", "mouth", "eyes")
OUTPUTS: Final[tuple[str, ...]] = ("whole", "mouth_detail", "eye_details")
OPSET: Final[int] = 20


def export(trained: Trained) -> Path:
    """Write `character.onnx` beside the weights, any window and any number of frames, and note it in the card."""
    size, plan = 4 * STRIDE, trained.plan
    channels = trained.model.painter.config.features
    example = tuple(torch.rand(2 * (1 + (k == 2)), channels, s, s) for k, s in enumerate((size, plan.mouth, plan.eye)))
    batch, eyes = torch.export.Dim("frames", min=1), torch.export.Dim("eyes", min=1)
    cell = torch.export.Dim("rows", min=2), torch.export.Dim("columns", min=2)
    shapes = ({0: batch, 2: STRIDE * cell[0], 3: STRIDE * cell[1]}, {0: batch}, {0: eyes})
    target, draft = trained.folder / NETWORK, trained.folder / f"{NETWORK}.part"
    with _quiet():
        program = torch.onnx.export(
            trained.model.painter.cpu().eval(),
            example,
            dynamo=True,
            dynamic_shapes=shapes,
            input_names=list(INPUTS),
            output_names=list(OUTPUTS),
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
        assert program is not None
        program.save(str(draft), external_data=False)
    os.replace(draft, target)  # noqa: PTH105
    onnx = {
        "file": NETWORK,
        "opset": OPSET,
        "inputs": list(INPUTS),
        "outputs": list(OUTPUTS),
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
    }
    write_card(trained.folder, {**trained.card, "onnx": onnx})
    return target


@contextlib.contextmanager
def _quiet():  # noqa: ANN202
    """The exporter prints what it does and warns of what it does well."""
    level = logging.getLogger("onnxscript").level
    logging.getLogger("onnxscript").setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.getLogger("onnxscript").setLevel(level)
