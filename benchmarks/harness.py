"""Times contenders side by side: each round times every one of them once, in turn.

A machine whose speed drifts then drifts for all. The first calls of each are a warm-up:
they fill caches and start threads, and what one returns is compared. Every round has an
order of its own, and the machine rests before each call, for the threads of some
libraries go on asking for work for a while and are in the next one's way. A short call
is then made once more before the one that is timed: threads sleep, and the contender
before has taken the cache.
"""

import os
import platform
import random
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np

from tools.files import ROOT

REST = 0.001  # s
QUICK = 0.02  # s: a call this short is made once more before it is timed

Row = dict[str, Any]
Rows = list[Row]


@dataclass(frozen=True)
class Contender:
    """What is timed.

    Args:
        run: a function without arguments.
        factor: what its time is multiplied by, where it does a part of the work.
        own_clock: whether it returns the seconds itself, as another process told them.
    """

    run: Callable[[], Any]
    factor: float = 1.0
    own_clock: bool = False

    def timed(self) -> tuple[float, Any]:
        """Return the seconds of one call, and what it returned."""
        start = perf_counter()
        result = self.run()
        seconds = result if self.own_clock else perf_counter() - start
        return seconds * self.factor, result


@dataclass(frozen=True)
class Group:
    """Contenders that do the same work; the first is the one that others are told by.

    Args:
        title: what the work is, such as "1,000,000 values".
        contenders: functions without arguments, or `Contender`s, by name. Ours begin
            with "qlib".
        floors: names of those that are no rivals, such as a plain copy.
        seconds: rounds go on until these have passed.
        rounds: the fewest rounds.
        first_counts: whether the first call is a round too, for work of minutes.
        keep: what to keep of a first result, where it is large.
        check: is given what was kept, by name, and raises if they do not agree.
        facts: is given the same, and returns more columns: {name: {heading: value}}.
    """

    title: str
    contenders: Mapping[str, Callable[[], Any] | Contender]
    floors: tuple[str, ...] = ()
    seconds: float = 2.0
    rounds: int = 5
    first_counts: bool = False
    keep: Callable[[Any], Any] = lambda result: result
    check: Callable[[dict[str, Any]], None] = lambda kept: None
    facts: Callable[[dict[str, Any]], dict[str, Row]] = lambda kept: {}

    def kind(self, name: str) -> str:
        """Return whether a contender is "ours", "plain" code, a "peer" or a "floor"."""
        if name in self.floors:
            return "floor"
        if name.startswith("qlib"):
            return "ours"
        return "plain" if name.startswith(("NumPy", "Python")) else "peer"

    def measure(self, tell: Callable[[str], None] = lambda line: None) -> Rows:
        """Time every contender; return a row for each and tell a line for each."""
        todo = {
            name: run if isinstance(run, Contender) else Contender(run)
            for name, run in self.contenders.items()
        }
        firsts, kept = {}, {}
        for name, contender in todo.items():
            firsts[name], result = contender.timed()
            kept[name] = self.keep(result)
            del result
            if firsts[name] > 1:
                tell(f"    {name}: the first call took {firsts[name]:.1f} s")
            elif not contender.own_clock:
                firsts[name] = contender.timed()[0]  # the first call loads and compiles
        self.check(kept)
        facts = self.facts(kept)
        kept.clear()  # before the rounds, which may need the room
        rows = []
        times = self._rounds(todo, firsts)
        for name, each in times.items():
            about = {"group": self.title, "name": name, "kind": self.kind(name)}
            rows.append(about | summary(each, times[next(iter(todo))]))
            tell(f"    {name:36} {_line(rows[-1])}")
            rows[-1] |= facts.get(name, {})
        return rows

    def _rounds(
        self, todo: dict[str, Contender], firsts: dict[str, float]
    ) -> dict[str, list[float]]:
        """Return the seconds of every round, by contender."""
        times = {name: [s] if self.first_counts else [] for name, s in firsts.items()}
        end, done = perf_counter() + self.seconds, int(self.first_counts)
        order = random.Random(0)
        while done < self.rounds or perf_counter() < end:
            for name in order.sample(list(todo), len(todo)):
                sleep(REST)
                if firsts[name] < QUICK and not todo[name].own_clock:
                    todo[name].run()
                times[name].append(todo[name].timed()[0])
            done += 1
        return times


@dataclass(frozen=True)
class Aim:
    """What a benchmark should show.

    Args:
        says: one sentence with the limit in it.
        value: returns the number from the rows.
        limit: the most that is allowed, or the least.
        unit: of both, such as "s"; "times" reads as a factor.
        at_least: whether the limit is the least.
    """

    says: str
    value: Callable[[Rows], float]
    limit: float
    unit: str = ""
    at_least: bool = False

    def judged(self, rows: Rows) -> Row:
        """Return the aim with what was measured, and whether it is met."""
        found = digits(self.value(rows))
        met = found >= self.limit if self.at_least else found <= self.limit
        about = {"says": self.says.format(limit=self.limit), "limit": self.limit}
        return about | {"measured": found, "unit": self.unit, "met": bool(met)}


@dataclass(frozen=True)
class Benchmark:
    """One benchmark: what it measures, in words and in code.

    Args:
        name: its module's name.
        title: a heading.
        about: who stands beside whom, and what each was given.
        groups: makes the groups one after the other; asked with True, small ones that
            take a moment, to try the code.
        picture: the function in `benchmarks.draw` that draws its record.
        packages: whose versions are named.
        aims: what it should show.
        notes: more sentences, made from the rows.
    """

    name: str
    title: str
    about: str
    groups: Callable[[bool], Iterable[Group]]
    picture: str = "ladder"
    packages: tuple[str, ...] = ("numpy",)
    aims: tuple[Aim, ...] = ()
    notes: Callable[[Rows], list[str]] = lambda rows: []

    def measure(self, tell: Callable[[str], None], small: bool = False) -> Row:
        """Time all groups; return the record."""
        busy, start, rows = load(), perf_counter(), []
        for group in self.groups(small):
            tell(f"  {group.title}")
            rows += group.measure(tell)
        return {
            "benchmark": self.name,
            "date": datetime.now(UTC).date().isoformat(),
            "commit": commit(),
            "machine": machine(),
            "load before": busy,
            "packages": {name: version(name) for name in self.packages},
            "took": round(perf_counter() - start),
            "found": {f"{row['group']}: {row['name']}": row for row in rows},
            **self.said_of([] if small else rows),
        }

    def said_of(self, rows: Rows) -> Row:
        """Return what a record says beside the rows, and what follows from them."""
        return {
            "title": self.title,
            "about": " ".join(self.about.split()),
            "aims": [aim.judged(rows) for aim in self.aims if rows],
            "notes": self.notes(rows),
        }


def summary(times: list[float], first: list[float]) -> Row:
    """Return median and quartiles in seconds, and the median ratio to the first.

    Each ratio is of two calls in one round, so that a slow moment is in both.
    """
    low, middle, high = np.percentile(times, (25, 50, 75))
    return {
        "seconds": digits(middle),
        "quartiles": [digits(low), digits(high)],
        "rounds": len(times),
        "ratio": digits(np.median(np.divide(times, first))),
    }


def _line(row: Row) -> str:
    """Return what is told of a row."""
    if row["rounds"] == 1:
        return spoken(row["seconds"])
    low, high = map(spoken, row["quartiles"])
    rounds = f"{row['rounds']:,}"
    return f"{spoken(row['seconds']):>8}, half of {rounds} rounds {low} to {high}"


def pick(rows: Rows, name: str, group: str = "") -> Row:
    """Return the one row with this name, or one that begins so, in such a group."""
    rows = [row for row in rows if row["group"].startswith(group)]
    found = [row for row in rows if row["name"] == name]
    found = found or [row for row in rows if row["name"].startswith(name)]
    if len(found) != 1:
        raise ValueError(f"{len(found)} rows are called {name!r} in {group!r}: 1 must.")
    return found[0]


def times_as_fast(name: str, beside: str, group: str = "") -> Callable[[Rows], float]:
    """Return a function of the rows: how many times as fast one is as another."""

    def value(rows: Rows) -> float:
        fast, slow = pick(rows, name, group), pick(rows, beside, group)
        return slow["seconds"] / fast["seconds"]

    return value


def digits(value: float, kept: int = 4) -> float:
    """Return a number with so many digits.

    Example:
        >>> digits(0.123456), digits(98765.4)
        (0.1235, 98770.0)
    """
    return float(f"{value:.{kept}g}")


def spoken(seconds: float) -> str:
    """Return a time in the unit that reads best.

    Example:
        >>> spoken(0.00123), spoken(1.5), spoken(2.5e-5)
        ('1.23 ms', '1.5 s', '25 µs')
    """
    units = (("s", 1), ("ms", 1e-3), ("µs", 1e-6))
    unit, size = next((pair for pair in units if seconds >= pair[1]), units[-1])
    value = seconds / size
    return f"{value:.3g} {unit}" if value < 1000 else f"{value:,.0f} {unit}"


def load() -> float | None:
    """Return how many programs wanted a core over the last minute, where it is told."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def machine() -> str:
    """Return the processor, its cores, the system and the Python in one line."""
    memory = f", {_memory():.0f} GB" if _memory() else ""
    return (
        f"{_processor()}, {os.cpu_count()} cores{memory}, {platform.system()} on "
        f"{platform.machine()}, Python {platform.python_version()}"
    )


def commit() -> str | None:
    """Return the commit that is measured, where git tells it."""
    words = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() or None


def _memory() -> float:
    """Return the machine's memory in GB, 0 where it is not told."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):
        return 0.0


def _processor() -> str:
    """Return the processor's name; Linux tells it in a file."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor() or "unknown processor"
