"""What the C library keeps of the RAM that was freed, for later. Others than glibc keep little."""

import ctypes

_LARGE = 1 << 20
_MMAP_THRESHOLD = -3  # of malloc.h


def keep_nothing_large() -> None:
    """From now on give back at once what is larger than a megabyte.

    By itself glibc keeps up to 32 MB, for each thread, once as much has been freed.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_MMAP_THRESHOLD, _LARGE)


def give_back() -> None:
    """Give back all that is free."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
