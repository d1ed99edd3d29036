"""The questions that every module asks of its input, and what it says if they fail."""

import warnings
from numbers import Integral
from typing import Any

import numpy as np


def real_array(x: Any, name: str = "x") -> np.ndarray:
    """Return `x` as a non-empty array of float16, float32 or float64; refuse the rest.

    Finiteness is asked apart, by `require_finite`: it costs a pass over the data.
    """
    x = plain_array(x, name)
    if x.dtype.kind in "iub":
        raise TypeError(
            f"{name} has dtype {x.dtype}: real values are needed, not codes or "
            f"counts. Convert with {name}.astype(np.float32), or scale pixels with "
            f"{name} / 255."
        )
    if x.dtype.kind != "f":
        raise TypeError(
            f"{name} has dtype {x.dtype}: an array of float16, float32 or float64 "
            "is needed."
        )
    if x.size == 0:
        raise ValueError(f"{name} is empty (shape {x.shape}): give at least one value.")
    return x


def code_array(q: Any, name: str = "q") -> np.ndarray:
    """Return `q` as a non-empty integer array; refuse floats, even whole ones."""
    q = plain_array(q, name)
    if q.dtype.kind not in "iu":
        raise TypeError(
            f"{name} has dtype {q.dtype}: codes are integers, such as int8. "
            "Make them with quantize(x, params), or round and cast first."
        )
    if q.size == 0:
        raise ValueError(f"{name} is empty (shape {q.shape}): give at least one code.")
    return q


def require_finite(x: np.ndarray, name: str = "x") -> None:
    """Raise ValueError if `x` holds NaN or infinity, saying how many and where."""
    bad = np.argwhere(~np.isfinite(x))
    if len(bad):
        where = tuple(int(i) for i in bad[0])
        place = f" at index {where[0] if len(where) == 1 else where}" if where else ""
        raise ValueError(
            f"{name} holds {len(bad)} value(s) that are NaN or infinite, the first"
            f"{place}: {x[where]}. No code stands for these: replace them first."
        )


def whole_number(value: Any, name: str, low: int, high: int) -> int:
    """Return `value` as an int from low to high, refusing floats and booleans."""
    whole = isinstance(value, Integral) and not isinstance(value, np.timedelta64)
    if isinstance(value, (bool, np.bool_)) or not whole:
        raise TypeError(
            f"{name} is {value!r:.60} ({type(value).__name__}): "
            f"a whole number from {low} to {high} is needed."
        )
    if not low <= value <= high:
        raise ValueError(f"{name} is {value!s:.60}: allowed are {low} to {high}.")
    return int(value)


def one_number(value: Any, name: str, low: float, high: float) -> float:
    """Return `value` as a float above `low` and up to `high`, refusing all else."""
    number = plain_array(value, name)
    if number.ndim or number.dtype.kind not in "iuf":
        raise TypeError(f"{name} is {value!r:.60}: one number is needed.")
    if not low < float(number) <= high:  # in float16, `high` may be infinite
        raise ValueError(
            f"{name} is {number}: above {low:g} up to {high:g} is allowed."
        )
    return float(number)


def number_from(value: Any, name: str, low: float, below: float) -> float:
    """Return `value` as a float from `low` up to, but not, `below`."""
    number = plain_array(value, name)
    if number.ndim or number.dtype.kind not in "iuf":
        raise TypeError(f"{name} is {value!r:.60}: one number is needed.")
    if not low <= float(number) < below:
        raise ValueError(
            f"{name} is {number}: {low:g} or more, and below {below:g}, is allowed."
        )
    return float(number)


def flag(value: Any, name: str) -> bool:
    """Return `value` as a bool, refusing what only looks like one."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(
            f"{name} is {value!r:.60} ({type(value).__name__}): True or False is "
            "needed."
        )
    return bool(value)


def plain_array(values: Any, name: str) -> np.ndarray:
    """Return `values` as an array of real numbers or booleans; refuse masked ones.

    It comes in this machine's byte order, and long double as float64, where the
    course's arithmetic ends.
    """
    if isinstance(values, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array: fill the masked entries first, "
            f"for example {name}.filled(0)."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a masked element in a list, say
            array = np.asarray(values)
    except (ValueError, Warning) as error:  # lists of unequal length, most often
        raise ValueError(
            f"{name} does not form an array ({error}): all rows must be equally long, "
            "with nothing masked."
        ) from None
    if array.dtype.kind not in "iubf":
        given = f"has dtype {array.dtype}" if array.ndim else f"is {values!r:.60}"
        raise TypeError(
            f"{name} {given}: numbers are needed, no strings, objects or complex "
            "values."
        )
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        with np.errstate(over="ignore"):  # what float64 cannot hold is refused later
            return array.astype(np.float64)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder())


def count_row(counts: Any, name: str = "counts") -> np.ndarray:
    """Return `counts` as one row of float64, each from 0 to 2**53, not all 0."""
    counts = plain_array(counts, name)
    if counts.dtype.kind not in "iuf":
        raise TypeError(f"{name} have dtype {counts.dtype}: numbers are needed.")
    if counts.ndim != 1 or not np.any(counts):
        raise ValueError(
            f"{name} have shape {counts.shape}: one row of numbers, not all 0, is "
            "needed."
        )
    counts = counts.astype(np.float64)
    if not (counts.min() >= 0 and counts.max() <= 2.0**53):
        raise ValueError(
            f"{name} run from {counts.min()} to {counts.max()}: they must be finite, "
            "not negative, and at most 2**53."
        )
    return counts


def require_float32(largest: float, name: str = "x") -> None:
    """Raise ValueError if the magnitude `largest` is beyond float32.

    Example:
        >>> require_float32(1e38)
    """
    most = float(
        np.finfo(np.float32).max
    )  # beside a float32 it would be rounded to one
    if largest > most:
        raise ValueError(f"{name} holds {largest:.4g}: beyond float32 ({most:.4g}).")
