"""How long `import qlib` takes, in fresh interpreters.

python3 course.py bench imports
"""

import subprocess
import sys
from collections.abc import Iterator

from benchmarks.harness import Aim, Benchmark, Contender, Group, pick
from tools.files import ROOT

EVERY = """\
import importlib, pkgutil, qlib
for module in pkgutil.iter_modules(qlib.__path__):
    if not module.ispkg and module.name[0] != "_":
        importlib.import_module("qlib." + module.name)"""
STATEMENTS = {
    "import numpy": "import numpy",
    "qlib: import qlib": "import qlib",
    "qlib: import qlib.linear": "import qlib.linear",
    "qlib: every module": EVERY,
}
CLOCK = """\
from time import perf_counter
start = perf_counter()
{statement}
seconds = perf_counter() - start
import sys
assert not {{"tensorflow", "matplotlib"}} & set(sys.modules)
print(seconds)"""


def seconds_of(statement: str) -> float:
    """Return the seconds that a statement takes in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", CLOCK.format(statement=statement)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def groups(small: bool) -> Iterator[Group]:
    """Make the one group: each statement in an interpreter of its own."""
    todo = {
        name: Contender(lambda text=text: seconds_of(text), own_clock=True)
        for name, text in STATEMENTS.items()
    }
    yield Group(
        "a fresh interpreter",
        todo,
        floors=("import numpy",),
        seconds=0 if small else 25,
        rounds=2 if small else 25,
    )


def _at_most(name: str, limit: float) -> Aim:
    says = f"`{name.removeprefix('qlib: ')}`: at most {{limit}} s"
    return Aim(says, lambda rows: pick(rows, name)["seconds"], limit, "s")


BENCHMARK = Benchmark(
    name="imports",
    title="Imports",
    about="""
    The seconds between two lines of a fresh interpreter, its own start not counted.
    "Every module" is every module of qlib but plots and checks; that none of them loads
    TensorFlow or matplotlib is checked. All but `import qlib` load NumPy.
    """,
    groups=groups,
    aims=(
        _at_most("qlib: import qlib", 0.2),
        _at_most("qlib: import qlib.linear", 0.2),
    ),
)
