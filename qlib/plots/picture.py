"""A figure as a notebook shows it: image, words for who can't see it, data."""

import base64
import functools
import io
import json
from collections.abc import Callable

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

WIDTH = 900  # pixels on the page; drawn finer than that, so that it stays sharp
MOST = 30  # values of one series that are kept one by one

# Okabe and Ito's palette, told apart by all forms of colour vision.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, BLACK, GREY = "#CC79A7", "#56B4E9", "#222222", "#767676"

STYLE = {
    "font.size": 14,
    "axes.titlesize": 15,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.prop_cycle": mpl.cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE, SKY]),
    "axes.grid": True,
    "grid.color": "#dddddd",
    "axes.axisbelow": True,
    "lines.linewidth": 2.2,
    "lines.markersize": 8,
    "legend.frameon": False,
    "figure.facecolor": "white",  # a white card reads well in the dark theme too
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.12,
    "figure.constrained_layout.h_pad": 0.08,
}


class Picture:
    """A finished figure with its alternative text and its data.

    Args:
        figure: the matplotlib figure, drawn.
        alt: what the figure shows, for a reader who can't see it.
    """

    def __init__(self, figure: Figure, alt: str) -> None:
        self.alt = " ".join(alt.split())
        self.figure = figure

    @property
    def data(self) -> str:
        """What the figure shows, as JSON in one line (notebooks break lists up)."""
        return json.dumps(plotted_data(self.figure), separators=(",", ":"))

    def __repr__(self) -> str:
        return f"Picture: {self.alt}"

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        image = base64.b64encode(small_png(self.figure)).decode("ascii")
        about = {"alt": self.alt, "width": WIDTH}
        return (
            {"image/png": image, "text/plain": repr(self)},
            {"image/png": about, "data": self.data},
        )


def picture(draw: Callable[..., tuple[Figure, str]]) -> Callable[..., Picture]:
    """Make a function that returns (figure, alt text) return a picture in one style.

    The figure belongs to no window and no global list, so nothing is left behind.
    """

    @functools.wraps(draw)
    def drawn(*args, **options) -> Picture:
        with mpl.rc_context(STYLE):
            return Picture(*draw(*args, **options))

    return drawn


def new_figure(height: float = 3.6, rows: int = 1, columns: int = 1, **options):
    """Return (figure, axes), 9 inches wide and `height` inches high."""
    figure = Figure(figsize=(9, height))
    return figure, figure.subplots(rows, columns, **options)


def plotted_data(figure: Figure) -> list[dict]:
    """Return what each part of the figure shows, rounded to five digits.

    Lines, bars, points and images by their coordinates, words as they stand. Long
    series are cut into blocks, of which mean, least and greatest value are kept.
    """
    parts = []
    for axes in figure.axes:
        words = [axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()]
        parts.append({"words": [*words, *(text.get_text() for text in axes.texts)]})
        for line in axes.lines:
            parts.append({"line": _series(line.get_xydata())})
        for bar in axes.patches:
            flat = isinstance(bar, Rectangle)
            shape = bar.get_bbox().bounds if flat else bar.get_path().vertices
            parts.append({"patch": _series(shape)})
        for group in axes.collections:
            parts.append({"points": _series(group.get_offsets())})
            for path in group.get_paths():
                parts.append({"path": _series(path.vertices)})
        for image in axes.images:
            parts.append({"image": _series(image.get_array())})
    return parts


def _series(values) -> list:
    flat = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan).reshape(-1)
    if flat.size > MOST:
        blocks = np.array_split(flat, MOST // 3)
        flat = np.array([f(b) for b in blocks for f in (np.mean, np.min, np.max)])
    return [float(f"{v:.5g}") if np.isfinite(v) else None for v in flat]


def quick_png(figure: Figure) -> bytes:
    """Return the figure as PNG, one dot to a pixel of the page, as fast as can be.

    It is drawn once, where `savefig` draws twice, and compressed lightly: both are felt
    where a slider moves.
    """
    from PIL import Image

    figure.dpi = WIDTH / figure.get_figwidth()
    canvas, stream = FigureCanvasAgg(figure), io.BytesIO()
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba()))
    image.convert("RGB").save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def small_png(figure: Figure, dots: float = 1.02) -> bytes:
    """Return the figure as PNG in the palette's own colours: a third of the size.

    A palette found by the image library would merge colours that occur little.
    `dots` are those to a pixel of the page.
    """
    from PIL import Image

    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png", dpi=dots * WIDTH / figure.get_figwidth())
    image = Image.open(full).convert("RGB")
    own = Image.new("P", (1, 1))
    own.putpalette(_tints())
    image.quantize(palette=own, dither=Image.Dither.NONE).save(
        small, "PNG", optimize=True
    )
    return small.getvalue()


@functools.cache
def _tints() -> list[int]:
    """Return the palette, three tints of each colour, and greys, as one list of RGB."""
    colours = [to_rgb(c) for c in (BLUE, ORANGE, GREEN, RED, PURPLE, SKY)]
    tints = [
        1 - strength * (1 - channel)
        for colour in colours
        for strength in (1.0, 0.6, 0.3)
        for channel in colour
    ]
    greys = np.repeat(np.linspace(0, 1, 14), 3)
    return [round(255 * value) for value in (*tints, *greys)]
