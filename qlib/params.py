"""QuantParams: the scale, the zero point and the width of a grid of codes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from qlib._checked import code_array, flag, plain_array, whole_number


@dataclass(frozen=True, eq=False)
class QuantParams:
    """Scale, zero point and width of a grid of codes: x_hat = scale * (q - zero_point).

    Args:
        scale: step of the grid in the units of the tensor, above 0, held as float32;
            a scalar, or shape (channels,) together with `axis`.
        zero_point: the code of real 0, between qmin and qmax; shaped as `scale`.
        bits: 2 to 16.
        signed: codes from -2**(bits-1), else from 0.
        narrow_range: leave the lowest code out, so that signed codes are symmetric.
        axis: the channel axis of the tensors that these parameters belong to.

    Raises:
        TypeError, ValueError: naming the argument that does not fit.

    Source: LiteRT 8-bit quantization specification; Jacob et al. 2018
    (arXiv 1712.05877), equation 1.

    Example:
        >>> params = QuantParams(scale=0.5, zero_point=-28, bits=8)
        >>> params.qmin, params.qmax, params.dtype
        (-128, 127, dtype('int8'))
    """

    scale: ArrayLike
    zero_point: ArrayLike
    bits: int
    signed: bool = True
    narrow_range: bool = False
    axis: int | None = None

    def __post_init__(self) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)  # the one way to fill a frozen class

        put("bits", whole_number(self.bits, "bits", 2, 16))
        put("signed", flag(self.signed, "signed"))
        put("narrow_range", flag(self.narrow_range, "narrow_range"))
        if self.axis is not None:
            put("axis", whole_number(self.axis, "axis", -32, 31))
        scale = plain_array(self.scale, "scale")
        zero = code_array(self.zero_point, "zero_point")
        wanted = 0 if self.axis is None else 1
        if scale.ndim != wanted or scale.shape != zero.shape:
            raise ValueError(
                f"scale has shape {scale.shape} and zero_point {zero.shape}, with "
                f"axis={self.axis}: scalars go with axis=None, two arrays of shape "
                "(channels,) with a channel axis."
            )
        put("scale", _frozen(_checked_scale(scale)))
        if np.any(zero < self.qmin) or np.any(zero > self.qmax):
            raise ValueError(
                f"zero_point is {zero}: allowed are {self.qmin} to {self.qmax}, "
                "so that real 0 has a code. Widen the range until it holds 0."
            )
        put("zero_point", _frozen(zero.astype(np.int32)))

    @property
    def qmin(self) -> int:
        """The lowest code.

        Example:
            >>> QuantParams(1.0, 0, bits=4, narrow_range=True).qmin
            -7
        """
        lowest = -(2 ** (self.bits - 1)) if self.signed else 0
        return lowest + self.narrow_range

    @property
    def qmax(self) -> int:
        """The highest code.

        Example:
            >>> QuantParams(1.0, 0, bits=4, signed=False).qmax
            15
        """
        return 2 ** (self.bits - 1) - 1 if self.signed else 2**self.bits - 1

    @property
    def dtype(self) -> np.dtype:
        """The smallest integer dtype of NumPy that holds the codes.

        Example:
            >>> QuantParams(1.0, 0, bits=12).dtype
            dtype('int16')
        """
        return np.dtype(f"{'' if self.signed else 'u'}int{8 if self.bits <= 8 else 16}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, QuantParams):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __reduce__(self) -> tuple:
        fields = self.scale, self.zero_point, self.bits, self.signed
        return QuantParams, (*fields, self.narrow_range, self.axis)

    def _key(self) -> tuple:
        values = np.asarray(self.scale).tolist(), np.asarray(self.zero_point).tolist()
        return (str(values), self.bits, self.signed, self.narrow_range, self.axis)


def _checked_scale(scale: np.ndarray) -> np.ndarray:
    if scale.dtype.kind not in "iuf":
        raise TypeError(f"scale is {scale!r}: a number, or an array of them.")
    with np.errstate(all="ignore"):  # infinity and 0 are refused just below
        small = scale.astype(np.float32)
    if scale.size == 0 or not (np.all(small > 0) and np.all(np.isfinite(small))):
        raise ValueError(
            f"scale is {scale}: it must be above 0 and finite in float32, for it is "
            "the step of the grid."
        )
    return small


def _frozen(values: np.ndarray):
    """Return a read-only copy, or for shape () a plain NumPy float32 or Python int."""
    if values.ndim == 0:
        return values[()] if values.dtype.kind == "f" else int(values)
    values = values.copy()
    values.flags.writeable = False
    return values
