"""Memory that a job no longer needs, given back to the system."""

from __future__ import annotations

import ctypes
import sys


def give_back_memory() -> None:
    """Have the C library return its free memory, where it is glibc; elsewhere the allocator does so by itself.

    glibc keeps what small allocations of decoders and aligners leave between larger ones: over thousands of lines the
    process grows although nothing is held.
    """
    if not sys.platform.startswith("linux"):
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
