"""Fills in the Binder and Colab links from the repository's address in pyproject.toml.

The course may be published anywhere, so no address is written by hand. Text between
`<!-- links -->` and `<!-- /links -->` in README.md and in notebooks is replaced, and so
is each notebook's first code cell, which fetches the course on Colab.
"""

import json
import re
import tomllib
from pathlib import Path
from urllib.parse import quote

from tools import colab
from tools.files import ROOT, CourseError, write_whole

PLACE = re.compile(r"(<!-- links -->)(.*?)(<!-- /links -->)", re.DOTALL)
HOW = "once `pyproject.toml` names a `repository`: `python3 course.py links`."


def main(args: list[str], root: Path = ROOT) -> int:
    """Fill in every link, print which files changed, and return 0."""
    address = repository(root)
    files = [root / "README.md", *sorted((root / "notebooks").rglob("*.ipynb"))]
    files = [path for path in files if ".ipynb_checkpoints" not in path.parts]
    changed = [path for path in files if path.exists() and fill(path, root, address)]
    for path in changed:
        print(f"Links filled in: {path.relative_to(root).as_posix()}")
    if not changed:
        print("Every link was right already.")
    return 0


def repository(root: Path) -> tuple[str, str] | None:
    """Return the published course as ("owner/name", branch), or None while unset.

    Raises:
        CourseError: if pyproject.toml holds something else than such an address.
    """
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    course = settings.get("tool", {}).get("course", {})
    address, branch = course.get("repository", ""), course.get("branch", "main")
    if address == "":
        return None
    form = r"https://github\.com/([A-Za-z0-9][A-Za-z0-9-]*/[\w.-]+?)(\.git)?/?"
    found = re.fullmatch(form, address) if isinstance(address, str) else None
    if not found:
        raise CourseError(
            f"`repository` in pyproject.toml is {address!r}. It must be empty or read "
            "https://github.com/OWNER/NAME."
        )
    if not isinstance(branch, str) or not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", branch):
        raise CourseError(
            f"`branch` in pyproject.toml is {branch!r}. It must be the name of a "
            "branch, such as main."
        )
    return found[1], branch


def fill(path: Path, root: Path, address: tuple[str, str] | None) -> bool:
    """Write the links into one file, and tell whether that changed it."""
    text = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        place = path.relative_to(root / "notebooks").as_posix()
        try:
            notebook = json.loads(text)
        except ValueError as error:
            raise CourseError(
                f"notebooks/{place} is no whole notebook ({error}). Restore it with: "
                f"git checkout notebooks/{place}"
            ) from error
        if not fill_notebook(notebook, place, address):
            return False
        # Exactly as Jupyter writes it, so that nothing but the links differs.
        new = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    else:
        new = put(text, readme_links(_first_lesson(root), address))
    if new == text:
        return False
    write_whole(path, new.encode("utf-8"))
    return True


def fill_notebook(notebook: dict, place: str, address: tuple[str, str] | None) -> bool:
    """Put the links, and the address for Colab, into a notebook's cells.

    Args:
        notebook: its cells are changed in place.
        place: its path inside `notebooks/`.
        address: from `repository`.

    Returns:
        Whether any cell changed.
    """
    words, changed = notebook_links(place, address), False
    for cell in notebook["cells"]:
        before = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            after = put(before, words)
        elif colab.TAG in cell["metadata"].get("tags", []):
            after = colab.first_cell(Path(place).stem, address)
        else:
            continue
        if after != before:
            lines = after.splitlines(keepends=True)
            cell["source"] = lines if isinstance(cell["source"], list) else after
            changed = True
    return changed


def put(text: str, words: str) -> str:
    r"""Return the text with the words in every place that is marked for links.

    Example:
        >>> put("<!-- links -->old<!-- /links -->", "new")
        '<!-- links -->\n\nnew\n\n<!-- /links -->'
    """
    # The empty lines make the words Markdown again, after the comment.
    return PLACE.sub(lambda found: f"{found[1]}\n\n{words}\n\n{found[3]}", text)


def notebook_links(place: str, address: tuple[str, str] | None) -> str:
    """Return the sentence for one notebook, given its path inside `notebooks/`."""
    if address is None:
        return "Links to Binder and Colab appear here once the course has an address."
    return (
        f"Open this notebook in your browser: [Binder]({_binder(place, address)}) "
        f"(all lessons) or [Colab]({_colab(place, address)}), where the first cell "
        "fetches the rest of the course."
    )


def readme_links(lesson: str | None, address: tuple[str, str] | None) -> str:
    """Return the README's sentence, given its first lesson."""
    if address is None:
        return f"Binder and Colab links appear here {HOW}"
    words = f"[Open the course on Binder]({_binder(None, address)})"
    if lesson:
        words += f", or [its first lesson on Colab]({_colab(lesson, address)})"
    return words + "."


def _binder(place: str | None, address: tuple[str, str]) -> str:
    """Return a link to a Binder session: to a copy in work/, or to the greeting."""
    page = f"lab/tree/work/{place}" if place else "lab/tree/BINDER.md"
    branch = quote(address[1], safe="")  # a branch may hold a slash
    return f"https://mybinder.org/v2/gh/{address[0]}/{branch}?urlpath={quote(page)}"


def _colab(place: str, address: tuple[str, str]) -> str:
    blob = quote(f"{address[0]}/blob/{address[1]}/notebooks/{place}")
    return f"https://colab.research.google.com/github/{blob}"


def _first_lesson(root: Path) -> str | None:
    lessons = sorted(path.name for path in (root / "notebooks").glob("*.ipynb"))
    return lessons[0] if lessons else None
