"""Makes the web edition: every lesson as a page, to be read without a network.

The pages are written by Sphinx from the stored outputs; nothing is run. What Sphinx
does not read in a notebook is put into a copy first: the words and width of each
picture, and Mermaid's diagrams.
"""

import html
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from tools import copies
from tools.files import ROOT, CourseError
from tools.slides import MATHJAX, MERMAID, WEB, packaged

SETTINGS = WEB / "site"
STAMP = ".buildinfo"  # Sphinx leaves it in every folder that it fills
MERMAID_FENCE = re.compile(r"^```mermaid\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def main(args: list[str], root: Path = ROOT) -> int:
    """Make the web edition in the folder `args[0]`."""
    folder = Path(args[0])
    try:
        refuse_other_work(folder)
        with tempfile.TemporaryDirectory() as place:
            made = build(root, Path(place))
            if folder.exists():
                shutil.rmtree(folder)
            folder.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(made, folder)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Open {folder / 'index.html'} in a browser; no network is needed.")
    return 0


def refuse_other_work(folder: Path) -> None:
    """Refuse to replace a folder that holds anything but an earlier web edition.

    Raises:
        CourseError: naming the folder.
    """
    if folder.is_file():
        raise CourseError(f"{folder} is a file. Name a folder for the web edition.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / STAMP).exists():
        raise CourseError(
            f"{folder} holds something else than an earlier web edition, and would be "
            "replaced. Name an empty folder, or one that does not exist."
        )


def build(root: Path, place: Path) -> Path:
    """Write the pages into a folder inside `place` and return it.

    Raises:
        CourseError: if Sphinx fails.
    """
    from sphinx.cmd.build import main as sphinx  # of .venv-web

    source, pages = place / "source", place / "pages"
    names = write_source(root, source)
    static = source / "static"
    static.mkdir()
    shutil.copy(packaged("sphinx-mathjax-offline", MATHJAX), static / "mathjax.js")
    for file in (MERMAID, SETTINGS / "diagrams.js", SETTINGS / "course.css"):
        shutil.copy(file, static)
    shutil.copy(SETTINGS / "conf.py", source)
    status = sphinx(
        ["-q", "-b", "html", "-d", str(place / "trees"), str(source), str(pages)]
    )
    if status:
        raise CourseError("Sphinx stopped with an error; its words are above.")
    print(f"{len(names)} notebooks, {size(pages) / 1e6:.0f} MB.")
    return pages


def write_source(root: Path, source: Path) -> list[str]:
    """Write what Sphinx reads, and return the notebooks' names."""
    names = [name for name in copies.originals(root) if name.endswith(".ipynb")]
    for name in copies.originals(root):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        original = root / "notebooks" / name
        if name.endswith(".ipynb"):
            notebook = prepared(json.loads(original.read_text("utf-8")))
            target.write_text(json.dumps(notebook), "utf-8")
        elif not name.endswith(".md"):
            shutil.copy(original, target)
    readme = (root / "README.md").read_text("utf-8")
    (source / "index.md").write_text(first_page(readme, names), "utf-8")
    return names


def first_page(readme: str, names: list[str]) -> str:
    """Return the first page: the README's title, picture and table, and all lessons.

    Args:
        readme: the text of README.md.
        names: of the notebooks, as paths inside `notebooks/`.
    """
    top = readme.split("```")[0]
    table = re.search(
        r"(?ms)^## Lessons\n.*?(?=^<!-- links -->|^## (?!Lessons)|\Z)", readme
    )
    text = (top + (table[0] if table else "")).replace("](notebooks/", "](")
    lessons = [name for name in names if "/" not in name]
    answers = [name for name in names if "/" in name]
    return text + contents("Lessons", lessons) + contents("Worked answers", answers)


def contents(caption: str, names: list[str]) -> str:
    """Return a part of the table of contents that stands beside every page."""
    listed = "\n".join(name.removesuffix(".ipynb") for name in names)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n"


def prepared(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook as Sphinx is to read it."""
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            cell["source"] = MERMAID_FENCE.sub(diagram, source)
            continue
        for output in cell.get("outputs", []):
            about = output.get("metadata", {}).get("image/png", {})
            if "alt" in about:
                image = {"alt": about["alt"], "width": f"{about['width']}px"}
                cell["metadata"]["mystnb"] = {"image": image}
    return notebook


def diagram(fence: re.Match[str]) -> str:
    """Return a Mermaid fence as HTML, which a script on the page draws."""
    return f'<pre class="mermaid">\n{html.escape(fence[1], quote=False)}</pre>'


def anchor(heading: str) -> str:
    """Return the name by which JupyterLab links to a heading.

    Example:
        >>> anchor("8. One table, one run")
        '8.-One-table,-one-run'
    """
    return heading.strip().replace(" ", "-")


def size(folder: Path) -> int:
    """Return the bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
