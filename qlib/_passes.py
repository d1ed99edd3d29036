"""How an array is walked through: in parts that fit a cache, along any channel axis.

One pass over a large array waits for memory; five passes wait five times. So each part
goes through all the steps while it is in the cache, on as many threads as there are
cores (NumPy lets go of Python's lock while it computes).
"""

import math
import os
from collections.abc import Callable, Iterator

import numpy as np

from qlib._checked import require_finite, whole_number
from qlib.params import QuantParams

PART = 1 << 19  # values in a part; with fewer, threads wait for Python's lock longer
MANY = 8  # parts: for fewer, threads would cost more than they save
FLOAT32 = np.finfo(np.float32)


def each_part(work: Callable, params: QuantParams, *arrays: np.ndarray) -> None:
    """Call work(scale, zero point, part of each array) for all parts of the arrays."""
    found = list(parts(params, *arrays))
    queue = iter(found)  # shared: a thread that is held up simply takes fewer

    def run(_thread: int = 0) -> None:
        for part in queue:
            work(*part)

    if len(found) < MANY:
        run()
        return
    from concurrent.futures import ThreadPoolExecutor  # 10 ms that few imports need

    threads = os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, range(threads)))


def whole_steps(x, scale, zero, params: QuantParams, whole, out=None) -> np.ndarray:
    """Return round(x / scale), clipped to the codes that lie around `zero`.

    Args:
        x: a part of the array `whole`.
        scale, zero, params: what belongs to the part.
        whole: asked for NaN and infinity if the part may hold some; None if that has
            been done (and `out` may be x itself).
        out: where to write.

    Raises:
        ValueError: `whole` holds NaN or infinity.
    """
    with np.errstate(all="ignore"):
        # A quotient beyond float32 becomes infinite here and saturates below.
        steps = np.divide(x, scale, out=out, dtype=np.result_type(x, np.float32))
        np.rint(steps, out=steps)
        low, high = float(steps.min()), float(steps.max())  # NaN if any value is NaN
    if whole is not None and not math.isfinite(high - low):
        require_finite(whole)
    lowest, highest = params.qmin - zero, params.qmax - zero
    if low < float(lowest.max()) or high > float(highest.min()):
        np.clip(steps, lowest, highest, out=steps)
    return steps


def times_scale(real: np.ndarray, scale, params: QuantParams) -> None:
    """Multiply `real` by the scale in place, keeping inside the range of float32."""
    with np.errstate(all="ignore"):
        np.multiply(real, scale, out=real)
    if float(scale.max()) > float(FLOAT32.max) / (params.qmax - params.qmin):
        np.clip(real, FLOAT32.min, FLOAT32.max, out=real)


def require_params(params: QuantParams, name: str = "params") -> None:
    """Raise TypeError unless `params` are QuantParams."""
    if not isinstance(params, QuantParams):
        raise TypeError(
            f"{name} is {type(params).__name__}: QuantParams are needed, as made by "
            "choose_params(low, high) or params_for(x)."
        )


def paired(values, params, out, dtypes) -> tuple[np.ndarray, np.ndarray]:
    """Return `values` and an `out` of its shape, both checked; None makes one."""
    _check_channels(values.shape, params)
    if out is None:
        return values, np.empty(values.shape, dtypes[0])
    plain = isinstance(out, np.ndarray) and not isinstance(out, np.ma.MaskedArray)
    if not plain or out.dtype not in dtypes:
        names = " or ".join(np.dtype(d).name for d in dtypes)
        given = out.dtype if plain else type(out).__name__
        raise TypeError(f"out is {given}: an array of {names} is needed.")
    if out.shape != values.shape:
        raise ValueError(
            f"out has shape {out.shape}, the input {values.shape}: they must be equal."
        )
    if not out.flags.writeable:
        raise ValueError("out is read-only: give an array that can be written to.")
    if np.may_share_memory(out, values):
        if values.dtype.kind == "f":  # nothing may be lost if the input is refused
            require_finite(values)
        if out is not values and np.shares_memory(out, values):
            values = values.copy()  # else a value is overwritten before it is read
    return values, out


def unwrapped(out: np.ndarray) -> np.ndarray:
    """Return `out`, or for shape () the number in it."""
    return out if out.ndim else out[()]


def channel_axis(axis: int, ndim: int) -> int:
    """Return `axis` counted from the front, or say which axes there are."""
    axis = whole_number(axis, "axis", -32, 31)
    if not -ndim <= axis < ndim:
        raise ValueError(
            f"axis is {axis}, but the tensor has {ndim} dimension(s): "
            + (f"allowed are {-ndim} to {ndim - 1}." if ndim else "leave axis out.")
        )
    return axis % ndim


def parts(params: QuantParams, *arrays: np.ndarray) -> Iterator[tuple]:
    """Yield (scale, zero point, part of each array), with parts of about `PART` values.

    Scale and zero point come as float32, shaped to broadcast against their part.
    """
    scale, zero = np.float32(params.scale), np.float32(params.zero_point)
    ndim, axis = arrays[0].ndim, None
    if params.axis is not None:
        axis = channel_axis(params.axis, ndim)
        along = [-1 if i == axis else 1 for i in range(ndim)]
        scale, zero = scale.reshape(along), zero.reshape(along)
    elif all(a.flags.c_contiguous for a in arrays):
        arrays = tuple(a.reshape(-1) for a in arrays)  # views: nothing is copied
    rows = len(arrays[0])
    step = max(1, PART * rows // arrays[0].size)
    for start in range(0, rows, step):
        part = slice(start, start + step)
        own = (scale[part], zero[part]) if axis == 0 else (scale, zero)
        yield (*own, *(a[part] for a in arrays))


def _check_channels(shape: tuple[int, ...], params: QuantParams) -> None:
    if params.axis is None:
        return
    axis, channels = channel_axis(params.axis, len(shape)), len(params.scale)
    if shape[axis] != channels:
        raise ValueError(
            f"the input of shape {shape} has {shape[axis]} channels along axis {axis}, "
            f"the parameters have {channels}: make them from a tensor of this shape."
        )
