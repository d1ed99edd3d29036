"""Tells which slides do not fit on 1280 x 720, and in which cells they begin.

python -m tools.overflow slides/01_linear_quantization.html
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.browser import browser, listen
from tools.files import CourseError

if TYPE_CHECKING:
    from playwright.sync_api import Browser

VIEW = {"width": 1280, "height": 720}
LEAST_ZOOM = 0.65  # type of 15 pixels: smaller ones are not read at the back
MEASURE = """() => {
    const measured = [];
    const slides = Reveal.getSlides();
    for (const slide of slides) {
        const {h, v} = Reveal.getIndices(slide);
        Reveal.slide(h, v, 1000);  // with all its fragments
        const cells = [...slide.querySelectorAll('.jp-Cell')];
        measured.push({
            place: v ? `${h + 1}.${v + 1}` : `${h + 1}`,
            title: (slide.querySelector('h1, h2, h3') ?? slide).textContent.trim(),
            cells: cells.map(cell => cell.id.replace('cell-id=', '')),
            zoom: Math.min(...cells.map(cell => Number(cell.style.zoom) || 1)),
            height: slide.scrollHeight,
            width: slide.scrollWidth,
        });
    }
    return measured;
}"""


@dataclass(frozen=True)
class Slide:
    """One slide as it is drawn.

    Args:
        place: its number, as `3` or, below another, `3.2`.
        title: its first heading, or its first words.
        cells: the ids of its cells.
        zoom: how much its cells are drawn smaller; 1 is not at all.
        height, width: of all its content, in pixels.
    """

    place: str
    title: str
    cells: tuple[str, ...]
    zoom: float
    height: int
    width: int

    @property
    def fits(self) -> bool:
        """Whether all of it is on the screen."""
        fits = self.height <= VIEW["height"] and self.width <= VIEW["width"]
        return fits and self.zoom >= LEAST_ZOOM

    def __str__(self) -> str:
        size = f"{self.width} x {self.height}, {self.zoom:.0%}"
        return f"{self.place:>5}  {size:>17}  {self.title[:40]:40}  {self.cells[0]}"


def measure(opened: "Browser", page: Path, problems: list[str]) -> Iterator[Slide]:
    """Open slides from the disk and measure each.

    Args:
        opened: from `tools.browser.browser`.
        page: the HTML file.
        problems: gets a sentence for each red message and request.
    """
    address = page.resolve().as_uri()
    context = opened.new_context(viewport=VIEW)
    tab = context.new_page()
    listen(tab, address, problems)
    tab.goto(address)
    tab.wait_for_selector("body[data-ready]", timeout=60_000)
    for found in tab.evaluate(MEASURE):
        yield Slide(**found | {"cells": tuple(found["cells"])})
    raw = tab.evaluate(
        "() => document.querySelectorAll('mjx-merror, [data-mml-node=merror]').length"
    )
    problems += [f"{raw} formulas are not drawn"] if raw else []
    context.close()


def main(args: list[str]) -> int:
    """Print every slide of the files that does not fit; return 1 if there is one."""
    too_large = False
    problems: list[str] = []
    try:
        with browser() as opened:
            for name in args:
                slides = list(measure(opened, Path(name), problems))
                over = [slide for slide in slides if not slide.fits]
                print(f"{name}: {len(over)} of {len(slides)} slides do not fit.")
                for slide in over:
                    print(slide)
                too_large = too_large or bool(over)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    for problem in problems:
        print(problem)
    return int(too_large or bool(problems))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
