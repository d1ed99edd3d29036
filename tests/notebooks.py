"""The notebooks as the tests see them: found by glob, read once."""

import ast
import functools
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
ALL = [*LESSONS, *SOLUTIONS]


def name(path: Path) -> str:
    """Return a short name for a test's id."""
    return str(path.relative_to(ROOT / "notebooks").with_suffix(""))


@functools.cache
def read(path: Path) -> nbformat.NotebookNode:
    """Return the notebook."""
    return nbformat.read(path, as_version=4)


def cells(path: Path, kind: str) -> list[nbformat.NotebookNode]:
    """Return the notebook's cells of one kind, "code" or "markdown"."""
    return [cell for cell in read(path).cells if cell.cell_type == kind]


def functions(path: Path) -> dict[str, ast.FunctionDef]:
    """Return the functions that the notebook defines at the top level of its cells."""
    found = {}
    for cell in cells(path, "code"):
        for node in ast.parse(cell.source).body:
            if isinstance(node, ast.FunctionDef):
                assert node.name not in found, f"{node.name} is defined twice"
                found[node.name] = node
    return found
