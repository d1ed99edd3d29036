"""Opens notebooks in a real browser, runs them, and tells what went wrong.

What no kernel alone can show: that maths and diagrams are drawn, that every picture
arrives, that each slider redraws its figure, that nothing is asked of the network.

    python -m tools.browser 01 --pictures FOLDER
"""

import argparse
import contextlib
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools import copies
from tools.files import ROOT, CourseError
from tools.served import Lab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",  # as root, in a container, it would not start
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
VIEW = {"width": 1280, "height": 1500}
RUN_SECONDS = 600  # the longest lesson takes 150 s on 2 cores
REDRAW_SECONDS = 1.5  # a bound for a busy computer; an idle one takes about 0.1 s

QUESTIONS = Path(__file__).with_name("page.js")


@dataclass
class Visit:
    """What a browser saw of one notebook.

    Args:
        notebook: its path inside `notebooks/`.
        problems: one sentence for each thing that is wrong; empty is well.
        redraws: milliseconds from a key press to the new picture, by slider.
        counts: how many cells, formulas, images and diagrams the page has.
        seconds: how long Run All took.
    """

    notebook: str
    problems: list[str] = field(default_factory=list)
    redraws: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def __str__(self) -> str:
        counts = ", ".join(f"{n} {what}" for what, n in self.counts.items())
        moved = ", ".join(f"{name} {ms:.0f} ms" for name, ms in self.redraws.items())
        lines = [f"{self.notebook:42} {self.seconds:6.1f} s, {counts}"]
        lines += [f"    sliders: {moved}"] if moved else []
        return "\n".join(lines + [f"    {problem}" for problem in self.problems])


def why_not() -> str | None:
    """Return a sentence that says why no browser can be opened here, or None."""
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "There is no browser test without the package playwright."
    if find_browser() is None:
        return (
            "There is no browser test without Chromium: install it "
            "(`sudo apt install chromium`, or `playwright install chromium`)."
        )
    return None


def find_browser() -> str | None:
    """Return the path of an installed Chromium, or of playwright's own, or None."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        own = play.chromium.executable_path
    return own if os.path.exists(own) else None


@contextlib.contextmanager
def browser() -> Iterator["Browser"]:
    """Open a headless Chromium that reaches this computer alone.

    Raises:
        CourseError: where playwright or Chromium is missing.
    """
    if reason := why_not():
        raise CourseError(reason)
    path = find_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield opened
        finally:
            opened.close()


def visit(opened: "Browser", lab: Lab, notebook: str, picture: Path | None) -> Visit:
    """Open a notebook, run it from the first cell to the last, and look at the page.

    Args:
        opened: from `browser()`.
        lab: a server that runs.
        notebook: its path inside `notebooks/`.
        picture: where a PNG of the page's top is kept, if anywhere.
    """
    seen = Visit(notebook)
    context = opened.new_context(viewport=VIEW)
    try:
        page = context.new_page()
        page.add_init_script(path=QUESTIONS)
        listen(page, lab.address, seen.problems)
        page.goto(lab.page(notebook))
        _wait_for_kernel(page, lab, seen)
        _run_all(page, lab.cells(notebook), seen)
        _look(page, seen)
        _move_sliders(page, seen)
        if picture:
            page.locator(".jp-Notebook .jp-Cell").first.scroll_into_view_if_needed()
            picture.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=picture)
    finally:
        context.close()
        lab.end_kernels()
    return seen


def listen(page: "Page", home: str, problems: list[str]) -> None:
    """Note red messages, uncaught errors, and every request that leaves the machine."""

    def asked(route: Any) -> None:
        if leaves(route.request.url, home):
            problems.append(f"asked the network for {route.request.url[:120]}")
            route.abort()
        else:
            route.continue_()

    def said(message: Any) -> None:
        if message.type == "error":  # none is harmless
            where = (message.location or {}).get("url", "")
            where = re.sub(r"\?.*", "", where)
            problems.append(f"red on the console: {message.text[:200]} ({where})")

    page.route("**/*", asked)
    page.on("console", said)
    page.on("pageerror", lambda e: problems.append(f"uncaught: {str(e)[:200]}"))


def leaves(address: str, home: str) -> bool:
    """Tell whether a request goes anywhere but to `home` or into the page itself.

    Example:
        >>> leaves("http://127.0.0.1:8888/lab", "http://127.0.0.1:8888")
        False
        >>> leaves("http://127.0.0.2:8888/lab", "http://127.0.0.1:8888")
        True
    """
    return not address.startswith((home, "data:", "blob:", "about:"))


def _wait_for_kernel(page: "Page", lab: Lab, seen: Visit) -> None:
    """Wait until the notebook is open and its kernel answers.

    The page calls a kernel idle before it has one, hence the server is asked as well.
    """
    cells = lab.cells(seen.notebook)
    if _becomes(page, "loaded", 60, cells):
        for _ in range(300):
            if lab.kernel_is_ready() and _becomes(page, "idle", 1):
                return
            page.wait_for_timeout(200)
    raise CourseError(f"{seen.notebook} did not open with {cells} cells and a kernel.")


def _run_all(page: "Page", cells: int, seen: Visit) -> None:
    """Unfold all cells, clear their outputs and run them, as the menus do it.

    What is chosen too early is lost, so each choice is made again until it shows.
    """
    _choose(page, "View", "Expand All Code", "expanded", cells)  # folded, none shows
    _choose(page, "Edit", "Clear Outputs of All Cells", "cleared", cells)
    started = time.monotonic()
    _choose(page, "Run", "Run All Cells", "started")
    ended = _becomes(page, "ended", RUN_SECONDS)  # all have run, or one has failed
    if not ended or not _becomes(page, "done", 1, cells):
        prompts = page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
        seen.problems.append(f"not all cells have run: {' '.join(prompts)}")
    seen.seconds = time.monotonic() - started
    _becomes(page, "complete", 20)


def _choose(page: "Page", menu: str, item: str, shows: str, cells: int = 0) -> None:
    """Choose an item of a menu until the page shows that it was done."""
    for _ in range(5):
        for text in page.locator(".jp-Dialog").all_inner_texts():
            raise CourseError(f"A dialog covers the page: {' '.join(text.split())}")
        page.click(f'.lm-MenuBar-itemLabel:text-is("{menu}")')
        page.click(f'.lm-Menu-itemLabel:text-is("{item}")')
        if _becomes(page, shows, 4, cells):
            return
    raise CourseError(f"`{item}` was chosen 5 times, and the page shows nothing of it.")


def _becomes(page: "Page", question: str, seconds: float, cells: int = 0) -> bool:
    """Wait until a question about the page is answered with yes; False if it is not."""
    from playwright.sync_api import TimeoutError as TooLong

    try:
        question = f"cells => course.{question}(cells)"
        # Asked at every frame, it would take the kernel's processor from it.
        asked = {"timeout": 1000 * seconds, "polling": 100}
        page.wait_for_function(question, arg=cells, **asked)
    except TooLong:
        return False
    return True


def _look(page: "Page", seen: Visit) -> None:
    """Note failed outputs, raw maths, broken images and diagrams that are not drawn."""
    _becomes(page, "noRawMaths", 10)
    for kind, question in (
        ("error output", "failedOutputs"),
        ("maths that is not drawn", "rawMaths"),
        ("diagram that is not drawn", "rawDiagrams"),
        ("broken image", "brokenImages"),
    ):
        found = page.evaluate(f"() => course.{question}()")
        seen.problems += [f"{kind}: {text}" for text in found]
    seen.counts = {
        "code cells": page.locator(".jp-CodeCell").count(),
        "formulas": page.locator(".jp-Notebook mjx-container").count(),
        "images": page.locator(".jp-Notebook img").count(),
        "diagrams": page.evaluate("() => course.diagrams()"),
        "sliders": page.locator(".jp-Notebook .noUi-handle").count(),
    }


def _move_sliders(page: "Page", seen: Visit) -> None:
    """Move each slider by a key, and note how long its picture took to change."""
    pixels = "image => course.pixels(image)"
    for live in page.locator(".jp-OutputArea-output .widget-vbox").all():
        image = live.locator("img.widget-image").first
        for slider in live.locator(".widget-slider").all():
            name = slider.locator(".widget-label").inner_text() or "slider"
            before = image.evaluate(pixels)
            took = _press(page, slider, image)
            if took is None or image.evaluate(pixels) == before:
                seen.problems.append(f"slider `{name}` does not change its picture")
                continue
            seen.redraws[_unused(name, seen.redraws)] = took
            if took > 1000 * REDRAW_SECONDS:
                seen.problems.append(f"slider `{name}` takes {took:.0f} ms to redraw")


def _press(page: "Page", slider: "Locator", image: "Locator") -> float | None:
    """Press an arrow key on a slider; return the milliseconds to the new picture.

    At its upper end a slider is moved down.
    """
    handle = slider.locator(".noUi-handle")
    handle.scroll_into_view_if_needed()
    now, most = (
        float(handle.get_attribute(f"aria-value{end}") or 0) for end in ("now", "max")
    )
    image.evaluate("image => course.watch(image)")
    handle.focus()
    page.keyboard.press("ArrowUp" if now < most else "ArrowDown")
    if not _becomes(page, "redrawn", 4 * REDRAW_SECONDS):
        return None
    return page.evaluate("() => window.redrawn")


def _unused(name: str, taken: dict[str, float]) -> str:
    """Return the name, with a number after it if it is taken.

    Example:
        >>> _unused("bits", {"bits": 80.0})
        'bits (2)'
    """
    number, free = 2, name
    while free in taken:
        free = f"{name} ({number})"
        number += 1
    return free


def main(args: list[str]) -> int:
    """Visit the notebooks that are named, or all; return 1 if one has a problem."""
    parser = argparse.ArgumentParser(prog="python -m tools.browser")
    parser.add_argument("notebooks", nargs="*", help="a number (01) or a name")
    parser.add_argument("--pictures", type=Path, help="keep a PNG of each page here")
    given = parser.parse_args(args)
    found = False
    try:
        names = [copies.find(ROOT, word) for word in given.notebooks] or [
            name for name in copies.originals(ROOT) if name.endswith(".ipynb")
        ]
        with browser() as opened, Lab() as lab:
            for name in names:
                seen = visit(opened, lab, name, picture_of(name, given.pictures))
                found = found or bool(seen.problems)
                print(seen, flush=True)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    return int(found)


def picture_of(notebook: str, folder: Path | None) -> Path | None:
    """Return where the picture of a notebook's page goes.

    Example:
        >>> picture_of("solutions/01_one.ipynb", Path("seen")).as_posix()
        'seen/solutions/01_one.png'
    """
    return (folder / notebook).with_suffix(".png") if folder else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
