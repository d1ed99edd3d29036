"""Bad input, one table: every public function of qlib times every kind of odd value.

`bad_input_table` says how a good call of each function is made and of which sort each
argument is, `bad_input_kinds` which odd values there are for a sort. Each is put in the
place of one good argument. Then the result must be right, which is that of the same
values in a plain array, or the argument must be refused by its name. No argument may be
changed, and nothing may warn.
"""

import functools
import importlib
import inspect
import pkgutil
import re
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qlib
from qlib.histogram import Histogram
from tests.bad_input_kinds import GOOD, NOTHING, REFUSED, RIGHT, Odd
from tests.bad_input_table import TABLE

PACKAGE = Path(qlib.__file__).parent
LONGEST = 600  # characters of a message that somebody reads
SAYS = {"x": ("tensor",), "params": ("tensor", "parameters")}  # of an axis, say
CLOSE = 2e-3  # of the largest value: float16 is among the kinds

NO_FUNCTIONS = "checks", "plots"  # the exercises' answers; figures
CHECK = "is one of the questions that public functions ask"
INNER = "is an inner step: its callers have checked what they give it"
RECORD = "is a record that qlib fills"
GRAPH = "is part of a TensorFlow graph, which checks its tensors itself"
PATH = "takes a path or a name of a file, which test_data damages"
UNNAMED = {"kmeans.optimal_bounds": {"ks"}, "training.batches": {"movement"}}
COMMAND = "is a command: it hands its settings on to functions that are in the table"
EXEMPT = {
    "accumulators.Sums": RECORD,
    "accumulators.depthwise": INNER,
    "augmentation.moved": GRAPH,
    "data.load_float_model": PATH,
    "data.load_mnist": PATH,
    "data.load_study": PATH,
    "device.Device": RECORD,
    "device.Place": RECORD,
    "errors.Health": RECORD,
    "fixed_point.high_mul": INNER,
    "fixed_point.rescaled": INNER,
    "fixed_point.shift_away": INNER,
    "flatbuffer.ModelFile": RECORD,
    "flatbuffer.Operator": RECORD,
    "flatbuffer.Tensor": RECORD,
    "histogram.require_counts": CHECK,
    "int8_model.make": COMMAND,
    "integer_nn.IntegerNetwork": RECORD,
    "integer_steps.Step": RECORD,
    "integer_steps.pooled_first": INNER,
    "integer_steps.require_simple": CHECK,
    "integer_steps.step_of": INNER,
    "kmeans.Line.bounds": INNER,
    "kmeans.Line.cost": INNER,
    "kmeans.Line.loss": INNER,
    "kmeans.Line.means": INNER,
    "kmeans.Line.n": INNER,
    "kmeans.cell_edges": INNER,
    "kmeans.middles": INNER,
    "kmeans.optimal_bounds": INNER,
    "kmeans.refined": INNER,
    "latency.Latency": RECORD,
    "qat.Trained": RECORD,
    "rescale.Rescale": RECORD,
    "ste.fake_quantize_ste": GRAPH,
    "ste.round_ste": GRAPH,
    "ste.scaled_gradient": GRAPH,
    "thresholds.grid_mse": INNER,
    "thresholds.require_bins": CHECK,
    "tflite.as_input": INNER,
    "training.main": COMMAND,
    "training.train_and_save": COMMAND,
    "training.validate": COMMAND,
}


# --- the table has every function and every argument ---------------------------------


def public_functions() -> Iterator[tuple[str, Any]]:
    """Yield (name, function) of all that qlib's modules define for others."""
    for module in pkgutil.iter_modules([str(PACKAGE)]):
        if module.name.startswith("_") or module.name in NO_FUNCTIONS:
            continue
        found = vars(importlib.import_module(f"qlib.{module.name}"))
        for name, value in found.items():
            own = getattr(value, "__module__", None) == f"qlib.{module.name}"
            if own and not name.startswith("_") and callable(value):
                yield from _with_methods(f"{module.name}.{name}", value)


def _with_methods(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if inspect.isclass(value) and issubclass(value, Exception):
        return
    yield name, value
    for method in vars(value) if inspect.isclass(value) else ():
        bound = getattr(value, method)
        if not method.startswith("_") and callable(bound):
            yield f"{name}.{method}", bound


def arguments_of(name: str, function: Any) -> set[str]:
    found = set(inspect.signature(function).parameters)
    return found - {"self"} - UNNAMED.get(name, set())


@functools.cache
def public() -> dict[str, set[str]]:
    """Return the arguments of each public function that has any."""
    found = {n: arguments_of(n, function) for n, function in public_functions()}
    return {name: arguments for name, arguments in found.items() if arguments}


def covered() -> dict[str, set[str]]:
    """Return the arguments that the table has for each function."""
    found: dict[str, set[str]] = {}
    for entry, call in TABLE.items():
        found.setdefault(entry.partition(" ")[0], set()).update(call.sorts)
    return found


def is_exempt(name: str) -> bool:
    return name in EXEMPT or (name.rpartition(".")[0] in EXEMPT)


def test_every_public_function_is_in_the_table():
    missing = [n for n in public() if n not in covered() and not is_exempt(n)]
    assert not missing, (
        f"tests/bad_input_table.py has no good call of {', '.join(missing)}: add to "
        "TABLE how one is made and of which sort its arguments are, or to EXEMPT in "
        "tests/test_bad_input.py why bad input is no question there."
    )


def test_every_argument_is_in_the_table():
    missing = {
        name: sorted(arguments - covered()[name])
        for name, arguments in public().items()
        if name in covered() and arguments - covered()[name]
    }
    assert not missing, (
        f"tests/bad_input_table.py says nothing of the arguments {missing}: add to the "
        "function's entry in TABLE of which sort they are."
    )


def test_the_table_names_nothing_that_is_not_there():
    gone = [name for name in (*covered(), *EXEMPT) if name not in public()]
    assert not gone, f"qlib has no {', '.join(gone)} (any more): leave it out."
    both = [name for name in covered() if name in EXEMPT]
    assert not both, f"{', '.join(both)} are in TABLE and in EXEMPT: one of them lies."


# --- one cell of the table -----------------------------------------------------------


def function_of(entry: str) -> Any:
    """Return what an entry of the table calls."""
    if TABLE[entry].function is not None:
        return TABLE[entry].function
    module, *path = entry.partition(" ")[0].split(".")
    return functools.reduce(getattr, path, importlib.import_module(f"qlib.{module}"))


def outcome(entry: str, **changed: Any) -> tuple[Any, bool]:
    """Return (result or exception, whether all arguments are as they were)."""
    given = {**TABLE[entry].good(), **changed}
    looked_at = {name: v for name, v in given.items() if name != "out"}
    before = snapshot(looked_at)
    try:
        found = plain_parts(TABLE[entry].shown(function_of(entry)(**given)))
    except Exception as error:
        found = error
    return found, snapshot(looked_at) == before


def snapshot(value: Any, depth: int = 0) -> Any:
    """Return what tells a value from itself after a change."""
    if isinstance(value, np.ndarray):
        data = np.ma.getdata(value)
        held = repr(data) if value.dtype.hasobject else data.tobytes()
        mask = np.ma.getmaskarray(value).tobytes() if np.ma.isMA(value) else b""
        flags = value.flags.writeable, value.strides
        return type(value), value.dtype.str, value.shape, held, mask, flags
    if depth < 5 and isinstance(value, Mapping):
        return [(name, snapshot(v, depth + 1)) for name, v in value.items()]
    if depth < 5 and isinstance(value, (list, tuple)):
        return [type(value), *(snapshot(v, depth + 1) for v in value)]
    if isinstance(value, Histogram):
        return repr(value), value.counts.tobytes(), value.edges.tobytes()
    return repr(value) if isinstance(value, (int, float, str, bytes)) else id(value)


def plain_parts(result: Any) -> list:
    """Return the arrays, texts and other ends of a result, in order."""
    if isinstance(result, Histogram):
        return plain_parts([result.counts, result.edges, result.low, result.high])
    if isinstance(result, Mapping):
        return [part for item in result.items() for part in plain_parts(item)]
    if isinstance(result, (list, tuple)):
        return [part for item in result for part in plain_parts(item)]
    if is_dataclass(result):
        own = [getattr(result, one.name) for one in fields(result)]
        return [part for item in own for part in plain_parts(item)]
    if isinstance(result, (str, bytes)):
        return [result]
    if isinstance(result, (np.ndarray, np.generic, int, float)):
        return [np.asanyarray(result)]
    return [type(result).__name__]


def is_same(found: Any, wanted: Any) -> bool:
    """Return whether two ends of results are equal, or as near as float16 is."""
    if not isinstance(found, np.ndarray) or not isinstance(wanted, np.ndarray):
        return type(found) is not np.ndarray is not type(wanted) and found == wanted
    if found.shape != wanted.shape:
        return False
    if found.dtype.kind != "f" or wanted.dtype.kind != "f":
        return bool(np.array_equal(found, wanted))
    found, wanted = found.astype(np.float64), wanted.astype(np.float64)
    finite = np.isfinite(wanted)
    reach = np.abs(wanted[finite]).max(initial=0.0)
    return np.allclose(found, wanted, rtol=CLOSE, atol=CLOSE * reach, equal_nan=True)


def result_problem(found: list, wanted: list | None) -> str | None:
    arrays = [part for part in found if isinstance(part, np.ndarray)]
    if any(np.ma.isMA(a) or a.dtype.hasobject or not a.dtype.isnative for a in arrays):
        return f"gave no plain array: {found!r:.200}"
    if any(a.dtype.kind == "f" and np.isnan(a).any() for a in arrays):
        return f"gave NaN: {found!r:.200}"
    if wanted is None:
        return None
    if len(found) == len(wanted) and all(map(is_same, found, wanted)):
        return None
    return f"gave {found!r:.200}, and the same values in a plain array {wanted!r:.200}"


def refusal_problem(error: Exception, names: list[str]) -> str | None:
    """Return what is wrong with the exception by which an argument is refused."""
    raised = list(traceback.walk_tb(error.__traceback__))[-1][0].f_code.co_filename
    kind, said = type(error), str(error)
    if kind not in (ValueError, TypeError) and not kind.__module__.startswith("qlib."):
        return f"raised {kind.__name__}: {said:.200}"
    if PACKAGE not in Path(raised).parents:
        return f"was refused by {Path(raised).name} and not by qlib: {said:.200}"
    if not any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) for name in names):
        return f"was refused without its name: {said:.200}"
    if said[-1] not in ".?":
        return f"was refused without a sentence: {said:.200}"
    if len(said) > LONGEST:
        return f"was refused in {len(said)} characters: {said:.200}"
    return None


@functools.cache
def good_result(entry: str) -> list:
    found, kept = outcome(entry)
    assert kept, "an argument of the good call was changed"
    if isinstance(found, Exception):
        raise found
    return found


def wanted_of(entry: str, argument: str, odd: Odd) -> list | Exception | None:
    """Return the result for the same values in a plain array, where that is known."""
    if odd.plain is GOOD:
        return good_result(entry)
    return None if odd.plain is NOTHING else outcome(entry, **{argument: odd.plain})[0]


def problem_of(entry: str, argument: str, odd: Odd, must: str) -> str | None:
    """Return what is wrong with one cell of the table, None if nothing is."""
    found, kept = outcome(entry, **{argument: odd.value})
    if not kept:
        return "an argument was changed"
    if isinstance(found, Exception):
        if must == RIGHT:
            return f"must be taken, and raised {found!r:.300}"
        says = TABLE[entry].says.get(argument, SAYS.get(argument, ()))
        return refusal_problem(found, [argument, *says])
    if must == REFUSED:
        return f"must be refused, and gave {found!r:.200}"
    wanted = wanted_of(entry, argument, odd)
    if isinstance(wanted, Exception):
        return f"gave {found!r:.200}, and as a plain array it raises {wanted!r:.200}"
    return result_problem(found, wanted)


def problems(entry: str, argument: str) -> list[str]:
    call = TABLE[entry]
    odd_values = call.sorts[argument](call.good()[argument])
    instead = call.but.get(argument, {})
    assert instead.keys() <= odd_values.keys(), f"{set(instead) - set(odd_values)}?"
    found = []
    for kind, odd in odd_values.items():
        must = instead.get(kind, odd.must)
        if call.refusals and must != REFUSED:
            continue
        if problem := problem_of(entry, argument, odd, must):
            found.append(f"{entry}, {argument}, {kind}: {problem}")
    return found


CELLS = [(entry, argument) for entry, call in TABLE.items() for argument in call.sorts]


@pytest.mark.parametrize(
    ("entry", "argument"), CELLS, ids=[f"{e.replace(' ', '_')}-{a}" for e, a in CELLS]
)
def test_odd_input_is_taken_right_or_refused_by_name(entry, argument):
    found = problems(entry, argument)
    assert not found, "\n".join([f"{len(found)} kinds:", *found])
