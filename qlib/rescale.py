"""From accumulators to int8 codes, rounded as one runtime or another does it.

Introduced in lesson 05.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qlib import fixed_point
from qlib.fixed_point import INT32, quantize_multiplier, rescaled

ROUNDINGS = (*fixed_point.ROUNDINGS, "float", "float64", "eights")


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
        mantissa, shift = quantize_multiplier(np.atleast_1d(self.factor64))
        if (np.float64(self.bound) * 2.0**shift > INT32.max).any():
            raise ValueError("accumulators can leave int32 when they are rescaled")
        return mantissa.astype(np.int64), shift.astype(np.int64)

    @cached_property
    def factor64(self) -> np.ndarray:
        """The factor of each channel, in float64 all along."""
        weight_scale = np.float64(self.weight_scale)
        return np.float64(self.in_scale) * weight_scale / np.float64(self.out_scale)

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
            rounding: one of `qlib.fixed_point.ROUNDINGS`; "float", times the factor
                in float32, ties to even; "float64", times the factor in float64, ties
                away from zero; or "eights", "double-up" for the channels in whole
                groups of eight, which vector instructions do at once, "double-away"
                for the few that are left.
        """
        if rounding == "eights":
            several = np.arange(acc.shape[-1]) < acc.shape[-1] // 8 * 8
            up, away = self.codes(acc, "double-up"), self.codes(acc, "double-away")
            return np.where(several, up, away)
        if rounding == "float":
            y = np.rint(np.float32(acc) * self.factor)
            y += self.zero_point
        elif rounding == "float64":
            y = _ties_away(np.float64(acc) * self.factor64) + self.zero_point
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


def _ties_away(x: np.ndarray) -> np.ndarray:
    """Round to the nearest integer as C's `round` does: 0.49999999999999994 to 0."""
    whole = np.trunc(x)
    return whole + np.copysign(np.abs(x - whole) >= 0.5, x)
