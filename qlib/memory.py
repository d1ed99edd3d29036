"""Give memory back: a session on Binder has little, and TensorFlow takes half of it.

On Linux the C library can be asked for that. Elsewhere nothing is done.
"""

import ctypes
import gc
import sys
from collections.abc import Callable


def trim() -> None:
    """Return freed memory to the system.

    Threads that work on large arrays leave room behind that no other thread uses.

    Example:
        >>> trim()
    """
    ask = _of_c_library("malloc_trim")
    if ask is not None:
        ask(0)


def give_back() -> None:
    """Free what nothing uses any more, and return it to the system.

    A compiled TensorFlow function refers to itself, so it stays until Python's own
    collector looks for such rings, which may be long.

    Example:
        >>> give_back()
    """
    gc.collect()
    trim()


def _of_c_library(name: str) -> Callable | None:
    """Return a function of the C library; None where it has none of this name."""
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), name, None)
