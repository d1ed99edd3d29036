"""A function taught in a cell and the one in qlib give the same results.

Each function is taken out of its notebook by its name, run on generated input, and held
against the library's. TAUGHT says how; a function that has a namesake in qlib and is
missing there fails a test, so that none is forgotten.
"""

import ast
import importlib
import pkgutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import qlib
from qlib import linear
from qlib.params import QuantParams
from tests.notebooks import LESSONS, functions, name

BY_NAME = {path.stem: path for path in LESSONS}


def taught(lesson: str, *wanted: str) -> dict:
    """Return the functions of these names from a lesson's cells, by themselves."""
    source = functions(BY_NAME[lesson])
    room = {"np": np, "QuantParams": QuantParams}
    for function in wanted:
        exec(compile(ast.unparse(source[function]), lesson, "exec"), room)
    return room


finite = st.floats(-(2.0**60), 2.0**60, width=32)
tensors = arrays.arrays(
    np.float32, arrays.array_shapes(max_dims=3, max_side=5), elements=finite
)


@st.composite
def grids(draw):
    low, high = sorted(draw(st.tuples(finite, finite).filter(any)))
    bits, signed = draw(st.integers(2, 16)), draw(st.booleans())
    return linear.choose_params(low, high, bits, signed=signed)


LESSON_01 = taught(
    "01_linear_quantization",
    "choose_params",
    "quantize",
    "dequantize",
    "fake_quantize",
)


@given(finite, finite, st.integers(2, 16), st.booleans())
def test_choose_params_of_lesson_01(a, b, bits, signed):
    low, high = min(a, b), max(a, b)
    if max(abs(low), abs(high)) < 1e-30:
        return  # the cell leaves constants and steps below float32 to the library
    ours = LESSON_01["choose_params"](low, high, bits, signed)
    assert ours == linear.choose_params(low, high, bits, signed=signed)


@given(tensors, grids())
def test_quantize_of_lesson_01(x, params):
    with np.errstate(over="ignore"):
        codes = LESSON_01["quantize"](x, params)
    np.testing.assert_array_equal(codes, linear.quantize(x, params))
    assert codes.dtype == params.dtype


@given(tensors, grids())
def test_dequantize_of_lesson_01(x, params):
    codes = linear.quantize(x, params)
    x_hat = LESSON_01["dequantize"](codes, params)
    np.testing.assert_array_equal(x_hat, linear.dequantize(codes, params))
    assert x_hat.dtype == np.float32


@given(tensors, grids())
def test_fake_quantize_of_lesson_01(x, params):
    with np.errstate(over="ignore"):
        x_hat = LESSON_01["fake_quantize"](x, params)
    np.testing.assert_array_equal(x_hat, linear.fake_quantize(x, params))


def public_functions_of_qlib() -> set[str]:
    """Return the names of all functions that qlib's NumPy modules define."""
    found = set()
    for module in pkgutil.iter_modules(qlib.__path__):
        if module.ispkg or module.name.startswith("_") or module.name == "training":
            continue
        members = vars(importlib.import_module(f"qlib.{module.name}"))
        found |= {n for n, f in members.items() if callable(f) and n[0] != "_"}
    return found


@pytest.mark.parametrize("path", LESSONS, ids=name)
def test_every_function_that_has_a_namesake_in_qlib_is_compared_here(path):
    shared = set(functions(path)) & public_functions_of_qlib()
    tested = {n.split("_of_")[0].removeprefix("test_") for n in globals()}
    assert shared <= tested
