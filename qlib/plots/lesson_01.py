"""The figures of lesson 01: number lines, staircases, grids on real weights."""

import itertools
from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np

from qlib.linear import choose_params, dequantize, fake_quantize, quantize
from qlib.params import QuantParams
from qlib.plots.live import Live, explore
from qlib.plots.picture import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    new_figure,
    picture,
)


def levels(params: QuantParams) -> np.ndarray:
    """Return the real values that the codes of `params` stand for, in order.

    Example:
        >>> levels(QuantParams(0.5, -1, bits=2))
        array([-0.5,  0. ,  0.5,  1. ], dtype=float32)
    """
    return dequantize(np.arange(params.qmin, params.qmax + 1), params)


@picture
def number_line(x: np.ndarray, params: QuantParams):
    """Draw each real value of `x` with an arrow to the level that it is rounded to."""
    figure, axes = new_figure(2.9)
    grid, x_hat = levels(params), fake_quantize(x, params)
    span = grid[-1] - grid[0]
    axes.hlines([0, 1], grid[0], grid[-1], color=GREY, linewidth=1.5)
    axes.plot(grid, np.zeros_like(grid), "|", color=BLUE, markersize=26, mew=3)
    for code, value in zip(range(params.qmin, params.qmax + 1), grid, strict=True):
        words = f"{code}\n{value:.2f}"
        axes.text(value, -0.28, words, ha="center", va="top", color=BLUE)
    for value, target in zip(x, x_hat, strict=True):
        arrow = {"arrowstyle": "-|>", "color": RED, "lw": 2}
        axes.annotate("", (target, 0.16), (value, 0.93), arrowprops=arrow)
        axes.text(value, 1.14, f"{value:g}", ha="center", color=RED)
    axes.plot(x, np.ones_like(x), "o", color=RED)
    axes.set(ylim=(-1.05, 1.6), xlim=(grid[0] - 0.26 * span, grid[-1] + 0.1 * span))
    axes.set_yticks([])
    left = grid[0] - 0.06 * span
    for height, name in ((1, "real x"), (-0.28, "code\ncomes back as")):
        side = "center" if height == 1 else "top"
        axes.text(left, height, name, ha="right", va=side)
    axes.xaxis.set_visible(False)
    axes.spines[:].set_visible(False)
    axes.grid(False)
    return figure, (
        f"A number line with the real values {', '.join(f'{v:g}' for v in x)} above "
        f"and the {len(grid)} levels of the grid below; an arrow leads from each value "
        "to the nearest level."
    )


@picture
def staircase(all_params: Sequence[QuantParams], low: float, high: float):
    """Draw x_hat against x, and the error x - x_hat, for several widths."""
    figure, (left, right) = new_figure(3.9, columns=2)
    x = np.linspace(low, high, 2001)
    left.plot(x, x, color=GREY, linewidth=1, label="x itself")
    for params, style in zip(
        all_params, itertools.cycle(("-", "--", ":")), strict=False
    ):
        x_hat = fake_quantize(x, params)
        left.plot(x, x_hat, style, label=f"{params.bits} bits")
        right.plot(x, x - x_hat, style)
    for edge in (-0.5, 0.5):
        right.axhline(edge * all_params[0].scale, color=GREY, linewidth=1)
    left.legend()
    left.set(title="there and back", xlabel="x", ylabel="$\\hat{x}$")
    right.set(title="what is lost", xlabel="x", ylabel="x − $\\hat{x}$")
    widths = " and ".join(str(p.bits) for p in all_params)
    return figure, (
        f"Left: staircases of {widths} bits along the line x; the more bits, the finer "
        "the steps. Right: their errors, saw teeth between minus and plus half a step, "
        "growing without bound where x leaves the range."
    )


@picture
def grids(rows: Mapping[str, np.ndarray], marked: float | None = None, unit: str = "x"):
    """Draw the levels of several grids on one axis, a row each; mark one real value.

    Example:
        >>> grids({"coarse": np.arange(3), "fine": np.arange(0, 2.5, 0.5)}, marked=1.2)
        Picture: The levels of grids on one axis: coarse, 3 from 0 to 2; fine, 5 from \
0 to 2.
    """
    figure, axes = new_figure(0.9 + 0.62 * len(rows))
    for height, values in enumerate(reversed(rows.values())):
        axes.hlines(height, np.min(values), np.max(values), color=GREY, linewidth=1)
        size = 16 if len(values) < 100 else 10
        axes.plot(values, np.full(len(values), height), "|", ms=size, mew=1.6)
    if marked is not None:
        axes.axvline(marked, color=BLACK, linestyle="--", linewidth=1.5)
        axes.text(marked, len(rows) - 0.45, f" {marked:g}", va="bottom")
    axes.set(ylim=(-0.6, len(rows) - 0.4), xlabel=unit)
    axes.set_yticks(range(len(rows)), list(reversed(rows)))
    axes.grid(False)
    told = (
        f"{name}, {len(values)} from {np.min(values):.3g} to {np.max(values):.3g}"
        for name, values in rows.items()
    )
    return figure, f"The levels of grids on one axis: {'; '.join(told)}."


@picture
def codes_used(rows: Mapping[str, tuple[np.ndarray, QuantParams]]):
    """Draw how often each code is used, a panel for each tensor and its parameters."""
    figure, panels = new_figure(3.6, columns=len(rows), squeeze=False)
    told = []
    for axes, (name, (x, params)) in zip(panels[0], rows.items(), strict=True):
        q = quantize(x, params).astype(int)
        counts = np.bincount(q.reshape(-1) - params.qmin)
        codes = np.arange(params.qmin, params.qmin + len(counts))
        told.append(f"{name}, most often code {codes[counts.argmax()]}")
        axes.fill_between(codes, counts / q.size * 100, step="mid", color=BLUE)
        axes.axvline(params.zero_point, color=RED, linestyle="--", linewidth=1.5)
        axes.set(xlim=(params.qmin - 3, params.qmax + 3), yscale="log", title=name)
        axes.set_xlabel("code (dashed: the zero point)")
    panels[0][0].set_ylabel("share of values (%)")
    return figure, (
        "How often each code is used, as a histogram on a log scale: "
        f"{'; '.join(told)}. A dashed line marks the zero point."
    )


@picture
def digits(images: Mapping[str, np.ndarray], low: float | None = None, high=None):
    """Draw grey images side by side, on one brightness scale.

    Example:
        >>> digits({"black": np.zeros((28, 28))}, low=0, high=1)
        Picture: Images of digits side by side: black.
    """
    height = 0.5 + 7.5 / max(4, len(images))
    figure, panels = new_figure(height, columns=len(images), squeeze=False)
    for axes, (name, image) in zip(panels[0], images.items(), strict=True):
        axes.imshow(image, cmap="gray", vmin=low, vmax=high)
        axes.set_title(name, fontsize=13)
        axes.set_axis_off()
    return figure, f"Images of digits side by side: {'; '.join(images)}."


@picture
def error_against_bits(bits: Sequence[int], errors: Mapping[str, Sequence[float]]):
    """Draw errors against the number of bits, on a log scale."""
    figure, axes = new_figure(3.6)
    marks = itertools.cycle(("o-", "s--", "^:"))
    for (name, values), mark in zip(errors.items(), marks, strict=False):
        axes.plot(bits, values, mark, label=name)
    axes.set_yscale("log", base=2)
    axes.set(xlabel="bits", ylabel="error (units of the weights)", xticks=list(bits))
    axes.legend()
    return figure, (
        f"{' and '.join(errors)} against {bits[0]} to {bits[-1]} bits, on a log scale: "
        "nearly straight lines that fall by half with each bit."
    )


@picture
def bars(values: Mapping[str, float], unit: str):
    """Draw one horizontal bar a name, with its value written at its end.

    Example:
        >>> bars({"up": 0.5, "down": -0.5}, unit="mean error (steps)")
        Picture: Bars of mean error (steps): up 0.5, down -0.5.
    """
    figure, axes = new_figure(0.9 + 0.5 * len(values))
    names, sizes = list(values), list(values.values())
    axes.barh(names[::-1], sizes[::-1], color=BLUE, height=0.6)
    for row, size in enumerate(sizes[::-1]):
        side = "left" if size >= 0 else "right"
        axes.text(size, row, f" {size:.3g} ", va="center", ha=side)
    axes.axvline(0, color=BLACK, linewidth=1)
    axes.margins(x=0.18)
    axes.set_xlabel(unit)
    axes.grid(visible=False, axis="y")
    told = ", ".join(f"{name} {size:.3g}" for name, size in values.items())
    return figure, f"Bars of {unit}: {told}."


@picture
def channel_ranges(w: np.ndarray, axis: int = -1):
    """Draw the range of each output channel of `w` inside the range of the whole."""
    figure, axes = new_figure(3.6)
    rows = np.moveaxis(w, axis, 0).reshape(w.shape[axis], -1)
    low, high = rows.min(1), rows.max(1)
    channel = np.arange(len(rows))
    full = int(np.sum(high - low == high.max() - low.min()))
    axes.axhspan(low.min(), high.max(), color=ORANGE, alpha=0.25, linewidth=0)
    axes.bar(channel, high - low, bottom=low, color=BLUE, width=0.7)
    axes.axhline(0, color=BLACK, linewidth=1)
    room = 0.12 * (high.max() - low.min())
    axes.set_ylim(low.min() - room, high.max() + room)
    axes.set(xlabel="output channel (shaded: the range of all)", ylabel="weights")
    axes.grid(visible=False, axis="x")
    return figure, (
        f"The range of each of {len(rows)} output channels as a bar, inside a band "
        f"that is the range of the whole tensor, which {full or 'none'} of them fill."
    )


@picture
def weights_on_grid(x: np.ndarray, bits: int, reach: float):
    """Draw a histogram of `x` and a symmetric grid of levels that ends at `reach`."""
    figure, axes = new_figure(3.6)
    params = choose_params(-reach, reach, bits, symmetric=True, narrow_range=True)
    error = x - fake_quantize(x, params)
    edge = float(np.abs(x).max())
    counts, edges = np.histogram(x, bins=120, range=(-edge, edge))
    axes.stairs(counts, edges, fill=True, color=BLUE)
    axes.set_yscale("log")
    axes.minorticks_off()  # half of the time to draw, which a slider feels
    if bits <= 6:  # more would hide the histogram
        axes.vlines(levels(params), 0.6, counts.max(), color=RED, linewidth=1)
    axes.axvspan(-reach, reach, color=GREEN, alpha=0.15, linewidth=0)
    clipped = np.mean(np.abs(x) > reach)
    axes.set(xlabel="weight", ylabel="count", xlim=(-edge, edge))
    axes.set_title(
        f"{bits} bits, reach {reach:.2f}: step {params.scale:.4f}, "
        f"{clipped:.2%} clipped, RMSE {np.sqrt(np.mean(error**2)):.4f}"
    )
    return figure, (
        f"A histogram of the weights with the levels of a {bits}-bit grid that reaches "
        f"to {reach:.2f} on either side; {clipped:.2%} of the weights lie outside it."
    )


def explore_grid(x: np.ndarray) -> Live:
    """Return sliders for the bits and the reach of the grid over a histogram of `x`."""
    edge = float(np.abs(x).max())
    return explore(
        lambda bits, reach: weights_on_grid(x, bits, reach * edge),
        bits=ipywidgets.IntSlider(value=4, min=2, max=8),
        reach=ipywidgets.FloatSlider(
            value=1.0, min=0.1, max=1.0, step=0.05, description="reach / max |x|"
        ),
    )
