"""What is said before LivePortrait is used first."""

from __future__ import annotations

from typing import Final

NOTE: Final[str] = (
    "LivePortrait's weights are not part of Soliloquy and are never downloaded by it: you supply them. Their authors "
    "(Kuaishou, github.com/KwaiVGI/LivePortrait) publish code and weights under the MIT licence, except for the "
    "InsightFace models in the same download, which allow research only and are not read here. What the weights were "
    "trained on has not been published. Check for yourself that you may use them for your work. Show a real person "
    "only with that person's consent, and do not hide that what is seen was made."
)
"""The maintainer's word on the licence is in issues 79 and 193 of that repository."""
