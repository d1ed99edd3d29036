"""Linear quantization: a real number becomes an integer code, and comes back.

    q     = clip(round(x / scale) + zero_point, qmin, qmax)
    x_hat = scale * (q - zero_point)

Introduced in lesson 01, cell by cell. The functions here do the same arithmetic and add
what a library owes its user: checked input, any axis, and the speed of one pass.
"""

import numpy as np
from numpy.typing import ArrayLike

from qlib._checked import (
    code_array,
    flag,
    plain_array,
    real_array,
    require_finite,
    require_float32,
)
from qlib._passes import (
    FLOAT32,
    channel_axis,
    each_part,
    paired,
    require_params,
    times_scale,
    unwrapped,
    whole_steps,
)
from qlib.params import QuantParams


def choose_params(
    low: ArrayLike,
    high: ArrayLike,
    bits: int = 8,
    *,
    symmetric: bool = False,
    signed: bool = True,
    narrow_range: bool = False,
    axis: int | None = None,
) -> QuantParams:
    """Return the scale and zero point that spread the codes over the range [low, high].

    The range is first widened to hold 0, so that real zero has a code of its own. A
    range of nothing but 0 gets scale 1.

    Args:
        low, high: ends of the real range, in the units of the tensor; scalars, or
            arrays of shape (channels,) together with `axis`.
        bits: 2 to 16.
        symmetric: zero point 0 and scale max(|low|, |high|) / qmax.
        signed, narrow_range, axis: as in `QuantParams`.

    Raises:
        ValueError: an end is not finite or beyond float32, low > high, the shapes
            differ, bits is outside 2 to 16, or symmetric codes are to be unsigned.
        TypeError: an end is not a number.

    Source: Jacob et al. 2018 (arXiv 1712.05877), equations 12 and 13;
    Krishnamoorthi 2018 (arXiv 1806.08342), section 2.1, for the widening.
    Lesson 01, "The functions".

    Example:
        >>> choose_params(-10.0, 30.0, bits=8, signed=False).zero_point
        64
    """
    low, high = _range_ends(low, high, axis)
    symmetric, signed = flag(symmetric, "symmetric"), flag(signed, "signed")
    if symmetric and not signed:
        raise ValueError(
            "symmetric=True with signed=False: a symmetric grid has codes on both "
            "sides of 0. Use signed=True, or leave symmetric out."
        )
    grid = QuantParams(1.0, int(not signed), bits, signed, narrow_range)
    if symmetric:
        reach = np.maximum(-low, high)
        scale = _usable(reach / grid.qmax, reach)
        zero = np.zeros_like(scale)
    else:
        scale = _usable((high - low) / (grid.qmax - grid.qmin), np.maximum(-low, high))
        zero = np.rint(grid.qmin - low / scale)
    zero = zero.astype(np.int32)
    return QuantParams(scale, zero, bits, signed, narrow_range, axis)


def params_for(
    x: ArrayLike,
    bits: int = 8,
    *,
    symmetric: bool = False,
    signed: bool = True,
    narrow_range: bool = False,
    axis: int | None = None,
) -> QuantParams:
    """Return the parameters for the range from the minimum to the maximum of `x`.

    Args:
        x: real array of any shape. With `axis`, each index along it is a channel with
            a range of its own.
        bits, symmetric, signed, narrow_range, axis: as in `choose_params`.

    Raises:
        TypeError: x holds integers or no numbers.
        ValueError: x is empty, holds NaN, infinity or values beyond float32, or has no
            such axis.

    Source: "min-max" range setting, Nagel et al. 2021 (arXiv 2106.08295), equations
    14 and 15. Lesson 01, "Affine or symmetric".

    Example:
        >>> params_for(np.array([-1.0, 0.0, 2.0]), bits=2, signed=False)
        QuantParams(scale=np.float32(1.0), zero_point=1, bits=2, signed=False, \
narrow_range=False, axis=None)
    """
    x = real_array(x)
    others = None
    if axis is not None:
        kept = channel_axis(axis, x.ndim)
        others = tuple(i for i in range(x.ndim) if i != kept)
    low, high = x.min(axis=others), x.max(axis=others)
    if not (np.all(np.isfinite(low)) and np.all(np.isfinite(high))):
        require_finite(x)
    require_float32(max(-float(low.min()), float(high.max())))
    return choose_params(
        low, high, bits, symmetric=symmetric, signed=signed,
        narrow_range=narrow_range, axis=axis,
    )  # fmt: skip


def quantize(
    x: ArrayLike, params: QuantParams, out: np.ndarray | None = None
) -> np.ndarray:
    """Return the codes clip(round(x / scale) + zero_point, qmin, qmax).

    Rounds half to even and saturates. The quotient is taken in float32, or in float64
    where x is float64.

    Args:
        x: real array of any shape; never changed.
        params: scale, zero point and width.
        out: array of x's shape and dtype `params.dtype` to write to.

    Returns:
        Codes of x's shape and dtype `params.dtype`.

    Raises:
        TypeError: x holds integers or no numbers, or `out` has another dtype.
        ValueError: x is empty or holds NaN or infinity; `out` has another shape; the
            channel axis is missing or has another length.

    Source: Krishnamoorthi 2018 (arXiv 1806.08342), equations 1 and 2. Lesson 01.

    Example:
        >>> quantize(np.array([-9.0, 0.0, 0.3, 9.0]), QuantParams(0.1, 0, bits=4))
        array([-8,  0,  3,  7], dtype=int8)
    """
    require_params(params)
    x, out = paired(real_array(x), params, out, (params.dtype,))
    whole = x

    def _part(scale, zero, x, codes):
        steps = whole_steps(x, scale, zero, params, whole)
        steps += zero
        np.copyto(codes, steps, casting="unsafe")

    each_part(_part, params, x, out)
    return unwrapped(out)


def dequantize(
    q: ArrayLike, params: QuantParams, out: np.ndarray | None = None
) -> np.ndarray:
    """Return the real values scale * (q - zero_point), as float32.

    Args:
        q: integer array of any shape, codes from qmin to qmax; never changed.
        params: scale, zero point and width.
        out: float32 or float64 array of q's shape to write to.

    Raises:
        TypeError: q is not an integer array, or `out` has another dtype.
        ValueError: q is empty or holds a code outside qmin to qmax; `out` has another
            shape; the channel axis is missing or has another length.

    Source: Jacob et al. 2018 (arXiv 1712.05877), equation 1. Lesson 01.

    Example:
        >>> dequantize(np.array([-8, 0, 3], np.int8), QuantParams(0.5, 0, bits=4))
        array([-4. ,  0. ,  1.5], dtype=float32)
    """
    require_params(params)
    q = code_array(q)
    if q.min() < params.qmin or q.max() > params.qmax:
        raise ValueError(
            f"q holds codes from {q.min()} to {q.max()}: {params.bits}-bit parameters "
            f"allow {params.qmin} to {params.qmax}."
        )
    q, out = paired(q, params, out, (np.float32, np.float64))

    def _part(scale, zero, codes, real):
        np.subtract(codes, zero, out=real, dtype=real.dtype, casting="unsafe")
        times_scale(real, scale, params)

    each_part(_part, params, q, out)
    return unwrapped(out)


def fake_quantize(
    x: ArrayLike, params: QuantParams, out: np.ndarray | None = None
) -> np.ndarray:
    """Return dequantize(quantize(x)): x moved to the nearest point of the grid.

    Args:
        x: real array of any shape; changed only if it is given as `out` too.
        params: scale, zero point and width.
        out: float32 or float64 array of x's shape to write to.

    Raises:
        TypeError, ValueError: as in `quantize`.

    Source: Jacob et al. 2018 (arXiv 1712.05877), equation 12. It differs from
    TensorFlow's fake_quant ops in ties and within float32 noise of them: those round
    half up, and find the zero point in float32. They also shift a range that lies
    beside 0, where `choose_params` widens it. Lesson 01.

    Example:
        >>> fake_quantize(np.array([-9.0, 0.0, 0.3, 9.0]), QuantParams(0.25, 0, bits=4))
        array([-2.  ,  0.  ,  0.25,  1.75], dtype=float32)
    """
    require_params(params)
    x, out = paired(real_array(x), params, out, (np.float32, np.float64))
    same = out.dtype == np.result_type(x, np.float32)
    whole = None if out is x else x  # in place, it has been asked already

    def _part(scale, zero, x, real):
        # No zero point is added: on the way back it would be taken off again.
        target = real if same else None
        steps = whole_steps(x, scale, zero, params, whole, out=target)
        if not same:
            np.copyto(real, steps)
        times_scale(real, scale, params)

    each_part(_part, params, x, out)
    return unwrapped(out)


def _range_ends(low, high, axis) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends in float64, widened to hold 0."""
    ends = []
    for value, name in ((low, "low"), (high, "high")):
        end = plain_array(value, name)
        if end.dtype.kind not in "iuf":
            raise TypeError(f"{name} is {value!r}: a number, or an array of them.")
        if end.size == 0 or not np.all(np.isfinite(end)):
            raise ValueError(f"{name} is {value!r}: finite values are needed.")
        if np.any(np.abs(end.astype(np.float64)) > FLOAT32.max):
            raise ValueError(
                f"{name} is {value!r}: beyond float32 ({FLOAT32.max:.4g})."
            )
        ends.append(end.astype(np.float64))
    low, high = ends
    if low.shape != high.shape or low.ndim != (axis is not None):
        raise ValueError(
            f"low has shape {low.shape} and high {high.shape}, with axis={axis}: two "
            "scalars go with axis=None, two arrays of shape (channels,) with an axis."
        )
    if np.any(low > high):
        raise ValueError(
            f"low is {low} and high {high}: low must not be above high. Swap them?"
        )
    return np.minimum(low, 0.0), np.maximum(high, 0.0)


def _usable(scale: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """Return `scale` in float64, replaced where float32 has no such step.

    A range of only 0 gets 1. One so small that its step would fall under the normal
    numbers of float32 gets the least normal step of which its longer arm is a multiple.
    """
    tiny = float(FLOAT32.tiny)
    with np.errstate(all="ignore"):
        coarse = reach / np.maximum(1.0, np.floor(reach / tiny))
        scale = np.where(scale < tiny, coarse, scale)
        return np.where(np.float32(reach) == 0, 1.0, scale)
