"""The figures of lesson 02: where errors come from, how they travel, what luck does."""

import itertools
from collections.abc import Callable, Mapping, Sequence

import ipywidgets
import numpy as np

from qlib.compare import standard_error
from qlib.errors import error_parts
from qlib.fitting import scale_losses
from qlib.linear import choose_params
from qlib.params import QuantParams
from qlib.plots.live import Live, explore
from qlib.plots.picture import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    SKY,
    new_figure,
    picture,
)

MARKS = ("o-", "s--", "^:", "D-.")


def grid_to(x: np.ndarray, reach: float, bits: int) -> QuantParams:
    """Return a grid that ends at `reach`: one-sided where x has no negative values.

    Example:
        >>> grid_to(np.array([0.0, 3.0]), reach=2.0, bits=2).scale
        np.float32(0.6666667)
    """
    if x.min() < 0:
        return choose_params(-reach, reach, bits, symmetric=True, narrow_range=True)
    return choose_params(0.0, reach, bits)


def parts_by_reach(
    x: np.ndarray, bits: int, shares: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return rounding and clipping MSE for grids that end at these shares of max |x|.

    Example:
        >>> parts_by_reach(np.array([-1.0, 0.4, 1.0]), 2, [1.0])
        (array([0.05333333]), array([0.]))
    """
    edge = float(np.abs(x).max())
    parts = [error_parts(x, grid_to(x, share * edge, bits)) for share in shares]
    rounding, clipping = np.array(parts).T
    return rounding, clipping


@picture
def two_errors(
    shares: Sequence[float], curves: Mapping[tuple, tuple[np.ndarray, np.ndarray]]
):
    """Draw rounding, clipping and their sum against the reach of the grid.

    `curves` holds {(tensor, bits): (rounding MSE, clipping MSE) for each share}.
    """
    names = list(dict.fromkeys(name for name, _ in curves))
    widths = list(dict.fromkeys(bits for _, bits in curves))
    figure, panels = new_figure(
        2.7 * len(names), len(names), len(widths), sharex=True, sharey="row",
        squeeze=False,
    )  # fmt: skip
    for (name, bits), (rounding, clipping) in curves.items():
        axes, total = panels[names.index(name)][widths.index(bits)], rounding + clipping
        axes.loglog(shares, total, color=BLACK, linewidth=4, label="sum")
        axes.loglog(shares, rounding, "--", color=SKY, label="rounding")
        axes.loglog(shares, clipping, ":", color=ORANGE, label="clipping")
        best = int(np.argmin(total))
        axes.plot(shares[best], total[best], "o", color=GREEN, ms=11, zorder=3)
        axes.set_title(f"{name}, {bits} bits", fontsize=13)
        axes.minorticks_off()
        axes.set_xticks([0.04, 0.1, 0.3, 1.0], ["4%", "10%", "30%", "100%"])
    for row, name in zip(panels, names, strict=True):
        least = min(np.min(a + b) for (n, _), (a, b) in curves.items() if n == name)
        row[0].set_ylim(least / 5, None)
        row[0].set_ylabel("MSE")
    for axes in panels[-1]:
        axes.set_xlabel("reach / max |x|")
    panels[0][-1].legend(fontsize=12, loc="lower right")
    return figure, (
        f"Rounding error, clipping error and their sum against the reach of the grid "
        f"for {' and '.join(names)} with {', '.join(map(str, widths))} bits, on log "
        "axes. Rounding rises with the reach, clipping falls; a dot marks where the "
        "sum is least: the fewer bits, the further left."
    )


@picture
def reach_and_errors(x: np.ndarray, bits: int, share: float):
    """Draw a tensor with the reach of its grid, and the two errors as bars."""
    figure, (left, right) = new_figure(3.4, columns=2, width_ratios=[2, 1])
    edge = float(np.abs(x).max())
    rounding, clipping = (part[0] for part in parts_by_reach(x, bits, [share]))
    counts, edges = np.histogram(x, bins=100, range=(-edge, edge))
    left.stairs(counts, edges, fill=True, color=GREY)
    left.set_yscale("log")
    left.minorticks_off()
    left.axvspan(-share * edge, share * edge, color=GREEN, alpha=0.2, linewidth=0)
    left.set(xlabel="weight (shaded: reach of the grid)", ylabel="count")
    right.bar(
        ["round", "clip", "both"],
        np.sqrt([rounding, clipping, rounding + clipping]),
        color=[BLUE, RED, BLACK],
    )
    right.set_ylabel("RMS error")
    full = np.sqrt(parts_by_reach(x, bits, [1.0])[0][0])
    right.axhline(full, color=GREY, linestyle="--", linewidth=1.5)
    right.set_ylim(0, 1.6 * full)
    left.set_title(
        f"{bits} bits, reach {share:.0%}: RMSE {np.sqrt(rounding + clipping):.4f}"
    )
    return figure, (
        f"Left: a histogram of the weights, shaded where a {bits}-bit grid reaches "
        f"({share:.0%} of the largest). Right: bars of the rounding error, the "
        "clipping error and their sum; a dashed line marks the error at full reach."
    )


def explore_reach(x: np.ndarray) -> Live:
    """Return sliders for bits and reach over `reach_and_errors`."""
    return explore(
        lambda bits, share: reach_and_errors(x, bits, share),
        bits=ipywidgets.IntSlider(value=4, min=2, max=8),
        share=ipywidgets.FloatSlider(
            value=1.0, min=0.05, max=1.0, step=0.05, description="reach / max |x|"
        ),
    )


@picture
def errors_in_steps(panels: Mapping[str, np.ndarray]):
    """Draw how often each error occurs, in steps, beside the flat line of the model."""
    figure, all_axes = new_figure(3.3, columns=len(panels), squeeze=False)
    for axes, (name, steps) in zip(all_axes[0], panels.items(), strict=True):
        edges = np.linspace(-1, 1, 82)
        counts, _ = np.histogram(steps, edges)
        share = counts / np.size(steps) / np.diff(edges)
        axes.stairs(np.minimum(share, 6), edges, fill=True, color=BLUE)
        axes.plot([-1, -0.5, -0.5, 0.5, 0.5, 1], [0, 0, 1, 1, 0, 0], color=RED)
        axes.set(xlabel="error (steps)", ylim=(0, 3.2), xticks=[-1, -0.5, 0, 0.5, 1])
        axes.set_xticklabels(["−1", "−½", "0", "½", "1"])
        axes.set_title(name, fontsize=13)
    all_axes[0][0].set_ylabel("density")
    return figure, (
        f"How often each error occurs, in steps, for {'; '.join(panels)}; a red box "
        "between minus and plus half a step is what the uniform model expects."
    )


@picture
def sqnr_by_bits(
    bits: Sequence[int], tensors: Mapping[str, tuple[Sequence[float], Sequence[float]]]
):
    """Draw SQNR against bits: a line for the prediction, marks for the measurement."""
    figure, axes = new_figure(3.8)
    colors = (BLUE, ORANGE, GREEN, RED)
    for (name, (predicted, measured)), color, mark in zip(
        tensors.items(), colors, "os^D", strict=False
    ):
        axes.plot(bits, predicted, color=color, linewidth=1.5)
        axes.plot(bits, measured, mark, color=color, ms=9, label=name)
    axes.set(xlabel="bits", ylabel="SQNR (dB)", xticks=list(bits))
    axes.set_title("lines: predicted; marks: measured")
    axes.legend()
    return figure, (
        f"SQNR in dB against {bits[0]} to {bits[-1]} bits for {', '.join(tensors)}: "
        "marks for what was measured lie on straight lines, the prediction, and leave "
        "them at 2 to 4 bits."
    )
