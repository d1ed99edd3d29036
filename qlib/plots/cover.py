"""The README's picture: `python3 course.py run python -m qlib.plots.cover` draws it."""

from pathlib import Path

import numpy as np

from qlib import data
from qlib.linear import choose_params, fake_quantize
from qlib.plots.picture import BLUE, GREY, RED, WIDTH, Picture, new_figure, picture

COVER = Path(__file__).parents[2] / "notebooks" / "pictures" / "cover.png"


@picture
def cover(image: np.ndarray):
    """Draw a digit that loses bits from left to right, above the line of its levels."""
    widths = (8, 4, 3, 2)
    figure, panels = new_figure(
        3.6, rows=2, columns=len(widths), height_ratios=(4, 1), sharex="row"
    )
    x = image.astype(np.float32) / 255
    for above, below, bits in zip(*panels, widths, strict=True):
        params = choose_params(0.0, 1.0, bits)
        above.imshow(fake_quantize(x, params), cmap="gray", vmin=0, vmax=1)
        above.set_title(f"{bits} bits: {2**bits} levels", loc="center")
        above.set_axis_off()
        levels = np.linspace(0, 1, 2**bits)
        below.hlines(0, 0, 1, color=GREY, linewidth=1)
        below.plot(levels, np.zeros_like(levels), "|", color=BLUE, ms=16, mew=1.6)
        value = np.float32(0.42)
        below.plot([value], [0.9], "v", color=RED)
        below.plot(fake_quantize([value], params), [0], "o", color=RED)
        below.set(ylim=(-1, 1.6))
        below.set_axis_off()
    return figure, (
        "A handwritten digit with 256, 16, 8 and 4 grey levels. Below each, the levels "
        "on a line, with a real value above it and the level that it is rounded to."
    )


def main() -> None:
    """Draw the cover from the first test digit and save it."""
    (_, _), (x_test, _) = data.load_mnist()
    drawn: Picture = cover(x_test[0])
    COVER.parent.mkdir(exist_ok=True)
    dots = 1.6 * WIDTH / drawn.figure.get_figwidth()  # to an inch
    drawn.figure.savefig(COVER, dpi=dots)
    print(f"drawn: {COVER.name}")


if __name__ == "__main__":
    main()
