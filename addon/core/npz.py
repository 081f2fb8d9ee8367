"""What numpy raises where a file is no .npz that it can read: those who read one turn all of it into a sentence."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from typing import Final

NOT_AN_NPZ: Final[tuple[type[Exception], ...]] = (
    OSError, LookupError, ValueError, TypeError, AttributeError, EOFError, RuntimeError, SyntaxError,
    zipfile.BadZipFile, zlib.error, tokenize.TokenError,
)  # fmt: skip
"""Found by damaging files at random bytes; TypeError and AttributeError come of an .npy or of JSON of another kind."""
