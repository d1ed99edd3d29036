"""Makes a lesson's slides: one HTML file that needs no network and no other file.

reveal.js and MathJax come from packages of the web environment, .venv-web, Mermaid
from `tools/web/`; all are written into the page, as are the images.
"""

import re
import sys
from importlib.metadata import files
from pathlib import Path
from typing import Any

from nbconvert import SlidesExporter

from tools.files import ROOT, CourseError, write_whole

WEB = ROOT / "tools" / "web"
REVEAL = "sphinx_revealjs/_static/revealjs"
MATHJAX = "sphinx-mathjax-offline/static/mathjax/tex-svg-full.js"
MERMAID = WEB / "mermaid.tiny.js"


def main(args: list[str]) -> int:
    """Make slides of the notebook `args[0]`, written to the file `args[1]`."""
    notebook, page = map(Path, args)
    try:
        text = slides(notebook)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    write_whole(page, text.encode("utf-8"))
    print(f"{page}: {len(text) / 1e6:.1f} MB; open it in a browser, no network needed.")
    return 0


def slides(notebook: Path) -> str:
    """Return the slides of a notebook as one page.

    Raises:
        CourseError: if no cell of the notebook begins a slide.
    """
    exporter = SlidesExporter(
        template_name="slides",
        extra_template_basedirs=[str(WEB)],
        embed_images=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
    )
    text = notebook.read_text("utf-8")
    if not re.search(r'"slide_type": "(sub)?slide"', text):
        raise CourseError(
            f"{notebook.name} has no slides: no cell's `slide_type` is slide or "
            "subslide. Set it in JupyterLab's property inspector."
        )
    parts = {"course": ingredients(notebook.stem, "```mermaid" in text)}
    return exporter.from_filename(str(notebook), resources=parts)[0]


def ingredients(title: str, diagrams: bool) -> dict[str, Any]:
    """Return what the template writes into the page: its title, styles and scripts.

    Args:
        title: of the page.
        diagrams: whether Mermaid is needed, which is 2.5 MB.
    """
    reveal = [packaged("sphinx-revealjs", f"{REVEAL}/dist/reveal.css")]
    scripts = [
        packaged("sphinx-mathjax-offline", MATHJAX),
        packaged("sphinx-revealjs", f"{REVEAL}/dist/reveal.js"),
        packaged("sphinx-revealjs", f"{REVEAL}/plugin/notes/notes.js"),
    ]
    scripts += [MERMAID] if diagrams else []
    return {
        "title": title.replace("_", " "),
        "styles": [
            path.read_text("utf-8") for path in (*reveal, WEB / "slides" / "slides.css")
        ],
        "start": (WEB / "slides" / "start.js").read_text("utf-8"),
        "scripts": [inside_page(path.read_text("utf-8")) for path in scripts],
    }


def inside_page(script: str) -> str:
    r"""Return a script that may stand inside a page, which ends at `</script`.

    Example:
        >>> inside_page("a = '</script>'")
        "a = '<\\/script>'"
    """
    return re.sub(r"</(?=script)", r"<\\/", script, flags=re.IGNORECASE)


def packaged(package: str, name: str) -> Path:
    """Return the path of a file that an installed package carries.

    Raises:
        CourseError: if it carries none of that name.
    """
    for file in files(package) or ():
        if file.as_posix() == name:
            return Path(str(file.locate()))
    raise CourseError(
        f"The package {package} holds no {name}. Remove the folder .venv-web, then run "
        "the same command again."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
