"""The version of the product, as both programs tell it to each other."""

from typing import Final

SOFTWARE: Final[str] = "0.1.0"
