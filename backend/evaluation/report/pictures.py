"""Pictures inside the page: a PIL image as an <img> whose address is its data."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import Final

from PIL import Image

QUALITY: Final[int] = 86


def embedded(picture: Image.Image, description: str) -> str:
    """The <img> element of a picture as JPEG; `description` for those who do not see it."""
    target = io.BytesIO()
    picture.convert("RGB").save(target, "JPEG", quality=QUALITY, optimize=True)
    data = base64.b64encode(target.getvalue()).decode("ascii")
    return f'<img alt="{escape(description, quote=True)}" src="data:image/jpeg;base64,{data}">'
