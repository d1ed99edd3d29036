"""The part of README.md on what holds: versions, repeated runs, a second data set.

Made from the records of three long studies.
"""

import json
from pathlib import Path

from benchmarks.harness import Row
from benchmarks.tables import table
from benchmarks.versions import WORDS


def section(folder: Path) -> str:
    """Return the text, from the records in a folder."""
    makers = {"versions": _versions, "repeated": _repeated, "fashion": _fashion}
    parts = []
    for name, make in makers.items():
        path = folder / f"{name}.json"
        if path.exists():
            parts.append(make(json.loads(path.read_text(encoding="utf-8"))))
        else:
            parts.append(f"There is no record of the study `{name}` yet.")
    return "## Other versions, again and again, other data\n\n" + "\n\n".join(
        [*parts, ""]
    )


def _versions(record: Row) -> str:
    rows = []
    for row in record["rows"]:
        if "left out" in row:
            rows.append([f"{row['python']} ({row['kind']})", "", "", row["left out"]])
            continue
        names = (f"{row['python']} ({row['kind']})", row["numpy"], row["matplotlib"])
        ends = (f"{row[end]:,} {end}" for end in ("passed", "skipped", "failed"))
        rows.append([*names, ", ".join(ends)])
    failed = [f"`{each}`" for row in record["rows"] for each in row.get("which", [])]
    told = table(("Python", "NumPy", "Matplotlib", "all tests and notebooks"), rows)
    if failed:
        told += "\n\nWhat failed: " + ", ".join(failed) + "."
    return (
        "### Other versions\n\nThe locked packages, but for NumPy and Matplotlib; all "
        f"tests and all notebooks, strictly, with `pytest {' '.join(WORDS)}`: warnings "
        "that an old package is on its way out in a new one are not the course's, and "
        "what is installed is not the lock.\n\n"
        f"{told}\n\n{_how(record)}"
    )


def _repeated(record: Row) -> str:
    runs = record["runs"]
    cells = sum(run["passed"] + run["failed"] for run in runs)
    failed = sum(run["failed"] for run in runs)
    seconds = sorted(run["seconds"] for run in runs)
    return (
        f"### The same outputs, {len(runs)} times\n\nEvery notebook, strictly, "
        f"{len(runs)} times in a row: {failed} of {cells:,} cells had other outputs "
        f"than those that are stored; {seconds[0]} to {seconds[-1]} s a run.\n\n"
        f"{_how(record)}"
    )


def _fashion(record: Row) -> str:
    accuracy = [
        [name, *(f"{value:.4f}" for value in values)]
        for name, values in record["accuracy"].items()
    ]
    runs = [
        run
        for by_seed in record["differences"].values()
        for by_kernel in by_seed
        for run in by_kernel.values()
    ]
    codes = sum(run["codes"] for run in runs)
    wrong = sum(sum(run["differ"].values()) for run in runs)
    seeds = [f"seed {seed}" for seed in record["seeds"]]
    return (
        "### Another data set\n\n"
        f"{record['data']['name']}: the same network, trained, rounded, converted and "
        f"trained on the grid ({record['epochs']['trained on the grid']} epochs more "
        f"than the float model's {record['epochs']['float']}, so the last line is not "
        "8 bits against 32). Accuracy on its test images:\n\n"
        f"{table(('network', *seeds), accuracy)}\n\n"
        f"Every operator's output of both int8 files, with three kernels: {wrong} of "
        f"{codes:,} codes differ from LiteRT's.\n\n"
        f"`python3 course.py bench fashion`, {record['date']}, {record['machine']}."
    )


def _how(record: Row) -> str:
    machine = record["machine"].rsplit(", Python", 1)[0]
    return f"`{record['command']}`, {record['date']}, {machine}."
