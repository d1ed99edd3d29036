"""Makes `import qlib` work on Google Colab, which opens a notebook without its course.

The first cell of every notebook fetches the course and calls `prepare`; anywhere else
that cell does nothing. `python3 course.py links` writes the course's address into it.
"""

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from tools.files import ROOT

TAG = "colab"  # what marks the cell
WITH_TENSORFLOW = ("04", "05")  # the lessons that train or convert
NOT_THERE = ("jupyterlab",)  # Colab has a notebook of its own
HEAVY = ("tensorflow", "tensorflow-model-optimization", "tf-keras")

CELL = """\
# Google Colab fetches the course here; anywhere else this cell does nothing.
import sys

COURSE, BRANCH = "{address}", "{branch}"
if "google.colab" in sys.modules:
    import subprocess
    from pathlib import Path

    assert COURSE, "The course has no address yet: see [tool.course] in pyproject.toml."
    if not Path("course").exists():
        clone = ["git", "clone", "-q", "--depth=1", f"--branch={{BRANCH}}"]
        subprocess.run([*clone, COURSE, "course"], check=True)
    sys.path.insert(0, "course")
    from tools import colab

    colab.prepare({arguments})"""


def first_cell(stem: str, address: tuple[str, str] | None) -> str:
    """Return the source of a notebook's first code cell, given its name.

    Example:
        >>> "github.com/me/it" in first_cell("01_one", ("me/it", "main"))
        True
        >>> first_cell("04_four", None).splitlines()[-1].strip()
        'colab.prepare(tensorflow=True)'
    """
    place, branch = address or ("", "main")
    return CELL.format(
        address=f"https://github.com/{place}" if place else "",
        branch=branch,
        arguments="tensorflow=True" if stem.startswith(WITH_TENSORFLOW) else "",
    )


def prepare(tensorflow: bool = False) -> None:
    """Install what the lesson needs and Colab lacks, and say so if it must restart.

    Args:
        tensorflow: whether the lesson needs TensorFlow too.
    """
    missing = lacking(requirements(tensorflow))
    if not missing:
        return
    print("Installing", ", ".join(missing))
    command = [sys.executable, "-m", "pip", "install", "-q", *missing]
    subprocess.run(command, check=True)
    if any(_name(each).replace("-", "_") in sys.modules for each in missing):
        print("Now choose Runtime > Restart session, and run this cell once more.")


def requirements(tensorflow: bool, root: Path = ROOT) -> list[str]:
    """Return what a lesson needs on Colab, as pyproject.toml states it."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [each for each in project["dependencies"] if _name(each) not in NOT_THERE]
    return [each for each in wanted if tensorflow or _name(each) not in HEAVY]


def lacking(wanted: list[str]) -> list[str]:
    """Return the requirements that are not installed, or are installed too old.

    Example:
        >>> lacking(["numpy>=1.0", "numpy>=999", "no-such-package>=1"])
        ['numpy>=999', 'no-such-package>=1']
    """
    return [each for each in wanted if not _is_there(each)]


def _is_there(requirement: str) -> bool:
    try:
        found = metadata.version(_name(requirement))
    except metadata.PackageNotFoundError:
        return False
    return _numbers(found) >= _numbers(requirement.partition(">=")[2])


def _name(requirement: str) -> str:
    return requirement.partition(">=")[0]


def _numbers(version: str) -> list[int]:
    """Return a version as numbers, up to the first part that is none."""
    numbers = []
    for part in version.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return numbers
