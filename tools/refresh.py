"""Runs notebooks from top to bottom and stores outputs that do not change by chance.

A second run gives the same bytes, so a difference in version control is a difference
in what a lesson says. `python3 course.py refresh` calls this for every notebook.
"""

import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from tools import copies, links
from tools.files import ROOT, CourseError, disk_is_full, write_whole
from tools.peak import peak_memory

CELL_METADATA = ("editable", "jupyter", "slideshow", "tags")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # terminals' colours inside an error's text
WIDGET = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
CELL_SECONDS = 900  # a training cell on a slow machine ends well before


def main(args: list[str], root: Path = ROOT) -> int:
    """Refresh the notebooks that are named, or all; return 1 if one of them failed."""
    try:
        paths = [_find(root, word) for word in args] or _all(root)
        address = links.repository(root)
        with tempfile.TemporaryDirectory() as settings:
            # The author's own IPython start-up files must not show in the outputs.
            os.environ["IPYTHONDIR"] = settings
            return _refresh_each(paths, root, address)
    except CourseError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(_why_not_written(error), file=sys.stderr)
    return 1


def _refresh_each(paths: list[Path], root: Path, address: Any) -> int:
    failed = False
    for path in paths:
        try:
            print(refresh(path, root, address), flush=True)
        except (CourseError, OSError) as error:
            failed = True
            why = error if isinstance(error, CourseError) else _why_not_written(error)
            print(f"{_shown(path, root)}: {why}", flush=True)
        except KeyboardInterrupt:
            print(f"\nStopped; {_shown(path, root)} is as it was.")
            return 1
    return int(failed)


def _why_not_written(error: OSError) -> str:
    full = "the disk is full: make room, then run the same command again"
    return f"{full if disk_is_full(error) else error} (the file is left as it was)"


def refresh(path: Path, root: Path, address: tuple[str, str] | None) -> str:
    """Run one notebook, store its outputs, and return a line that sums it up.

    Raises:
        CourseError: if a cell fails, or the file is no notebook; it is left as it was.
        OSError: if the file cannot be read or written; it is left as it was.
    """
    before = path.read_bytes()
    try:
        notebook = read(before)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CourseError(
            f"the file is no whole notebook ({error!r:.80}). Restore it with "
            f"git checkout {path.name} in its folder"
        ) from error
    if path.is_relative_to(root / "notebooks"):
        place = path.relative_to(root / "notebooks").as_posix()
        links.fill_notebook(notebook, place, address)
    started = time.monotonic()
    peak = execute(notebook, path.parent)
    seconds = time.monotonic() - started
    settle(notebook)
    keep_measurements(notebook, read(before, outputs=True))
    after = (nbformat.writes(notebook).rstrip("\n") + "\n").encode("utf-8")
    if after != before:
        write_whole(path, after)
    words = [f"{_shown(path, root):42} {seconds:6.1f} s"]
    words += [f"{peak:5.2f} GiB"] if peak else []
    words += [f"{len(after) / 1000:5.0f} kB", "same" if after == before else "changed"]
    words += ["has stderr output"] if _has_stderr(notebook) else []
    return ", ".join(words)


def read(data: bytes, outputs: bool = False) -> nbformat.NotebookNode:
    """Return a notebook ready to run: plain metadata, an id in each cell, no outputs.

    With `outputs` those that are stored stay.

    An id that is missing or taken comes from the cell's place; nbformat would throw
    dice for it.
    """
    raw = json.loads(data)
    used = set()
    for number, cell in enumerate(raw["cells"], start=1):
        if cell.get("id") in used | {None}:
            cell["id"] = f"cell-{number}"
        used.add(cell["id"])
        kept = cell.get("metadata", {})
        cell["metadata"] = {key: kept[key] for key in CELL_METADATA if key in kept}
        source = "".join(cell["source"])
        cell["source"] = source.replace("\r\n", "\n").replace("\r", "\n")
        if cell["cell_type"] == "code" and not outputs:
            cell |= {"outputs": [], "execution_count": None}
    raw |= {"metadata": METADATA, "nbformat": 4, "nbformat_minor": 5}
    return nbformat.reads(json.dumps(raw), as_version=4)


def execute(notebook: nbformat.NotebookNode, folder: Path) -> float | None:
    """Run every cell in a fresh kernel; return the kernel's peak memory in GiB.

    Raises:
        CourseError: naming the first cell that failed, its first line and the error.
    """
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.reset_execution_trackers()
    # It warns of its local connection, and shows a traceback when it is stopped.
    quiet = ["--IPKernelApp.log_level=CRITICAL"]
    client.extra_arguments = quiet
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            try:
                client.execute_cell(cell, index)
            except CellTimeoutError:
                why = f"took more than {CELL_SECONDS} s"
            except DeadKernelError:
                why = "the kernel died; was there too little memory?"
            except CellExecutionError as error:
                why = f"{error.ename}: {error.evalue}"
            else:
                continue
            first = cell.source.strip().splitlines()[0]
            number = sum(map(_runs, notebook.cells[: index + 1]))
            raise CourseError(
                f"In [{number}] `{first}` failed: "
                f"{COLOUR.sub('', why)} (the file is left as it was)"
            )
        return peak_memory(client.km.provisioner.pid)


def settle(notebook: nbformat.NotebookNode) -> None:
    """Remove from the outputs what differs from one run to the next."""
    notebook.metadata = nbformat.from_dict(METADATA)  # widget states go with the old
    count = 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        count += _runs(cell)
        cell.execution_count = count if _runs(cell) else None
        cell.outputs = merge_streams(cell.outputs)
        for output in cell.outputs:
            output.get("data", {}).pop(WIDGET, None)  # holds a random number
            if "execution_count" in output:
                output.execution_count = cell.execution_count


def keep_measurements(
    notebook: nbformat.NotebookNode, stored: nbformat.NotebookNode
) -> None:
    """Put stored times back in cells tagged nbval-ignore-output, if all else is equal.

    Times differ from run to run; a new one says nothing new as long as every other
    cell says the same. Clear such a cell's output to have it measured anew.
    """
    pairs = list(zip(notebook.cells, stored.cells, strict=True))
    same = all(
        _varies(now) or now.get("outputs") == then.get("outputs") for now, then in pairs
    )
    for now, then in pairs:
        if same and _varies(now) and then.get("outputs"):
            now.outputs = then.outputs


def _varies(cell: nbformat.NotebookNode) -> bool:
    return "nbval-ignore-output" in cell.metadata.get("tags", [])


def _runs(cell: nbformat.NotebookNode) -> bool:
    """Tell whether a cell gets a number: an empty one is passed over."""
    return cell.cell_type == "code" and bool(cell.source.strip())


def merge_streams(outputs: list[Any]) -> list[Any]:
    """Join neighbouring prints into one output, standard output before errors.

    How a kernel cuts its prints into pieces is a matter of milliseconds.
    """
    merged: list[Any] = []
    prints: dict[str, Any] = {}
    for output in [*outputs, None]:
        if output is not None and output["output_type"] == "stream":
            name = output["name"]
            if name in prints:
                prints[name]["text"] += output["text"]
            else:
                prints[name] = output
            continue
        merged += [prints[name] for name in ("stdout", "stderr") if name in prints]
        prints = {}
        merged += [output] if output is not None else []
    return merged


def _has_stderr(notebook: nbformat.NotebookNode) -> bool:
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    return any(output.get("name") == "stderr" for output in outputs)


def _shown(path: Path, root: Path) -> str:
    """Return the name under which the author knows a notebook."""
    folder = root / "notebooks"
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def _all(root: Path) -> list[Path]:
    names = [name for name in copies.originals(root) if name.endswith(".ipynb")]
    return [root / "notebooks" / name for name in names]


def _find(root: Path, word: str) -> Path:
    """Return the notebook that a path, a number or a name means."""
    if word.endswith(".ipynb") and Path(word).exists():
        return Path(word).resolve()
    return root / "notebooks" / copies.find(root, word)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
