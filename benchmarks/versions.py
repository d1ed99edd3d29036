"""Do all tests pass with other Pythons, and with the oldest and newest NumPy?

    python3 course.py bench versions                              about an hour

Each environment gets the locked packages, but NumPy and Matplotlib as its name says:
the oldest that pyproject.toml allows, the newest there are, or the locked ones. In it
every test and every notebook runs, strictly, but for deprecations: those of an old
package in a new one are not the course's. Pythons are looked for on the PATH; one that
is missing is left out, and the record says so. What fails is named.

    python3 course.py bench versions --folder PLACE    keep the environments there
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import xml.etree.ElementTree as ElementTree
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.harness import machine
from tools.environment import PYTHON_SETTINGS
from tools.files import ROOT, write_whole
from tools.places import link

RECORD = Path(__file__).with_suffix(".json")
PACKAGES = ("numpy", "matplotlib")
WORDS = ["-W", "ignore::DeprecationWarning"]
WORDS += [
    "--deselect=tests/test_requirements.py::test_what_is_installed_is_exactly_the_lock"
]
ENVIRONMENTS = (("3.11", "oldest"), ("3.12", "newest"))


def oldest() -> dict[str, str]:
    """Return the oldest versions of the packages that pyproject.toml allows.

    Example:
        >>> sorted(oldest())
        ['matplotlib', 'numpy']
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    stated = dict(each.split(">=") for each in project["dependencies"])
    return {name: stated[name] for name in PACKAGES}


def wanted(kind: str) -> str:
    """Return the locked requirements, with the packages as `kind` says."""
    text = (ROOT / "requirements.txt").read_text("utf-8")
    text = re.sub(r" *\\\n +--hash=\S+", "", text)  # others than these are asked for
    if kind == "locked":
        return text
    for name, version in oldest().items():
        asked = f"{name}=={version}.0" if kind == "oldest" else name
        text = re.sub(rf"(?m)^{name}==.*$", asked, text)
    return text


def environment(python: str, kind: str, folder: Path) -> Path:
    """Return an environment's Python, made with pip if it is not there yet."""
    place = folder / f"{python}-{kind}"
    own = place / "bin" / "python"
    if not own.exists():
        subprocess.run([f"python{python}", "-m", "venv", place], check=True)
        listed = place / "wanted.txt"
        listed.write_text(wanted(kind), "utf-8")
        pip = [own, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, "--only-binary=:all:", "-r", listed], check=True)
    found = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([own, "-c", found], capture_output=True, text=True)
    link(Path(packages.stdout.strip()), ROOT)
    return own


def tested(python: Path, words: list[str], folder: Path) -> dict[str, object]:
    """Run pytest; return how many tests passed, were skipped and failed, and which."""
    report, start = folder / "report.xml", time.perf_counter()
    command = [python, "-m", "pytest", "-q", f"--junitxml={report}", *words]
    kept = {k: v for k, v in os.environ.items() if k not in PYTHON_SETTINGS}
    with open(folder / "log", "w", encoding="utf-8") as log:
        subprocess.run(command, cwd=ROOT, env=kept, stdout=log, stderr=log)
    counts, failed = Counter(), []
    for case in ElementTree.parse(report).iter("testcase"):
        ends = {child.tag for child in case} & {"failure", "error", "skipped"}
        end = next(iter(ends), "passed")
        counts["failed" if end in ("failure", "error") else end] += 1
        if end in ("failure", "error"):
            failed.append(f"{case.get('classname')}: {case.get('name')}")
    return {
        "passed": counts["passed"],
        "skipped": counts["skipped"],
        "failed": counts["failed"],
        "which": sorted(set(failed)),
        "seconds": round(time.perf_counter() - start),
    }


def versions(python: Path) -> dict[str, str]:
    """Return the versions of Python and of the packages in an environment."""
    ask = (
        "import json, sys; from importlib.metadata import version; "
        f"found = {{name: version(name) for name in {PACKAGES}}}; "
        "print(json.dumps({'python': sys.version.split()[0], **found}))"
    )
    told = subprocess.run([python, "-c", ask], capture_output=True, text=True)
    return json.loads(told.stdout)


def main(args: list[str]) -> None:
    """Test in every environment and write the record."""
    parser = argparse.ArgumentParser("course.py bench versions")
    parser.add_argument("--folder", type=Path, help="keep the environments here")
    asked, rows = parser.parse_args(args), []
    with tempfile.TemporaryDirectory() as fresh:
        for python, kind in ENVIRONMENTS:
            if shutil.which(f"python{python}") is None:
                rows.append({"python": python, "kind": kind, "left out": "not there"})
                continue
            own = environment(python, kind, asked.folder or Path(fresh))
            row = versions(own) | {"kind": kind} | tested(own, WORDS, Path(fresh))
            print({key: row[key] for key in row if key != "which"}, flush=True)
            rows.append(row)
    record = {
        "command": "python3 course.py bench versions",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "rows": rows,
    }
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    write_whole(RECORD, text.encode())


if __name__ == "__main__":
    main(sys.argv[1:])
