"""Sums of products of int8 codes, exact, with the input's zero point folded in.

Sums are carried in float32 only where float32 holds every one of them exactly: up to
1,023 products of two int8 codes, 1,023 * 128 * 128 < 2^24. Introduced in lesson 05.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qlib.windows import Window

EXACT = 2**24  # float32 holds every integer up to here
TAPS = 1023  # products of two int8 codes whose sum stays below it


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
