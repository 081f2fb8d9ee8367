"""The Debian programs and packages that the corpus is made with, and the sentence that names a missing one."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from addon.core.errors import RequestError

PACKAGES: Final[tuple[str, ...]] = (
    "fortunes",
    "flite",
    "festival",
    "festlex-cmu",
    "festlex-poslex",
    "festvox-kallpc16k",
    "festvox-kdlpc16k",
    "festvox-us-slt-hts",
    "asterisk-core-sounds-en",
    "asterisk-core-sounds-en-g722",
)
"""All in Debian main (bookworm)."""
OPTIONAL_PACKAGES: Final[tuple[str, ...]] = ("rhvoice", "rhvoice-english", "libttspico-utils")
"""In Debian non-free (bookworm): free to use, but made of data that nobody publishes."""
PROMPT_PACKAGES: Final[tuple[str, ...]] = ("asterisk-core-sounds-en", "asterisk-core-sounds-en-g722")
PROMPT_SOUNDS: Final[Path] = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
PROMPT_TEXTS: Final[Path] = Path("/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
FORTUNES: Final[Path] = Path("/usr/share/games/fortunes")
FESTIVAL_VOICES: Final[Path] = Path("/usr/share/festival/voices")
RHVOICE_VOICES: Final[Path] = Path("/usr/share/RHVoice/voices")
_NEEDED: Final[dict[str, Sequence[Path | str]]] = {
    "fortunes": (FORTUNES / "science", FORTUNES / "wisdom"),
    "flite": ("flite",),
    "festival": ("festival",),
    "festlex-cmu": (Path("/usr/share/festival/dicts/cmu"),),
    "festlex-poslex": (Path("/usr/share/festival/dicts/wsj.wp39.poslexR"),),
    "festvox-kallpc16k": (FESTIVAL_VOICES / "english" / "kal_diphone",),
    "festvox-kdlpc16k": (FESTIVAL_VOICES / "english" / "ked_diphone",),
    "festvox-us-slt-hts": (FESTIVAL_VOICES / "us" / "cmu_us_slt_arctic_hts",),
    "asterisk-core-sounds-en": (PROMPT_TEXTS,),
    "asterisk-core-sounds-en-g722": (PROMPT_SOUNDS / "hello-world.g722",),
    "rhvoice": ("RHVoice-test",),
    "rhvoice-english": (RHVOICE_VOICES / "bdl", RHVOICE_VOICES / "clb"),
    "libttspico-utils": ("pico2wave",),
    "festvox-czech-dita": (FESTIVAL_VOICES / "czech" / "czech_dita",),
    "festvox-czech-krb": (FESTIVAL_VOICES / "czech" / "czech_krb",),
    "festvox-czech-machac": (FESTIVAL_VOICES / "czech" / "czech_machac",),
    "festvox-czech-ph": (FESTIVAL_VOICES / "czech" / "czech_ph",),
    "festvox-suopuhe-lj": (FESTIVAL_VOICES / "finnish" / "suo_fi_lj_diphone",),
    "festvox-suopuhe-mv": (FESTIVAL_VOICES / "finnish" / "hy_fi_mv_diphone",),
    "festvox-italp16k": (FESTIVAL_VOICES / "italian" / "lp_diphone",),
    "festvox-itapc16k": (FESTIVAL_VOICES / "italian" / "pc_diphone",),
    "festvox-ru": (FESTIVAL_VOICES / "russian" / "msu_ru_nsh_clunits",),
}
"""Of each package a program or file by which it is known."""


def missing_packages(packages: Iterable[str] = PACKAGES) -> tuple[str, ...]:
    """Those of the packages that this machine lacks."""
    return tuple(name for name in packages if not all(_there(sign) for sign in _NEEDED[name]))


def require_packages(packages: Iterable[str] = PACKAGES) -> None:
    """Raises RequestError with the line that installs what is missing."""
    if missing := missing_packages(packages):
        raise RequestError(
            "corpus.packages",
            "The corpus is made with Debian packages that are not installed here; "
            f"install them with: apt-get install {' '.join(missing)}",
        )


def run_program(command: Sequence[str]) -> str | None:
    """What a program prints; None where it fails or hangs, which a synthesizer may with an odd text."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, errors="replace")
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.returncode == 0 else None


def _there(sign: Path | str) -> bool:
    return sign.exists() if isinstance(sign, Path) else shutil.which(sign) is not None
