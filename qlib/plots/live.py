"""What moves: a figure that follows sliders, and a bar that shows progress."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import ipywidgets
from IPython.display import display

from qlib.plots.picture import WIDTH, Picture, quick_png

Item = TypeVar("Item")


class Live(ipywidgets.VBox):
    """Sliders above a picture that is drawn anew when one of them moves.

    Where no kernel runs, a page shows this object's words; the still picture beside it
    makes the same point.
    """

    def __repr__(self) -> str:
        names = " and ".join(w.description for w in self.children[:-1])
        return f"A slider for {names} (move it where a kernel runs)"


def explore(draw: Callable[..., Picture], **sliders: ipywidgets.Widget) -> Live:
    """Return a live figure: draw(name=value, ...) for the values of the sliders.

    Args:
        draw: returns the picture for the sliders' values, given by name.
        sliders: ipywidgets with a `value`, by the name of the argument that they set.
    """
    image = ipywidgets.Image(format="png", width=WIDTH)

    def redraw(_change: dict | None = None) -> None:
        picture = draw(**{name: w.value for name, w in sliders.items()})
        image.value = quick_png(picture.figure)

    for name, slider in sliders.items():
        slider.description = slider.description or name
        slider.style = {"description_width": "initial"}
        slider.layout.width = "480px"
        slider.observe(redraw, "value")
    redraw()
    return Live([*sliders.values(), image])


class Bar(ipywidgets.IntProgress):
    """A progress bar that a page without a kernel shows as words."""

    def __repr__(self) -> str:
        return f"Progress: {self.description} (a bar that fills while the cell runs)"


def progress(items: Sequence[Item], description: str) -> Iterator[Item]:
    """Yield the items, with a bar in the cell's output that shows how many are done.

    Args:
        items: what is worked on, one after the other.
        description: a word or two that stand beside the bar.
    """
    bar = Bar(max=len(items), description=description)
    bar.style = {"description_width": "initial"}
    display(bar)
    for item in items:
        yield item
        bar.value += 1
