"""How much memory a notebook's kernel has held at most; Linux alone tells."""

import re
from pathlib import Path

NUMPY_LESSON, TENSORFLOW_LESSON = 0.5, 1.2  # GiB; a Binder session has 1 to 2


def limit(stem: str) -> float:
    """Return how many GiB the kernel of a notebook may hold, given its name.

    Example:
        >>> limit("01_linear_quantization"), limit("05_tflite_int8_deployment")
        (0.5, 1.2)
    """
    from tools.colab import WITH_TENSORFLOW

    return TENSORFLOW_LESSON if stem.startswith(WITH_TENSORFLOW) else NUMPY_LESSON


def peak_memory(pid: int | str = "self") -> float | None:
    """Return the largest resident memory of a process so far, in GiB (VmHWM), or None.

    Example:
        >>> peak = peak_memory()
        >>> peak is None or 0.005 < peak < 100
        True
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    return int(found[1]) / 2**20 if found else None  # the kernel's kB is 1,024 bytes
