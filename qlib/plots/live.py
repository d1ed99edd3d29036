"""What moves: a figure that follows sliders, and a bar that shows progress."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

import ipywidgets
from IPython.display import display

from qlib.memory import give_back
from qlib.plots.picture import WIDTH, Picture, quick_png
from qlib.quiet import load_tensorflow

if TYPE_CHECKING:
    import tensorflow as tf

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
    places = []  # of the axes, found once: they stand still, and half the time is saved

    def redraw(_change: dict | None = None) -> None:
        figure = draw(**{name: w.value for name, w in sliders.items()}).figure
        if len(places) == len(figure.axes):
            figure.set_layout_engine("none")
            for axes, place in zip(figure.axes, places, strict=True):
                axes.set_position(place)
        image.value = quick_png(figure)
        places[:] = [axes.get_position() for axes in figure.axes]

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


def fit_progress(steps: int, description: str) -> "tf.keras.callbacks.Callback":
    """Return a callback for Keras's `fit` that shows a bar of all its steps.

    Args:
        steps: batches of all epochs together.
        description: a word or two that stand beside the bar.
    """
    bar = _bar(steps, description)

    def one_more(_batch: int, _logs: dict) -> None:
        bar.value += 1

    callbacks = load_tensorflow().keras.callbacks
    return callbacks.LambdaCallback(
        on_train_batch_end=one_more, on_train_end=lambda _logs: give_back()
    )


def _bar(most: int, description: str) -> Bar:
    """Show an empty bar in the cell's output, and return it."""
    bar = Bar(max=most, description=description)
    bar.style = {"description_width": "initial"}
    display(bar)
    return bar


def progress(items: Sequence[Item], description: str) -> Iterator[Item]:
    """Yield the items, with a bar in the cell's output that shows how many are done.

    Args:
        items: what is worked on, one after the other.
        description: a word or two that stand beside the bar.
    """
    bar = _bar(len(items), description)
    for item in items:
        yield item
        bar.value += 1
    give_back()
