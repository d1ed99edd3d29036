"""The layers of an int8 network on integers: accumulators, codes again, pooling.

Codes are int8, images first and channels last. Sums of products are integers, carried
in float32 only where float32 holds every one of them exactly: up to 1,023 products of
two int8 codes, 1,023 * 128 * 128 < 2^24. Introduced in lesson 05.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qlib import fixed_point
from qlib.fixed_point import INT32, quantize_multiplier, rescaled

EXACT = 2**24  # float32 holds every integer up to here
TAPS = 1023  # products of two int8 codes whose sum stays below it
ROUNDINGS = (*fixed_point.ROUNDINGS, "float", "eights")


@dataclass(frozen=True)
class Window:
    """Where a kernel looks: its places on an image.

    Args:
        size, stride, dilation: rows and columns.
        same: whether the image is padded, so that ceil(size / stride) places fit.
    """

    size: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    same: bool = False

    def padded(self, x: np.ndarray, fill: int) -> np.ndarray:
        """Return images with the rows and columns of `fill` around that SAME asks for.

        Example:
            >>> Window((3, 3), same=True).padded(np.ones((1, 2, 2, 1)), 0).shape
            (1, 4, 4, 1)
        """
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
            ValueError: the kernel is larger than the images.

        Example:
            >>> x = np.arange(9).reshape(1, 3, 3, 1)
            >>> [int(seen.sum()) for _, seen in Window((2, 2)).taps(x)]
            [8, 12, 20, 24]
        """
        spans = [(k - 1) * gap + 1 for k, gap in zip(self.size, self.dilation)]  # noqa: B905
        if any(n < span for n, span in zip(x.shape[1:3], spans, strict=True)):
            raise ValueError(
                f"a kernel that spans {spans[0]} rows and {spans[1]} columns finds no "
                f"place on images of {x.shape[1]} by {x.shape[2]}."
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


@dataclass(frozen=True)
class Rescale:
    """From accumulators to int8 codes: times S_x * S_w / S_y, rounded, saturated.

    Args:
        in_scale, weight_scale, out_scale: float32; the second one number or one for
            each output channel.
        zero_point: of the output.
        low, high: codes at which the output is cut: int8's ends, or an activation's.
        bound: the largest magnitude an accumulator can have.
    """

    in_scale: np.float32
    weight_scale: np.ndarray
    out_scale: np.float32
    zero_point: int
    low: int
    high: int
    bound: int

    @cached_property
    def multiplier(self) -> tuple[np.ndarray, np.ndarray]:
        """Mantissa and shift of each channel, from the factor in float64."""
        weight_scale = np.float64(self.weight_scale)
        factor = np.float64(self.in_scale) * weight_scale / np.float64(self.out_scale)
        mantissa, shift = quantize_multiplier(np.atleast_1d(factor))
        if (np.float64(self.bound) * 2.0**shift > INT32.max).any():
            raise ValueError("accumulators can leave int32 when they are rescaled")
        return mantissa.astype(np.int64), shift.astype(np.int64)

    @cached_property
    def factor(self) -> np.ndarray:
        """The factor of each channel as XNNPACK has it, in float32 all along."""
        return np.float32(self.in_scale * np.float32(self.weight_scale)) / np.float32(
            self.out_scale
        )

    def codes(self, acc: np.ndarray, rounding: str) -> np.ndarray:
        """Return int8 codes of accumulators (..., channels), float32 or int32.

        Args:
            acc: accumulators; float32 only if they are exact.
            rounding: one of `qlib.fixed_point.ROUNDINGS`, "float", or "eights":
                "double-up" for the channels in whole groups of eight, which vector
                instructions do at once, "double-away" for the few that are left.
        """
        if rounding == "eights":
            several = np.arange(acc.shape[-1]) < acc.shape[-1] // 8 * 8
            up, away = self.codes(acc, "double-up"), self.codes(acc, "double-away")
            return np.where(several, up, away)
        if rounding == "float":
            y = np.rint(np.float32(acc) * self.factor)
            y += self.zero_point
        elif self._fits_float64:
            y = self._in_float64(acc, rounding)
        else:
            y = rescaled(np.int64(acc), *self.multiplier, rounding) + self.zero_point
        return np.clip(y, self.low, self.high, out=y).astype(np.int8)

    @cached_property
    def _fits_float64(self) -> bool:
        """Whether acc * mantissa and half a step are below 2^53: float64 is exact."""
        mantissa, shift = self.multiplier
        half = 2.0 ** (30 - np.minimum(shift, 0))
        return bool((float(self.bound) * mantissa + half < 2.0**53).all())

    def _in_float64(self, acc: np.ndarray, rounding: str) -> np.ndarray:
        """Do what `rescaled` does with floats that are exact, several times faster."""
        mantissa, shift = self.multiplier
        if rounding == "single":
            y = acc * (mantissa * 2.0 ** (shift - 31))
        else:
            left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
            y = acc * (mantissa * 2.0 ** (left - 31))
            y += 0.5
            np.floor(y, out=y)
            y *= 2.0**-right
        if rounding == "double-away":
            y += np.copysign(0.5, y)
            np.trunc(y, out=y)
        else:
            y += 0.5
            np.floor(y, out=y)
        y += self.zero_point
        return y


@dataclass(frozen=True)
class Sums:
    """Sums of products with int8 weights, the input's zero point folded into the bias.

    sum (q_x - Z_x) q_w + bias = sum q_x q_w + (bias - Z_x sum q_w)

    Args:
        weights: int8, shape (products, outputs).
        bias: integers, shape (outputs,).
        zero_point: of the input.
    """

    weights: np.ndarray
    bias: np.ndarray
    zero_point: int

    @cached_property
    def folded(self) -> np.ndarray:
        """The bias with the input's zero point folded in, int64."""
        return self.bias - self.zero_point * self.weights.sum(0, dtype=np.int64)

    @cached_property
    def bound(self) -> int:
        """The largest magnitude that an accumulator can have, for any int8 input."""
        size = np.abs(self.weights.astype(np.int64)).sum(0) * 128
        return int((size + np.abs(self.folded)).max())

    @cached_property
    def _floats(self) -> np.ndarray:
        return self.weights.astype(np.float32)

    def of(self, x: np.ndarray) -> np.ndarray:
        """Return the accumulators of codes (rows, products) in float32, exact.

        As float32 where float32 holds all of them, else as int32.
        """
        if len(self.weights) <= TAPS and self.bound < EXACT:
            return self.plus_bias(x @ self._floats)
        total = np.broadcast_to(self.folded, (len(x), len(self.folded))).astype(
            np.int32
        )
        for start in range(0, len(self.weights), TAPS):
            part = slice(start, start + TAPS)
            total += (x[:, part] @ self._floats[part]).astype(np.int32)
        return total

    def plus_bias(self, total: np.ndarray) -> np.ndarray:
        """Return sums of products in float32 plus the folded bias."""
        if self.bound < EXACT:
            total += self.folded.astype(np.float32)
            return total
        return total.astype(np.int32) + self.folded.astype(np.int32)


def seen_by_windows(x: np.ndarray, window: Window) -> np.ndarray:
    """Return what each place of a padded image shows, shape (n, rows, columns, -1).

    Args:
        x: codes as float32, shape (n, height, width, channels), padded.
        window: the places.

    Example:
        >>> seen_by_windows(np.ones((1, 4, 4, 2), np.float32), Window((3, 3))).shape
        (1, 2, 2, 18)
    """
    taps = list(window.taps(x))
    n, rows, columns, channels = taps[0][1].shape
    found = np.empty((n, rows, columns, len(taps), channels), np.float32)
    for k, (_, seen) in enumerate(taps):
        found[:, :, :, k] = seen
    return found.reshape(n, rows, columns, -1)


def depthwise(x: np.ndarray, window: Window, sums: Sums) -> np.ndarray:
    """Return the accumulators of a depthwise convolution, each channel by itself.

    Args:
        x: codes as float32, padded.
        window: the places.
        sums: weights of shape (size[0] * size[1], channels * multiplier).
    """
    few = len(sums.weights) <= TAPS
    weights = sums.weights.astype(np.float32 if few else np.float64)
    multiplier = weights.shape[1] // x.shape[-1]
    x = np.repeat(x, multiplier, axis=-1) if multiplier > 1 else x
    taps = window.taps(x)
    return sums.plus_bias(
        sum(seen * w for (_, seen), w in zip(taps, weights, strict=True))
    )


def max_pool(x: np.ndarray, window: Window) -> np.ndarray:
    """Return the largest value in each window; the padding never counts.

    Example:
        >>> max_pool(np.int8([[[[1], [7]], [[3], [5]]]]), Window((2, 2), (2, 2))).item()
        7
    """
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
    ones = np.ones((1, *x.shape[1:3], 1), np.int32)
    total, count = (
        sum(seen for _, seen in window.taps(window.padded(v, 0)))
        for v in (x.astype(np.int32), ones)
    )
    return np.sign(total) * ((np.abs(total) + count // 2) // count)
