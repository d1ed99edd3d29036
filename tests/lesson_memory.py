"""What a notebook's kernel may hold, and what README.md says that it holds."""

import re
from pathlib import Path

from tests.notebooks import ROOT
from tools.peak import limit

CLOSE = (
    0.15  # GiB, either way: allocators and thread counts differ from machine to machine
)


def stated() -> dict[str, float]:
    """Return the GiB in the README's table, by the lesson's file name."""
    text = (ROOT / "README.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| \[[^]]+\]\(notebooks/([^)]+)\) \|.* (\d\.\d) \|$", text)
    return {name: float(number) for name, number in rows}


def problem_with_memory(path: Path, peak: float | None) -> str | None:
    """Return a sentence if a notebook's kernel held too much, or not what is said.

    Args:
        path: the notebook.
        peak: the most that it held, in GiB; None where the system does not tell.
    """
    if peak is None:
        return None
    held = f"The kernel of {path.name} held {peak:.2f} GiB"
    if peak > limit(path.stem):
        return f"{held}; {limit(path.stem)} are allowed."
    said = stated().get(path.name)
    if path.parent == ROOT / "notebooks" and said and abs(peak - said) > CLOSE:
        return f"{held}; README.md says {said}."
    return None
