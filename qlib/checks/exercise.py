"""One exercise: its cases, the right answer, and the wrong ones that people give.

A wrong answer is recognised by what it returns: each known mistake is a small function
that makes the same mistake, and an answer that agrees with it on every case is told so.
"""

import copy
import dis
import inspect
import io
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SECONDS = 10.0  # what an answer may take on one case before it counts as endless
LINES = 10  # how much of what an answer prints is shown

_POWER = "In Python `^` is not a power: write `**`."
_HINTS = {  # {words of Python or NumPy: what to do}
    "truth value of an array": "`==`, `<` and `if` work value by value on arrays: did "
    "you mean np.where or np.all? And Python's max and sum stumble over arrays with "
    "two axes: use np.max, np.sum.",
    "bitwise_xor": _POWER,
    "for ^: ": _POWER,
    "define __round__": "round is for one number, np.round for arrays.",
    "arrays can be converted to": "The functions of math take one number: those of "
    "NumPy, such as np.sqrt, take arrays.",
}

# One check at a time, for prints are held back in all threads. An answer that calls its
# own check, one wrong indent, would start checks without end.
_running = threading.Lock()
_called_itself = threading.Event()
_solved: set[int] = set()  # exercises whose last check was passed, by id


@dataclass(frozen=True)
class Mistake:
    """A way to go wrong: what it computes, and the sentence that names it."""

    does: Callable
    says: str


def mistakes_of(named: Mapping[str, Any]) -> list[Mistake]:
    """Return the mistakes of {sentence: function, or several in a list or tuple}.

    Example:
        >>> len(mistakes_of({"Too large.": [max, sum], "Too small.": min}))
        3
    """
    several = (list, tuple)
    return [
        Mistake(does, says)
        for says, made in named.items()
        for does in (made if isinstance(made, several) else [made])
    ]


@dataclass(frozen=True)
class Exercise:
    """What a check knows of an exercise.

    Args:
        title: as the notebook prints it, such as "Exercise 4".
        right: a function that solves it.
        cases: argument tuples; the first should be one that fits in a sentence.
        mistakes: known wrong answers, the most telling first.
        rtol: relative tolerance of float results.
        praise: what a right answer is told.
        exact: float arrays must have the dtype of the right answer too, and whole
            numbers may not be floats.
        note: what to add to the verdict on a wrong answer, from one case, what was
            returned and what was expected.
    """

    title: str
    right: Callable
    cases: Sequence[tuple]
    mistakes: Sequence[Mistake] = field(default_factory=tuple)
    rtol: float = 1e-5
    praise: str = "right."
    exact: bool = False
    note: Callable[[tuple, Any, Any], str] = lambda case, result, want: ""

    def verdict(self, answer: Callable) -> tuple[bool, str]:
        """Return (ok, sentence) for a student's function; never raise.

        An answer that never ends is stopped after `SECONDS`, unless it is one long
        step of NumPy's or Python's own code, which nothing can interrupt.

        Example:
            >>> half = Exercise("Exercise 0", lambda x: x / 2, [(3.0,), (8.0,)])
            >>> half.verdict(lambda x: x)[1]
            'Exercise 0: not yet. For (3) you returned 3, expected was 1.5.'
        """
        return self._examine(answer)[:2]

    def __call__(self, answer: Callable) -> None:
        """Print the verdict on a student's function, in one line, and remember it.

        If the answer is wrong, what it printed on the way follows, for those who look
        for the mistake with print.
        """
        solved, sentence, printed = self._examine(answer)
        (_solved.add if solved else _solved.discard)(id(self))
        print(sentence)
        if printed and not solved:
            print(_first_lines(printed))

    def _examine(self, answer: Callable) -> tuple[bool, str, str]:
        """Return (ok, sentence, what the answer printed in the case that failed)."""
        if not callable(answer):
            kind = type(answer).__name__
            return False, f"{self.title}: a function is needed, you gave a {kind}.", ""
        if not _running.acquire(blocking=False):
            _called_itself.set()
            return False, self._not_yet("another check is running."), ""
        _called_itself.clear()
        try:
            return self._run(answer)
        except Exception as error:  # what was returned may do anything when looked at
            kind = type(error).__name__
            return (
                False,
                self._not_yet(
                    f"your function returns something that cannot be compared ({kind})."
                ),
                "",
            )
        finally:
            _running.release()

    def _run(self, answer: Callable) -> tuple[bool, str, str]:
        results, prints = [], []
        for case in self.cases:
            given = copy.deepcopy(case)
            result, fault, printed = _call(answer, given)
            prints.append(printed)
            why = ""
            if _called_itself.is_set():
                why = (
                    "your function calls its own check: move that line out of the "
                    "function, to the left edge."
                )
            elif fault:
                named = self._known_fault(results, fault)
                if not named and _POWER not in fault and _has_power_slip(answer, case):
                    named = f" ({_POWER})"
                why = f"for {show(case)} {fault}{named}"
            elif result is None or result is Ellipsis:
                if not results and _is_stub(answer):
                    return False, f"{self.title}: not attempted yet", ""
                if len(results) > 2 and not self._judge(answer, results)[0]:
                    break  # what it returned before tells more
                why = (
                    f"for {show(case)} you returned nothing: is a `return` missing, "
                    "or a path without one?"
                )
            elif not same(given, case, 0.0):
                why = (
                    f"your function changes its argument: {show(case)} became "
                    f"{show(given)}. Work on a copy, or make a new array."
                )
            if why:
                return False, self._not_yet(why), printed
            results.append(copy.deepcopy(result))  # the answer may use it again
        solved, sentence, which = self._judge(answer, results)
        return solved, sentence, prints[which]

    def _judge(self, answer: Callable, results: list) -> tuple[bool, str, int]:
        """Return (ok, sentence, number of the first case that fails)."""
        wanted = [self.right(*copy.deepcopy(case)) for case in self.cases]
        pairs = list(zip(results, wanted, strict=False))
        wrong = [i for i, pair in enumerate(pairs) if not self._fits(*pair)]
        if not wrong:
            return True, f"✓ {self.title}: {self.praise}", 0
        which = wrong[0]
        case, (result, want) = self.cases[which], pairs[which]
        named = self._known_mistake(results)
        seen, asked = show_value(result), show_value(want)
        if not named or seen == asked:  # as int64 and int8 may be
            told = difference(case, result, want, self.exact)
        if named:
            if seen == asked:
                told = f"{named} {told[0].upper()}{told[1:]}"
            else:
                told = (
                    f"{named} For {show(case)} you returned {seen}, "
                    f"expected was {asked}."
                )
        elif _has_power_slip(answer, case):
            told = f"{told} {_POWER}"
        note = self.note(case, result, want)
        return False, self._not_yet(f"{told} {note}".rstrip()), which

    def _fits(self, result: Any, want: Any) -> bool:
        return same(result, want, self.rtol, self.exact)

    def _known_mistake(self, results: list) -> str:
        for mistake in self.mistakes:
            if self._agrees(mistake, results):
                return mistake.says
        return ""

    def _known_fault(self, results: list, fault: str) -> str:
        """Return the sentence of a mistake that fails in the same case and way."""
        case = self.cases[len(results)]
        for mistake in self.mistakes:
            made = _call(mistake.does, copy.deepcopy(case))[1]
            if made == fault and self._agrees(mistake, results):
                return f"{'' if fault.endswith('.') else '.'} {mistake.says}"
        return ""

    def _agrees(self, mistake: Mistake, results: list) -> bool:
        """Return whether a mistake makes these results of the first cases."""
        made = (_call(mistake.does, copy.deepcopy(case)) for case in self.cases)
        return all(  # up to the first case that tells them apart
            not fault and same(result, value, self.rtol)
            for result, (value, fault, _) in zip(results, made, strict=False)
        )

    def _not_yet(self, why: str) -> str:
        return f"{self.title}: not yet. {why[0].upper()}{why[1:]}"


def progress_over(exercises: Mapping[str, Exercise]) -> Callable[[], None]:
    """Return a function that prints which exercises are solved, in this session.

    Nothing is written anywhere: a new kernel begins anew.

    Example:
        >>> half = Exercise("Exercise 1", lambda x: x / 2, [(3.0,)], praise="yes.")
        >>> progress = progress_over({"half": half})
        >>> half(lambda x: 0.5 * x)
        ✓ Exercise 1: yes.
        >>> progress()
        ✓ Exercise 1: half
        1 of 1 done
    """

    def progress() -> None:
        """Print a line for each exercise, ticked if its last check was passed."""
        in_order = sorted(
            exercises.items(), key=lambda item: int(item[1].title.split()[-1])
        )
        for name, exercise in in_order:
            tick = "✓" if id(exercise) in _solved else "·"
            print(f"{tick} {exercise.title}: {name}")
        done = sum(id(exercise) in _solved for exercise in exercises.values())
        print(f"{done} of {len(exercises)} done")

    return progress


def same(a: Any, b: Any, rtol: float, exact: bool = False) -> bool:
    """Return whether two results agree in kind, shape, integer dtype and values.

    Example:
        >>> same((1.0, 2), [1.0, 2], rtol=1e-5), same(np.int8([1]), np.int32([1]), 0.0)
        (True, False)
        >>> one = np.float64([1]), np.float32([1])
        >>> same(*one, rtol=0.0), same(*one, rtol=0.0, exact=True)
        (True, False)
    """
    if a is None or b is None:
        return a is b
    if isinstance(a, tuple) or isinstance(b, tuple):
        if not (_is_row(a) and _is_row(b) and len(a) == len(b)):
            return False
        return all(same(x, y, rtol, exact) for x, y in zip(a, b, strict=True))
    try:
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape or not _same_kind(a, b, exact):
            return False
        if a.dtype.kind in "iu" and b.dtype.kind in "iu":
            return bool(np.array_equal(a, b))  # 117926 is not 117925
        return bool(np.allclose(a, b, rtol=rtol, atol=rtol * 1e-6, equal_nan=True))
    except (TypeError, ValueError):
        return bool(np.array_equal(a, b))


def difference(case: tuple, result: Any, want: Any, exact: bool = False) -> str:
    """Return a sentence that says how `result` differs from what was expected.

    Example:
        >>> difference((3.0,), 1, (1, 2))
        'for (3) you returned 1: a tuple of 2 values is expected (a pair).'
    """
    start = f"for {show(case)} you returned {show_value(result)}"
    if isinstance(want, tuple):
        if not _is_row(result) or len(result) != len(want):
            pair = " (a pair)" if len(want) == 2 else ""
            return f"{start}: a tuple of {len(want)} values is expected{pair}."
    elif np.shape(result) != np.shape(want):
        if np.shape(want) == ():
            return f"{start}: one number is expected, not an array."
        return (
            f"{start} of shape {np.shape(result)}: shape {np.shape(want)} is expected."
        )
    elif not _same_kind(np.asarray(result), np.asarray(want), exact):
        return (
            f"{start} of dtype {np.asarray(result).dtype}: "
            f"{np.asarray(want).dtype} is expected."
        )
    return f"{start}, expected was {show_value(want)}."


def show(case: tuple) -> str:
    """Return the arguments as they would be typed, cut short where they are long.

    Example:
        >>> show((-1.0, np.array([1, 2]), 8))
        '(-1, [1, 2], 8)'
    """
    return "(" + ", ".join(show_value(value) for value in case) + ")"


def show_value(value: Any) -> str:
    """Return a value in few characters: arrays as lists, floats to five digits.

    Example:
        >>> show_value((np.pi, "text"))
        '(3.1416, text)'
    """
    if isinstance(value, (tuple, list)):
        shown = ", ".join(show_value(v) for v in value[:12])
        return f"({shown}{', ...' if len(value) > 12 else ''})"
    if isinstance(value, np.ndarray) and value.size > 12:
        kind = f"{'an' if value.dtype.kind == 'i' else 'a'} {value.dtype}"
        return f"{kind} array of shape {value.shape} ({value.flat[:3]}...)"
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=5, separator=", ").replace("\n", "")
    if isinstance(value, (float, np.floating)):
        return _short(float(value))
    return _one_line(value, 60)


def _short(value: float) -> str:
    """Return five digits, and what is missing if it is tiny and there on purpose."""
    text = f"{value:.5g}"
    missing = value - float(text) if np.isfinite(value) else 0.0
    if 1e-14 < abs(missing) / max(abs(value), 1e-300) < 1e-9:
        return f"{text} {'-' if missing < 0 else '+'} {abs(missing):.2g}"
    return text


def _is_row(value: Any) -> bool:
    """Return whether a value can stand for a tuple."""
    return isinstance(value, (tuple, list)) or (
        isinstance(value, np.ndarray) and value.ndim == 1
    )


def _same_kind(a: np.ndarray, b: np.ndarray, exact: bool) -> bool:
    """Integers of a fixed width must agree; plain numbers may be ints or floats.

    If `exact`, floats have a width as well, and no float stands for an integer.
    """
    kind = b.dtype.kind
    if b.ndim and kind in ("iuf" if exact else "iu") and b.dtype != np.int64:
        return a.dtype == b.dtype
    if kind == "c":  # the root of a negative number, in a known mistake
        return a.dtype.kind == "c"
    allowed = "iu" if exact and kind in "iu" else "iufb"
    return a.dtype.kind in allowed and kind in "iufb"


def _is_stub(function: Callable) -> bool:
    """Return whether a function does nothing yet: its body is `...`, pass or words."""
    code = getattr(function, "__code__", None)
    idle = {"RESUME", "NOP", "CACHE", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
    return code is not None and all(
        step.opname in idle for step in dis.get_instructions(code)
    )


def _has_power_slip(function: Callable, case: tuple) -> bool:
    """Return whether a function's code uses `^` where real numbers are given to it."""
    code = getattr(function, "__code__", None)
    if code is None or not any(np.asarray(v).dtype.kind == "f" for v in case):
        return False
    return any(
        step.opname == "BINARY_OP" and step.argrepr in ("^", "^=")
        for step in dis.get_instructions(code)
    )


def _call(function: Callable, arguments: tuple) -> tuple[Any, str, str]:
    """Return (result, what went wrong or "", what was printed); time is bounded."""
    box: dict[str, Any] = {}

    def run() -> None:
        try:
            with np.errstate(all="ignore"):
                box["result"] = function(*arguments)
        except BaseException as error:
            box["error"] = error

    worker = threading.Thread(target=run, daemon=True)
    stream = io.StringIO()
    with redirect_stdout(stream), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        worker.start()
        try:
            worker.join(SECONDS)
        finally:
            ended = not worker.is_alive()
            if not ended:  # also when Ctrl-C ends the waiting
                _stop(worker)
    printed = "" if stream.closed else stream.getvalue()
    result, fault = box.get("result"), ""
    if not ended:
        fault = f"your function did not end within {SECONDS:.0f} seconds."
    elif "error" in box:
        words = _one_line(box["error"], 200)
        fault = f"your function raised {type(box['error']).__name__}: {words}"
        fault += "".join({f" ({hint})": 0 for w, hint in _HINTS.items() if w in words})
    elif result is None and printed:
        fault = "your function prints its answer: return it instead."
    elif inspect.isgenerator(result):
        fault = "your function returns a generator: put its values in a list."
    return (None if fault else result), fault, printed


def _first_lines(printed: str) -> str:
    r"""Return the first lines of what an answer printed, each cut short.

    Example:
        >>> print(_first_lines("low 36\nhigh 40\n"))
        It printed:
            low 36
            high 40
    """
    lines = printed.splitlines()
    shown = [f"    {line[:100]}" for line in lines[:LINES]]
    if len(lines) > LINES:
        shown.append(f"    ... and {len(lines) - LINES} lines more")
    return "\n".join(["It printed:", *shown])


def _one_line(value: Any, longest: int) -> str:
    """Return the words for a value in one line, cut short, whatever it may do."""
    try:
        text = " ".join(str(value).split())
    except Exception:
        return f"(a {type(value).__name__} that has no words)"
    return text if len(text) <= longest else text[: longest - 3] + "..."


def _stop(worker: threading.Thread) -> None:
    """Ask an endless answer to end, so that it does not keep a core busy."""
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(worker.ident or 0), ctypes.py_object(SystemExit)
    )
