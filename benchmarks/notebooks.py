"""How long each notebook takes, and how much memory its kernel holds at most.

python3 course.py bench notebooks
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.harness import Aim, Benchmark, Contender, Group, Rows
from tools import copies, refresh
from tools.files import ROOT
from tools.peak import NUMPY_LESSON, TENSORFLOW_LESSON, limit

FOLDER = ROOT / "notebooks"
PEAK, ALLOWED = "peak memory (GiB)", "allowed (GiB)"


def groups(small: bool) -> Iterator[Group]:
    """Make the one group: every notebook, one after the other, once."""
    names = [name for name in copies.originals(ROOT) if name.endswith(".ipynb")]
    names = [n for n in names if n.startswith("solutions/00")] if small else names
    todo = {
        name.removesuffix(".ipynb"): Contender(lambda n=name: peak_of(FOLDER / n))
        for name in names
    }
    with tempfile.TemporaryDirectory() as settings:
        # The author's own IPython start-up files would be timed too.
        os.environ["IPYTHONDIR"] = settings
        yield Group(
            "every notebook",
            todo,
            seconds=0,
            rounds=1,
            first_counts=True,
            facts=lambda kept: {
                name: {PEAK: peak and round(peak, 2), ALLOWED: allowed(name)}
                for name, peak in kept.items()
            },
        )


def peak_of(path: Path) -> float | None:
    """Run a notebook from top to bottom; return its kernel's peak memory in GiB."""
    return refresh.execute(refresh.read(path.read_bytes()), path.parent)


def allowed(name: str) -> float:
    """Return how many GiB the kernel of a notebook may hold."""
    return limit(Path(name).name)


def _total(rows: Rows) -> float:
    return sum(row["seconds"] for row in rows) / 60


def _most(kind: float) -> Callable[[Rows], float]:
    """Return a function of the rows: the largest peak among notebooks of this limit."""
    return lambda rows: max(
        (row[PEAK] or 0 for row in rows if row[ALLOWED] == kind), default=0
    )


BENCHMARK = Benchmark(
    name="notebooks",
    title="The notebooks",
    about="""
    Each notebook once, so with no spread, from top to bottom in a fresh kernel, one
    after the other; the start of the kernel counts. The memory is the most that the
    kernel held resident at any moment (Linux tells it), without processes that it
    starts.
    """,
    groups=groups,
    picture="notebooks",
    packages=("numpy", "tensorflow", "matplotlib", "ipykernel"),
    aims=(
        Aim("all notebooks and solutions: at most {limit} minutes", _total, 8, "min"),
        Aim(
            "NumPy notebooks: at most {limit} GiB each",
            _most(NUMPY_LESSON),
            NUMPY_LESSON,
            "GiB",
        ),
        Aim(
            "TensorFlow notebooks: at most {limit} GiB each",
            _most(TENSORFLOW_LESSON),
            TENSORFLOW_LESSON,
            "GiB",
        ),
    ),
)
