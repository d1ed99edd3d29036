"""Where a kernel looks on an image, and the two pools of int8 networks.

Codes are int8, images first and channels last. Introduced in lesson 05.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from qlib._checked import code_array, flag, plain_array, whole_number


@dataclass(frozen=True)
class Window:
    """Where a kernel looks: its places on an image.

    Args:
        size, stride, dilation: rows and columns.
        same: whether the image is padded, so that ceil(size / stride) places fit.

    Raises:
        TypeError, ValueError: naming the argument that does not fit.
    """

    size: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    same: bool = False

    def __post_init__(self) -> None:
        for name in ("size", "stride", "dilation"):
            object.__setattr__(self, name, _pair(getattr(self, name), name))
        object.__setattr__(self, "same", flag(self.same, "same"))

    def padded(self, x: np.ndarray, fill: int) -> np.ndarray:
        """Return images with the rows and columns of `fill` around that SAME asks for.

        Example:
            >>> Window((3, 3), same=True).padded(np.ones((1, 2, 2, 1)), 0).shape
            (1, 4, 4, 1)
        """
        x = _images(x)
        if not self.same:
            return x
        spans = zip(x.shape[1:3], self.size, self.stride, self.dilation, strict=True)
        total = [
            max((-(-n // step) - 1) * step + (k - 1) * gap + 1 - n, 0)
            for n, k, step, gap in spans
        ]
        if not any(total):
            return x
        around = [(0, 0), *((t // 2, t - t // 2) for t in total), (0, 0)]
        return np.pad(x, around, constant_values=fill)

    def taps(self, x: np.ndarray) -> Iterator[tuple[tuple[int, int], np.ndarray]]:
        """Yield ((i, j), what the kernel's weight i, j sees at every place).

        Raises:
            TypeError: x holds no numbers.
            ValueError: x has not four axes, or the kernel is larger than the images.

        Example:
            >>> x = np.arange(9).reshape(1, 3, 3, 1)
            >>> [int(seen.sum()) for _, seen in Window((2, 2)).taps(x)]
            [8, 12, 20, 24]
        """
        x = _images(x)
        spans = [
            (k - 1) * gap + 1 for k, gap in zip(self.size, self.dilation, strict=True)
        ]
        if any(n < span for n, span in zip(x.shape[1:3], spans, strict=True)):
            raise ValueError(
                f"x is too small: a kernel that spans {spans[0]} rows and {spans[1]} "
                f"columns finds no place on images of {x.shape[1]} by {x.shape[2]}."
            )
        rows, columns = (
            (n - span) // step + 1
            for n, span, step in zip(x.shape[1:3], spans, self.stride, strict=True)
        )
        for i, j in np.ndindex(*self.size):
            top, left = i * self.dilation[0], j * self.dilation[1]
            yield (
                (i, j),
                x[
                    :,
                    top : top + (rows - 1) * self.stride[0] + 1 : self.stride[0],
                    left : left + (columns - 1) * self.stride[1] + 1 : self.stride[1],
                ],
            )


def seen_by_windows(x: np.ndarray, window: Window) -> np.ndarray:
    """Return what each place of a padded image shows, shape (n, rows, columns, -1).

    Args:
        x: codes as float32, shape (n, height, width, channels), padded.
        window: the places.

    Example:
        >>> seen_by_windows(np.ones((1, 4, 4, 2), np.float32), Window((3, 3))).shape
        (1, 2, 2, 18)
    """
    taps = list(_checked(window).taps(x))
    n, rows, columns, channels = taps[0][1].shape
    found = np.empty((n, rows, columns, len(taps), channels), np.float32)
    for k, (_, seen) in enumerate(taps):
        found[:, :, :, k] = seen
    return found.reshape(n, rows, columns, -1)


def max_pool(x: np.ndarray, window: Window) -> np.ndarray:
    """Return the largest value in each window; the padding never counts.

    Example:
        >>> max_pool(np.int8([[[[1], [7]], [[3], [5]]]]), Window((2, 2), (2, 2))).item()
        7
    """
    x, window = _images(x), _checked(window)
    least = np.iinfo(x.dtype).min if x.dtype.kind in "iu" else -np.inf
    found = None
    for _, seen in window.taps(window.padded(x, least)):
        found = seen.copy() if found is None else np.maximum(found, seen, out=found)
    return found


def average_pool(x: np.ndarray, window: Window) -> np.ndarray:
    """Return the mean of each window inside the image, ties away from zero, int32.

    Example:
        >>> average_pool(np.int8([[[[1], [2]]]]), Window((1, 2))).item()
        2
    """
    x, window = code_array(_images(x), "x"), _checked(window)
    if x.dtype.itemsize > 2 and max(-int(x.min()), int(x.max())) > 2**15:
        raise ValueError(
            f"x holds codes from {x.min()} to {x.max()}: no more than 16 bits are "
            "averaged here."
        )
    ones = np.ones((1, *x.shape[1:3], 1), np.int32)
    total, count = (
        sum(seen for _, seen in window.taps(window.padded(v, 0)))
        for v in (x.astype(np.int32), ones)
    )
    return np.sign(total) * ((np.abs(total) + count // 2) // count)


def _pair(values: Any, name: str) -> tuple[int, int]:
    if not isinstance(values, (tuple, list)) or len(values) != 2:
        raise TypeError(f"{name} is {values!r:.60}: two whole numbers are needed.")
    rows, columns = (whole_number(value, name, 1, 2**31 - 1) for value in values)
    return rows, columns


def _images(x: Any) -> np.ndarray:
    """Return x as an array of numbers with four axes."""
    x = plain_array(x, "x")
    if x.dtype.kind == "b":
        raise TypeError(f"x has dtype {x.dtype}: codes or real values are needed.")
    if x.ndim != 4 or x.size == 0:
        raise ValueError(
            f"x has shape {x.shape}: (n, height, width, channels) is needed, and at "
            "least one image."
        )
    return x


def _checked(window: Any) -> Window:
    if not isinstance(window, Window):
        raise TypeError(f"window is {type(window).__name__}: a Window is needed.")
    return window
