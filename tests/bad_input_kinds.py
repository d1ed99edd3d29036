"""The odd values that `test_bad_input` gives in the place of a good argument.

Each sort of argument (a real array, codes, a whole number, ...) is a function from the
good value to {kind: Odd}. An `Odd` says what must come of it:

    RIGHT     the result of the good value, or of `plain`, the same values in an
              ordinary float64 array
    REFUSED   a ValueError or TypeError
    EITHER    one of the two; if a result, the same as that of `plain`
"""

import enum
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from qlib.histogram import Histogram
from qlib.params import QuantParams

RIGHT, REFUSED, EITHER = "right", "refused", "either"
GOOD = object()  # in the place of `plain`: the good value itself
NOTHING = object()  # no plain form of it is known: nothing to compare with


@dataclass(frozen=True)
class Odd:
    value: Any
    must: str
    plain: Any = GOOD


def right(**values: Any) -> dict[str, Odd]:
    return {name: Odd(value, RIGHT) for name, value in _named(values)}


def refused(**values: Any) -> dict[str, Odd]:
    return {name: Odd(value, REFUSED, NOTHING) for name, value in _named(values)}


def either(**values: Any) -> dict[str, Odd]:
    return {name: Odd(v, EITHER, _as_float64(v)) for name, v in _named(values)}


def _named(values: dict) -> list[tuple[str, Any]]:
    return [
        (name.strip("_").replace("_", " "), value) for name, value in values.items()
    ]


def _as_float64(value: Any) -> Any:
    """Return real values in float64, as a copy in C order; integers in int64."""
    array = value if isinstance(value, np.ndarray) else None
    if array is None or array.dtype.kind not in "fiu" or array.dtype == np.uint64:
        return NOTHING
    wide = np.float64 if array.dtype.kind == "f" else np.int64
    return np.array(array, wide, order="C")


# --- objects that look like arrays ---------------------------------------------------


class OfItsOwn(np.ndarray):
    """A subclass of ndarray without anything of its own."""


class ArrayLike:
    """Something that NumPy can make an array of, such as another package's tensor."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)


class Sparse:
    """Looks like a sparse matrix: shape, dtype and `toarray`, and no `__array__`."""

    def __init__(self, values):
        self.values, self.shape, self.dtype = values, values.shape, values.dtype

    def toarray(self):
        return self.values

    def __len__(self):
        return len(self.values)


class Numbers(enum.IntEnum):
    EIGHT = 8


class Torn:
    """Its repr fails, as that of a half-made object does."""

    def __repr__(self):
        return "<torn>"


def inside_itself() -> list:
    row: list = [1.0]
    row.append(row)
    return row


def read_only(x: np.ndarray) -> np.ndarray:
    x = x.copy()
    x.flags.writeable = False
    return x


def unaligned(x: np.ndarray) -> np.ndarray:
    room = np.zeros(x.nbytes + 1, np.uint8)
    found = room[1:].view(x.dtype).reshape(x.shape)
    found[...] = x
    return found


def big_endian(x: np.ndarray) -> np.ndarray:
    return x.astype(x.dtype.newbyteorder(">"))


def layouts(x: np.ndarray) -> dict[str, Odd]:
    """Return the same values of the same type, lying in memory in other ways."""
    found = right(
        read_only=read_only(x),
        big_endian=big_endian(x),
        unaligned=unaligned(x),
        Fortran_order=np.asfortranarray(x),
        subclass=x.copy().view(OfItsOwn),
        array_like=ArrayLike(x.copy()),
    )
    if x.ndim:
        found |= right(
            non_contiguous=np.repeat(x, 2, axis=-1)[..., ::2],
            backwards=np.ascontiguousarray(x[::-1])[::-1],
            buffer=memoryview(np.ascontiguousarray(x)),
        )
    return found


def no_numbers(x: np.ndarray) -> dict[str, Odd]:
    """Return what is no plain array of numbers, whatever it is for."""
    return refused(
        None_=None,
        text="text",
        long_text="1" * 10_000,
        bytes_=b"12",
        dictionary={0: 1.0},
        set_={1.0, 2.0},
        generator=(value for value in (1.0, 2.0)),
        function=np.mean,
        class_=np.ndarray,
        odd_object=Torn(),
        ellipsis=...,
        sparse=Sparse(x),
        object_array=x.astype(object),
        strings=x.astype(str),
        complex_=x.astype(np.complex64),
        complex_with_a_real_part=x + 1j,
        dates=np.zeros(x.shape, "datetime64[s]"),
        spans_of_time=np.zeros(x.shape, "timedelta64[s]"),
        structured=np.zeros(x.shape, [("a", "f4")]),
        void=np.zeros(x.shape, "V4"),
        masked=np.ma.masked_array(x, np.arange(x.size).reshape(x.shape) == 0),
        masked_nowhere=np.ma.masked_array(x),
        masked_constant=np.ma.masked,
        list_with_a_masked_value=[1.0, np.ma.masked],
        ragged=[[1.0, 2.0], [3.0]],
        list_inside_itself=inside_itself(),
        list_with_None=[1.0, None],
        list_with_text=[1.0, "2"],
        decimals=[Decimal(1), Decimal(2)],
        fractions=[Fraction(1, 2), Fraction(1, 4)],
        whole_numbers_beyond_int64=[10**30],
        empty=np.zeros((0, *x.shape[1:]), x.dtype),
        empty_list=[],
        empty_at_the_end=np.zeros((*x.shape[:-1], 0), x.dtype),
        empty_rows=[[], []],
    )


def shapes(x: np.ndarray) -> dict[str, Odd]:
    found = either(
        one_axis_more=x[np.newaxis],
        one_axis_more_at_the_end=x[..., np.newaxis],
        many_axes=x.reshape(*[1] * (31 - x.ndim), *x.shape),
        one_value=x.reshape(-1)[:1].copy(),
    )
    if x.ndim:
        found |= either(
            scalar=x.reshape(-1)[0],
            zero_axes=x.reshape(-1)[0].reshape(()),
            first_left_out=x[1:].copy() if len(x) > 1 else x[0].copy(),
            twice=np.concatenate([x, x]),
            one_row=x[0].copy(),
        )
    if x.ndim > 1:
        found |= either(transposed=x.T.copy(), flat=x.reshape(-1).copy())
    return found


def with_value(x: np.ndarray, value: Any) -> np.ndarray:
    x = x.copy()
    x.reshape(-1)[-1] = value
    return x


def real(x: np.ndarray) -> dict[str, Odd]:
    """Kinds for a real array; its good values are whole numbers in float16, too."""
    huge, big = np.float32(3e38), np.finfo(np.float64).max
    return {
        **layouts(x),
        **right(
            float64=x.astype(np.float64),
            float16=x.astype(np.float16),
            long_double=x.astype(np.longdouble),
            big_endian_float64=big_endian(x.astype(np.float64)),
            list_=x.tolist(),
            tuple_=_tuples(x.tolist()),
        ),
        **no_numbers(x),
        **refused(
            nan=with_value(x, np.nan),
            inf=with_value(x, np.inf),
            minus_inf=with_value(x, -np.inf),
            all_nan=np.full_like(x, np.nan),
            nan_in_float16=with_value(x, np.nan).astype(np.float16),
            inf_and_minus_inf=np.resize(np.float32([np.inf, -np.inf]), x.shape),
            list_with_nan=with_value(x, np.nan).tolist(),
            long_double_beyond_float64=with_value(
                x.astype(np.longdouble), np.longdouble("1e4000")
            ),
            bool_=x > 0,
            int64=x.astype(np.int64),
            int8=x.astype(np.int8),
            uint8=np.abs(x).astype(np.uint8),
            whole_numbers=x.astype(np.int64).tolist(),
        ),
        **shapes(x),
        **either(
            zeros=np.zeros_like(x),
            minus_zeros=-np.zeros_like(x),
            constant=np.full_like(x, 2),
            negated=-x,
            all_negative=-np.abs(x) - 1,
            one_huge_value=with_value(x, huge),
            all_1e38=np.resize(np.float32([1e38, -1e38]), x.shape),
            all_huge=np.resize(np.array([huge, -huge]), x.shape),
            huge_float16=np.resize(np.float16([65504, -65504]), x.shape),
            float64_1e300=x.astype(np.float64) * 1e300,
            one_1e300=with_value(x.astype(np.float64), 1e300),
            largest_float64=np.resize(np.array([big, -big]), x.shape),
            tiny=x * np.float32(2.0**-120),
            denormal=np.full_like(x, 1e-45),
            denormals=np.resize(np.float32([1e-45, -1e-42]), x.shape),
            denormal_float64=np.full(x.shape, 5e-324),
            denormal_float16=np.full(x.shape, 6e-8, np.float16),
            huge_and_denormal=np.resize(np.float32([3e38, 1e-45, -3e38]), x.shape),
        ),
    }


def numbers(x: np.ndarray) -> dict[str, Odd]:
    """Kinds for real numbers that may be given as integers, too."""
    found = real(x)
    for kind in ("int64", "int8", "whole numbers"):
        found[kind] = replace(found[kind], must=RIGHT, plain=GOOD)
    found["uint8"] = Odd(np.abs(x).astype(np.uint8), EITHER, np.abs(x))
    return found


def counts(x: np.ndarray) -> dict[str, Odd]:
    """Kinds for numbers that count something: integers, or floats from 0 up."""
    found = numbers(x.astype(np.float32))
    return {
        **found,
        **refused(
            one_negative=with_value(x, -1),
            all_zero=np.zeros_like(x),
            beyond_2_to_53=with_value(x.astype(np.uint64), 2**64 - 1),
        ),
    }


def codes(x: np.ndarray) -> dict[str, Odd]:
    """Kinds for an integer array; its good values lie from 0 to 127."""
    return {
        **layouts(x),
        **right(
            int64=x.astype(np.int64),
            int16=x.astype(np.int16),
            big_endian_int32=big_endian(x.astype(np.int32)),
            uint8=x.astype(np.uint8),
            uint64=x.astype(np.uint64),
            list_=x.tolist(),
            tuple_=_tuples(x.tolist()),
        ),
        **no_numbers(x),
        **refused(
            whole_floats=x.astype(np.float32),
            list_of_floats=x.astype(float).tolist(),
            halves=x + np.float32(0.5),
            nan=np.full(x.shape, np.nan),
            inf=np.full(x.shape, np.inf),
            bool_=x > 0,
        ),
        **shapes(x),
        **either(
            zeros=np.zeros_like(x),
            negated=-x,
            least_int8=np.full(x.shape, -128, np.int8),
            one_least_int64=with_value(x.astype(np.int64), -(2**63)),
            one_largest_int64=with_value(x.astype(np.int64), 2**63 - 1),
            all_least_int64=np.full(x.shape, -(2**63)),
            largest_uint64=np.full(x.shape, 2**64 - 1, np.uint64),
            largest_int32=np.full(x.shape, 2**31 - 1, np.int32),
        ),
    }


def codes_of(dtype: type) -> Callable[[np.ndarray], dict[str, Odd]]:
    """Kinds for codes of one type and no other."""

    def kinds(x: np.ndarray) -> dict[str, Odd]:
        found = codes(x)
        others = {"int64", "int16", "uint8", "uint64", "big endian int32", "list"}
        found = _alone(found | either(int8=x.astype(np.int8)))
        for kind in (others | {"int8", "tuple"}) & set(found):
            same = np.asarray(found[kind].value).dtype == dtype
            found[kind] = replace(found[kind], must=RIGHT if same else REFUSED)
        return found

    return kinds


def grey_levels(x: np.ndarray) -> dict[str, Odd]:
    """Kinds for uint8 images."""
    kept = {
        **layouts(x),
        **no_numbers(x),
        **shapes(x),
        **refused(
            list_=x.tolist(),
            int64=x.astype(np.int64),
            int8=x.astype(np.int8),
            bool_=x > 0,
            halves=x + np.float32(0.5),
            nan=np.full(x.shape, np.nan, np.float32),
            inf=np.full(x.shape, np.inf, np.float32),
        ),
    }
    floats = refused(float32=x.astype(np.float32), float64=x.astype(np.float64))
    return _alone({**kept, **floats, **either(black=np.zeros_like(x))})


def _alone(found: dict[str, Odd]) -> dict[str, Odd]:
    """Return the kinds without comparisons: a plain array would be of another type."""
    return {
        kind: replace(odd, plain=NOTHING) if odd.must == EITHER else odd
        for kind, odd in found.items()
    }


def contents(x: np.ndarray) -> dict[str, Odd]:
    """Kinds for an array of any numbers, even of none."""
    found = {**layouts(x), **no_numbers(x)}
    empty = {k: replace(v, must=EITHER) for k, v in found.items() if "empty" in k}
    return {**found, **empty}


def four_axes(x: np.ndarray) -> dict[str, Odd]:
    """Kinds for numbers of any type with four axes, which are only moved about."""
    return {**layouts(x), **no_numbers(x), **shapes(x), **refused(bool_=x > 0)}


def images(x: np.ndarray) -> dict[str, Odd]:
    """Kinds for images that are uint8, or real from 0 to 1."""
    unit = x / np.float32(255)
    found = grey_levels(x)
    del found["float32"], found["float64"], found["halves"]
    odd = real(unit)
    kept = ["nan", "inf", "minus inf", "float64 1e300", "one 1e300", "denormal"]
    kept += ["long double beyond float64", "all huge", "largest float64", "negated"]
    found |= {f"real, {kind}": odd[kind] for kind in kept}
    layout = {f"real, {k}": replace(v, plain=unit) for k, v in layouts(unit).items()}
    return {
        **found,
        **layout,
        **right(
            real=unit, real_float64=unit.astype(np.float64), real_list=unit.tolist()
        ),
    }


def _tuples(values: Any) -> Any:
    return tuple(map(_tuples, values)) if isinstance(values, list) else values


# --- single values -------------------------------------------------------------------


def no_number(value: Any) -> dict[str, Odd]:
    return refused(
        text=str(value),
        empty_text="",
        long_text="8" * 10_000,
        bytes_=b"8",
        None_=None,
        nan=float("nan"),
        inf=float("inf"),
        minus_inf=float("-inf"),
        true=True,
        numpy_true=np.True_,
        complex_=complex(1, 0),
        list_=[value],
        array=np.array([value]),
        two_values=np.array([value, value]),
        empty_array=np.array([]),
        masked=np.ma.masked,
        masked_array=np.ma.masked_array(value),
        date=np.datetime64("2020-01-01"),
        span_of_time=np.timedelta64(8, "s"),
        object_=object(),
        dictionary={},
        slice_=slice(1),
        function=len,
        decimal_nan=Decimal("nan"),
        beyond_any_float=10**400,
    )


def whole(low: int, high: int) -> Callable[[int], dict[str, Odd]]:
    """Kinds for a whole number from low to high."""

    def kinds(value: int) -> dict[str, Odd]:
        return {
            **no_number(value),
            **right(int64=np.int64(value), int32=np.int32(value), own=_own(value)),
            **(right(uint64=np.uint64(value)) if value >= 0 else {}),
            **either(array_of_no_axes=np.array(value)),
            **refused(
                float_=float(value),
                numpy_float=np.float64(value),
                half=value + 0.5,
                decimal=Decimal(value),
                fraction=Fraction(value),
                below=low - 1,
                far_below=-(10**30),
                above=high + 1,
                far_above=10**30,
            ),
        }

    return kinds


def _own(value: int) -> int:
    """Return the number as a member of an enumeration."""
    return enum.IntEnum("Own", {"value_": value}).value_


def number(low: float, high: float) -> Callable[[float], dict[str, Odd]]:
    """Kinds for a real number that is to lie above `low` and below `high`."""

    def kinds(value: float) -> dict[str, Odd]:
        beyond = {}
        if np.isfinite(low):
            beyond |= refused(below=np.nextafter(low, -np.inf), far_below=low - 1e30)
            beyond |= refused(least_float64=-np.finfo(np.float64).max)
        if np.isfinite(high):
            beyond |= refused(above=np.nextafter(high, np.inf), far_above=high + 1e30)
            beyond |= refused(largest_float64=np.finfo(np.float64).max)
        some = either(
            float64_1e300=1e300,
            float64_minus_1e300=-1e300,
            largest=np.finfo(np.float64).max,
            zero=0.0,
            minus_zero=-0.0,
            zero_int=0,
            minus_one=-1,
            denormal=5e-324,
            denormal_float32=np.float32(1e-45),
            tiny=1e-300,
            float32_1e38=np.float32(1e38),
            whole_number_1e30=10**30,
            long_double=np.longdouble(value),
            long_double_beyond=np.longdouble("1e4000"),
        )
        equal = right(
            float64=np.float64(value),
            float32=np.float32(value),
            float16=np.float16(value),
            array_of_no_axes=np.array(value, np.float64),
            big_endian=np.array(value, ">f8"),
        )
        if value == int(value):
            equal |= right(int_=int(value), int64=np.int64(value))
        plain = float(value)
        decimals = refused(decimal=Decimal(plain), fraction=Fraction(plain))
        return {**no_number(value), **decimals, **some, **equal, **beyond}

    return kinds


def pair(value: tuple[int, int]) -> dict[str, Odd]:
    """Kinds for two whole numbers from 1 up."""
    first, second = value
    return {
        **right(list_=list(value), numpy_ints=(np.int64(first), np.int32(second))),
        **refused(
            None_=None,
            number=first,
            text="23",
            bytes_=b"23",
            one=(first,),
            three=(first, second, 1),
            zero=(first, 0),
            negative=(-1, second),
            far_beyond=(first, 10**30),
            floats=(float(first), second),
            bools=(True, True),
            nan=(first, float("nan")),
            with_None=(first, None),
            with_a_masked_value=(first, np.ma.masked),
            array=np.array(value),
            dictionary={first: second},
            set_={1, 2},
            object_=object(),
        ),
    }


def flag(value: bool) -> dict[str, Odd]:
    return {
        **right(numpy_bool=np.bool_(value)),
        **refused(
            zero=0,
            one=1,
            float_=1.0,
            nan=float("nan"),
            None_=None,
            text=str(value),
            empty_text="",
            long_text="True" * 10_000,
            list_=[value],
            array=np.array([value, value]),
            object_=object(),
            masked=np.ma.masked,
            numpy_int=np.int64(1),
        ),
    }


def choice(value: str) -> dict[str, Odd]:
    """Kinds for a name that must be one of a few."""
    return {
        **right(numpy_text=np.str_(value)),
        **refused(
            misspelt=value + "x",
            too_short=value[:-1],
            upper_case=value.upper(),
            with_space=f" {value}",
            empty="",
            None_=None,
            number=1,
            nan=float("nan"),
            true=True,
            bytes_=value.encode(),
            list_=[value],
            tuple_=(value,),
            set_={value},
            dictionary={value: 1},
            array=np.array([value]),
            array_of_two=np.array([value, value]),
            array_of_numbers=np.zeros(3),
            masked=np.ma.masked,
            object_=object(),
            function=len,
            long=value * 10_000,
        ),
    }


def axis(value: int) -> dict[str, Odd]:
    found = whole(-9, 8)(value)
    del found["None"]  # has a meaning of its own: no axis
    return {**found, **refused(pair=(value,), out_of_reach=5, out_before=-6)}


def other(*wrong: Any, **named: Any) -> Callable[[Any], dict[str, Odd]]:
    """Kinds for an object of one class: whatever is of another."""

    def kinds(value: Any) -> dict[str, Odd]:
        some = {
            "None": None,
            "text": "text",
            "bytes": b"bytes",
            "number": 8,
            "nan": float("nan"),
            "true": True,
            "list": [1, 2],
            "list of it": [value],
            "tuple": (0.5, 0, 8),
            "dictionary": {"scale": 0.5},
            "array": np.zeros(3),
            "array of one": np.zeros(1, np.int64),
            "array of objects": np.array([None, 1], object),
            "masked": np.ma.masked,
            "object": object(),
            "class": type(value),
            "function": np.mean,
            **named,
        }
        return {k: Odd(v, REFUSED, NOTHING) for k, v in some.items() if k not in wrong}

    return kinds


def grid(value: QuantParams) -> dict[str, Odd]:
    three = np.float32([1, 2, 3]), np.zeros(3, np.int32)
    return {
        **other()(value),
        **refused(
            of_other_channels=QuantParams(*three, 8, axis=0),
            of_an_axis_too_far=QuantParams(*three, 8, axis=7),
        ),
    }


def out(dtype: type, shape: tuple[int, ...]) -> Callable[[None], dict[str, Odd]]:
    """Kinds for an array to write to; the good call leaves it out."""

    def kinds(_value: None) -> dict[str, Odd]:
        good = np.zeros(shape, dtype)
        wrong = np.complex64 if np.dtype(dtype).kind == "f" else np.float32
        return {
            **right(
                good=good,
                non_contiguous=np.repeat(good, 2, axis=-1)[..., ::2],
                backwards=np.repeat(good, 2, axis=-1)[..., ::-2],
                Fortran_order=np.asfortranarray(good),
                unaligned=unaligned(good),
                subclass=good.copy().view(OfItsOwn),
            ),
            **refused(
                list_=good.tolist(),
                text="text",
                true=True,
                number=0,
                object_=object(),
                other_type=good.astype(wrong),
                bool_=good.astype(bool),
                objects=good.astype(object),
                read_only=read_only(good),
                too_long=np.zeros((*shape[:-1], shape[-1] + 1), dtype),
                too_many_axes=good[np.newaxis],
                no_axes=np.zeros((), dtype),
                empty=np.zeros((0, *shape[1:]), dtype),
                masked=np.ma.masked_array(good),
            ),
        }

    return kinds


# --- mappings and files --------------------------------------------------------------


def inside(value: Mapping, name: Any, kinds: Mapping[str, Odd]) -> dict[str, Odd]:
    """Return the mapping with each of these kinds of odd values under one name."""

    def put(given: Any) -> Any:
        return given if given is GOOD or given is NOTHING else {**value, name: given}

    return {
        f"{name}: {kind}": replace(
            odd, value={**value, name: odd.value}, plain=put(odd.plain)
        )
        for kind, odd in kinds.items()
    }


def mapping(of: Callable[[Any], dict[str, Odd]]) -> Callable[[Mapping], dict[str, Odd]]:
    """Kinds for a dictionary: odd objects, and odd values under its last name."""

    def kinds(value: Mapping) -> dict[str, Odd]:
        *_, last = value
        return {
            **other("dictionary")(value),
            **refused(pairs=list(value.items()), keys=list(value)),
            **right(ordered=OrderedDict(value)),
            **inside(value, last, of(value[last])),
        }

    return kinds


FEW = "list", "big endian", "float64", "nan", "masked", "object array", "text", "None"
FEW = *FEW, "int64", "empty", "twice", "scalar", "one 1e300", "denormal", "sparse"


def few_weights(value: Mapping[str, np.ndarray]) -> dict[str, Odd]:
    """Kinds as `weights`, for a function that leaves the arrays to the same check."""
    kept = {f"logits/bias: {kind}" for kind in FEW}
    return {k: v for k, v in weights(value).items() if ":" not in k or k in kept}


def weights(value: Mapping[str, np.ndarray]) -> dict[str, Odd]:
    """Kinds for the arrays of a network."""
    kernel = value["conv/kernel"]
    *names, _ = value
    return {
        **mapping(real)(value),
        **inside(value, "conv/kernel", layouts(kernel)),
        **refused(empty={}, one_missing={name: value[name] for name in names}),
        **right(one_more={**value, "more": None}),
    }


def tflite(value: Any) -> dict[str, Odd]:
    """Kinds for the bytes of a .tflite file; test_flatbuffer damages some."""
    return {
        **other("text")(value),
        **right(bytearray_=bytearray(value)),
        **refused(
            no_bytes=b"",
            other_bytes=b"PK\x03\x04" * 100,
            mark_alone=b"    TFL3",
            half=value[: len(value) // 2],
        ),
    }


def nothing(_value: Any) -> dict[str, Odd]:
    """No kinds: of an argument that other tests look at."""
    return {}


def histogram(value: Histogram) -> dict[str, Odd]:
    return refused(empty=Histogram(value.bins))
