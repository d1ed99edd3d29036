"""Quantizing arrays beside a memory copy, NumPy's naive form and TensorFlow.

python3 course.py bench quantize
"""

import importlib.util
import warnings
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks.harness import Aim, Benchmark, Group, Rows, times_as_fast
from qlib._passes import MANY, PART
from qlib.linear import QuantParams, dequantize, fake_quantize, params_for, quantize
from qlib.quiet import load_tensorflow

SIZES = (10_000, 1_000_000, 20_000_000)
CHANNELS = 50  # the last axis
COPY = "np.copyto"
TASKS = ("quantize", "dequantize", "fake_quantize")
TORCH = ("torch",) if importlib.util.find_spec("torch") else ()  # no dependency
Contenders = dict[str, Callable[[], np.ndarray]]


def title(task: str, per: str, size: int) -> str:
    """Return the name of a group."""
    return f"{task} per {per}, {size:,} values"


def groups(small: bool) -> Iterator[Group]:
    """Make a group for each task, granularity and size."""
    for size in (1_000,) if small else SIZES:
        x = np.random.default_rng(0).standard_normal(size, dtype=np.float32) * 0.05
        x = x.reshape(-1, CHANNELS)
        for per, axis in (("tensor", None), ("channel", 1)):
            for task in TASKS:
                params = _grid(x, task, axis)
                yield Group(
                    title(task, per, size),
                    _contenders(task, x, params),
                    floors=(COPY,),
                    seconds=0 if small else 2.0,
                    rounds=2 if small else 15,
                    check=partial(_check, params),
                )


def _grid(x: np.ndarray, task: str, axis: int | None) -> QuantParams:
    """Return a grid that TensorFlow's operation for the task has too."""
    if task == "fake_quantize":
        return params_for(x, axis=axis)
    return params_for(x, symmetric=True, narrow_range=True, axis=axis)


def _contenders(task: str, x: np.ndarray, params: QuantParams) -> Contenders:
    """Return what is timed, by name, on the same values; the copy is of float32."""
    real, q = np.zeros_like(x), quantize(x, params)
    call, source, out = {
        "quantize": (quantize, x, np.zeros_like(q)),
        "dequantize": (dequantize, q, real),
        "fake_quantize": (fake_quantize, x, real),
    }[task]
    return {
        COPY: lambda: np.copyto(real, x),
        f"qlib {task}, out=": lambda: call(source, params, out=out),
        f"qlib {task}": lambda: call(source, params),
        "NumPy, naive": _naive(task, source, params),
        "TensorFlow": _tensorflow(task, x, params),
        **_torch(task, x, q, params),
    }


def _naive(task: str, x: np.ndarray, params: QuantParams) -> Callable:
    """Return the task as one line of NumPy."""
    scale, zero = np.float32(params.scale), np.float32(params.zero_point)
    low, high = params.qmin, params.qmax
    return {
        "quantize": lambda: np.clip(np.round(x / scale) + zero, low, high).astype("i1"),
        "dequantize": lambda: (x.astype(np.float32) - zero) * scale,
        "fake_quantize": lambda: (
            (np.clip(np.round(x / scale) + zero, low, high) - zero) * scale
        ),
    }[task]


def _tensorflow(task: str, x: np.ndarray, params: QuantParams) -> Callable:
    """Return TensorFlow's operation for the task; its result is a tensor."""
    tf = load_tensorflow()
    ends = (params.scale * (end - params.zero_point) for end in _ends(params))
    low, high = (tf.constant(end.astype(np.float32)) for end in ends)
    values = tf.constant(x)
    grid = {"mode": "SCALED", "narrow_range": True}
    if params.axis is not None:
        grid["axis"] = params.axis
    make = partial(
        tf.quantization.quantize, T=tf.qint8, round_mode="HALF_TO_EVEN", **grid
    )
    if task == "quantize":
        return lambda: make(values, low, high).output
    if task == "dequantize":
        codes = make(values, low, high).output
        return lambda: tf.quantization.dequantize(codes, low, high, **grid)
    if params.axis is None:
        return lambda: tf.quantization.fake_quant_with_min_max_vars(values, low, high)
    fake = tf.quantization.fake_quant_with_min_max_vars_per_channel
    return lambda: fake(values, low, high)


def _ends(params: QuantParams) -> tuple[int, int]:
    return params.qmin, params.qmax


def _torch(task: str, x: np.ndarray, q: np.ndarray, params: QuantParams) -> Contenders:
    """Return torch's operation for the task, where torch is installed."""
    if not TORCH:
        return {}
    import torch

    # Its quantized tensors are to go one day, which it says at their first use.
    warnings.filterwarnings("ignore", "torch.quantize_per_tensor", UserWarning)
    scale = torch.tensor(params.scale, dtype=torch.float32)
    zero = torch.tensor(params.zero_point, dtype=torch.int32)
    values, ends = torch.from_numpy(x), _ends(params)
    if params.axis is None:
        make = partial(
            torch.quantize_per_tensor, values, scale, zero, dtype=torch.qint8
        )
        fake = partial(
            torch.fake_quantize_per_tensor_affine, values, scale, zero, *ends
        )
    else:
        make = partial(
            torch.quantize_per_channel, values, scale, zero, params.axis, torch.qint8
        )
        fake = partial(
            torch.fake_quantize_per_channel_affine, values, scale, zero, 1, *ends
        )
    codes = make()
    run = {"quantize": make, "dequantize": codes.dequantize, "fake_quantize": fake}
    return {"torch": run[task]}


def _check(params: QuantParams, found: dict) -> None:
    """Raise if more than one value in a thousand, or any by a step, is another."""
    ours = next(value for name, value in found.items() if name.startswith("qlib"))
    step = 1 if ours.dtype == np.int8 else np.max(params.scale)
    for name, theirs in found.items():
        if name == COPY:
            continue
        apart = np.abs(_as_numpy(theirs).astype(np.float32) - ours) / step
        assert apart.max() <= 1.01, f"{name} is {apart.max():.2f} steps away"
        assert np.mean(apart > 0.01) <= 1e-3, f"{name} differs often"


def _as_numpy(values) -> np.ndarray:
    if hasattr(values, "int_repr") and values.is_quantized:  # torch's codes
        return values.int_repr().numpy()
    return np.asarray(values)


def _speed(task: str) -> Callable[[Rows], float]:
    """Return a function of the rows: speed over the copy's, for the largest arrays."""
    group = title(task, "tensor", SIZES[-1])
    return times_as_fast(f"qlib {task}, out=", COPY, group)


def _over_naive(task: str) -> Callable[[Rows], float]:
    group = title(task, "tensor", SIZES[-1])
    return times_as_fast(f"qlib {task}, out=", "NumPy", group)


def _without_torch(rows: Rows) -> list[str]:
    there = any(row["name"] == "torch" for row in rows)
    return [] if there or not rows else ["torch was not installed, so it is left out."]


def _aims(task: str, copy: float, naive: float) -> tuple[Aim, Aim]:
    many = f"{SIZES[-1]:,} values with `out=`"
    return (
        Aim(
            f"`{task}`, {many}: at least {{limit}} of a copy's speed",
            _speed(task),
            copy,
            at_least=True,
        ),
        Aim(
            f"`{task}`, {many}: at least {{limit}} times as fast as naive NumPy",
            _over_naive(task),
            naive,
            "times",
            at_least=True,
        ),
    )


BENCHMARK = Benchmark(
    name="quantize",
    title="Quantize, dequantize, fake-quantize",
    about=f"""
    Float32 arrays with {CHANNELS} channels on the last axis, 8 bits. `np.copyto` copies
    the float32 array into warm memory, on one thread, for scale: 8 bytes a value, where
    quantizing moves 5. qlib uses all cores from {MANY * PART:,} values on, and refuses
    NaN, infinity and codes outside the grid, for which it looks at all values; naive
    NumPy, one line with a new array for each step, does not. (Large new arrays are
    often pages that the system has to clear first; how often depends on what the
    process did before. So naive NumPy's times differ most.) TensorFlow's operations are
    `tf.quantization.quantize` and `dequantize` (mode SCALED, half to even) and
    `fake_quant_with_min_max_vars` (`_per_channel`), on tensors that are there already.
    torch's, if it is installed (the course does not need it), are
    `quantize_per_tensor` and `dequantize`, `fake_quantize_per_tensor_affine` (and
    `_per_channel`), on its own tensors too. Both use all cores where they see fit. It
    is checked that at most one value in a thousand differs from qlib's, and by no more
    than a step.
    """,
    groups=groups,
    picture="by_size",
    packages=("numpy", "tensorflow", *TORCH),
    notes=_without_torch,
    aims=(*_aims("quantize", 0.45, 5), *_aims("fake_quantize", 0.57, 3.4)),
)
