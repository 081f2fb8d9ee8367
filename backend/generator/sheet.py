"""A contact sheet: many frames on one picture, each with a line of text beneath it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

MARGIN: Final[int] = 6
PAPER: Final[tuple[int, int, int]] = (24, 24, 26)
INK: Final[tuple[int, int, int]] = (225, 225, 225)


def contact_sheet(
    frames: Sequence[np.ndarray], labels: Sequence[str], columns: int, *, text_size: int = 14
) -> Image.Image:
    """One picture of `frames`, all (H,W,3) uint8 of one size, row by row in `columns`, each above its label.

    A label too long for its column ends in an ellipsis. Raises ValueError when there is nothing to show or when
    frames and labels do not match.
    """
    if not frames or columns < 1 or len(frames) != len(labels):
        raise ValueError("a contact sheet needs frames, one label for each, and at least one column")
    height, width = frames[0].shape[:2]
    if any(frame.shape != (height, width, 3) or frame.dtype != np.uint8 for frame in frames):
        raise ValueError("all frames of a contact sheet are (H,W,3) uint8 of one size")
    font = ImageFont.load_default(text_size)
    step_x, step_y = width + MARGIN, height + 2 * MARGIN + text_size
    columns = min(columns, len(frames))
    rows = -(-len(frames) // columns)
    sheet = Image.new("RGB", (columns * step_x + MARGIN, rows * step_y + MARGIN), PAPER)
    pen = ImageDraw.Draw(sheet)
    for number, (frame, label) in enumerate(zip(frames, labels, strict=True)):
        x, y = MARGIN + number % columns * step_x, MARGIN + number // columns * step_y
        sheet.paste(Image.fromarray(frame), (x, y))
        pen.text((x, y + height + MARGIN // 3), _shortened(label, width, font), fill=INK, font=font)
    return sheet


def _shortened(text: str, width: int, font: ImageFont.ImageFont | ImageFont.FreeTypeFont) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."
