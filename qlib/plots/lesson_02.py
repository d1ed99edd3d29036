"""The figures of lesson 02: where errors come from, how they travel, what luck does."""

import itertools
from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np

from qlib.compare import standard_error
from qlib.errors import error_parts
from qlib.fitting import least_squares_scale, scale_losses
from qlib.linear import choose_params
from qlib.params import QuantParams
from qlib.plots.live import Live, explore
from qlib.plots.picture import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    new_figure,
    picture,
)

COLORS = (BLUE, RED, GREEN)
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
    figure, panels = new_figure(4.1, columns=len(names), sharey=True, squeeze=False)
    for (name, bits), (rounding, clipping) in curves.items():
        axes, color = panels[0][names.index(name)], COLORS[widths.index(bits)]
        total, best = rounding + clipping, int(np.argmin(rounding + clipping))
        axes.loglog(shares, total, color=color, linewidth=2.5)
        axes.loglog(shares, rounding, "--", color=color, linewidth=1.5)
        if bits == widths[0]:  # what is cut off depends on the reach alone
            axes.loglog(shares, clipping, ":", color=BLACK, linewidth=1.5)
        axes.plot(shares[best], total[best], "o", color=color, ms=11)
        axes.text(1.04, total[-1], f"{bits} bits", color=color, va="center")
        axes.set(title=name, xlabel="reach / max |x|", xlim=(0.04, 1.6))
        axes.minorticks_off()
        axes.set_xticks([0.04, 0.1, 0.3, 1.0], ["4%", "10%", "30%", "100%"])
    least = min(np.min(a + b) for a, b in curves.values())
    panels[0][0].set(ylabel="MSE", ylim=(least / 4, None))
    kinds = {"-": "sum (dot: least)", "--": "rounding", ":": "clipping"}
    for style, words in kinds.items():
        panels[0][0].plot([], [], style, color=BLACK, label=words)
    panels[0][0].legend(fontsize=12, loc="lower left")
    return figure, (
        f"Rounding error, clipping error and their sum against the reach of the grid "
        f"for {' and '.join(names)} with {', '.join(map(str, widths))} bits, on log "
        "axes. Rounding rises with the reach, clipping falls; a dot marks where the "
        "sum is least: the fewer bits, the further left."
    )


@picture
def reach_and_errors(
    x: np.ndarray, bits: int, share: float, histogram: tuple | None = None
):
    """Draw a tensor with the reach of its grid, and the two errors as bars."""
    figure, (left, right) = new_figure(3.4, columns=2, width_ratios=[2, 1])
    figure.set_layout_engine("none")  # a fitted layout takes as long as all the rest
    left.set_position([0.09, 0.2, 0.5, 0.68])
    right.set_position([0.71, 0.2, 0.27, 0.68])
    edge = float(np.abs(x).max())
    rounding, clipping = (part[0] for part in parts_by_reach(x, bits, [share]))
    counts, edges = _histogram(x, edge) if histogram is None else histogram
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


def _histogram(x: np.ndarray, edge: float) -> tuple[np.ndarray, np.ndarray]:
    return np.histogram(x, bins=100, range=(-edge, edge))


def explore_reach(x: np.ndarray) -> Live:
    """Return sliders for bits and reach over `reach_and_errors`."""
    histogram = _histogram(x, float(np.abs(x).max()))  # once, not at each move
    return explore(
        lambda bits, share: reach_and_errors(x, bits, share, histogram),
        bits=ipywidgets.IntSlider(value=4, min=2, max=8),
        share=ipywidgets.FloatSlider(
            value=1.0, min=0.05, max=1.0, step=0.05, description="reach / max |x|"
        ),
    )


@picture
def errors_in_steps(panels: Mapping[str, np.ndarray]):
    """Draw how often each error occurs, in steps, beside the flat line of the model."""
    figure, all_axes = new_figure(3.3, columns=len(panels), squeeze=False, sharey=True)
    for axes, (name, steps) in zip(all_axes[0], panels.items(), strict=True):
        edges = np.linspace(-1.5, 1.5, 121)
        counts, _ = np.histogram(steps, edges)
        share = counts / np.size(steps) / np.diff(edges)
        axes.stairs(np.minimum(share, 6), edges, fill=True, color=BLUE)
        axes.plot([-1.5, -0.5, -0.5, 0.5, 0.5, 1.5], [0, 0, 1, 1, 0, 0], color=RED)
        axes.set(xlabel="error (steps)", ylim=(0, 2.6), xticks=[-1, 0, 1])
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
    figure, axes = new_figure(3.5)
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
        "them at the left end, where bits are few."
    )


@picture
def valleys(x: np.ndarray, bits: int, starts: Sequence[float], ends: Sequence[float]):
    """Draw the loss of a few values against the scale, and where alternation ends."""
    figure, axes = new_figure(3.5)
    best = least_squares_scale(x, bits)
    low, high = min(*starts, *ends, best), max(*starts, *ends, best)
    room = 0.05 * (high - low)
    scales = np.linspace(low - room, high + room, 4000)
    axes.plot(scales, scale_losses(x, scales, bits), color=GREY, linewidth=1.2)
    for values, mark, color, size, name in (
        (starts, "v", BLUE, 8, "starts"),
        (ends, "o", ORANGE, 9, "where alternation ends"),
        ([best], "*", GREEN, 20, "least_squares_scale"),
    ):
        axes.plot(
            values, scale_losses(x, values, bits), mark, color=color, ms=size,
            label=name,
        )  # fmt: skip
    axes.set(xlabel="scale", ylabel="MSE")
    axes.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    axes.legend(fontsize=12)
    return figure, (
        f"The loss of {x.size} values with {bits} bits against the scale: a jagged "
        "line with dozens of small valleys. Alternation ends in several of them, above "
        "the deepest, which a star marks."
    )


@picture
def loss_and_paths(
    x: np.ndarray,
    bits: int,
    paths: Mapping[str, np.ndarray],
    found: Mapping[str, float],
):
    """Draw the loss with the scales that were found, and the way of each method."""
    figure, (left, right) = new_figure(4.2, columns=2)
    largest = max(path.max() for path in paths.values())
    scales = np.geomspace(0.15 * largest, 1.05 * largest, 300)
    left.plot(scales, scale_losses(x, scales, bits), color=GREY)
    here, qmax = 0.67 * largest, 2 ** (bits - 1) - 1
    q = np.clip(np.rint(x / here), -qmax, qmax)
    held = [np.mean((x - scale * q) ** 2) for scale in scales]
    left.plot(scales, held, ":", color=PURPLE, label="codes held")
    marks, found_at = [], left.get_lines()[-1:]
    styles = itertools.cycle(zip((BLUE, ORANGE, RED), MARKS, strict=False))
    for (name, path), (color, mark) in zip(paths.items(), styles, strict=False):
        some = path[np.unique(np.geomspace(1, len(path), 12).astype(int)) - 1]
        losses = scale_losses(x, some, bits)
        marks += left.plot(some, losses, mark[0], color=color, ms=7, label=name)
        right.plot(np.arange(len(path)), path, mark[1:], color=color, label=name)
    looks = ((BLACK, "X", 11), (PURPLE, "P", 12), (GREEN, "*", 19))
    for (name, scale), (color, mark, size) in zip(found.items(), looks, strict=False):
        at = scale, scale_losses(x, [scale], bits)
        found_at += left.plot(*at, mark, color=color, ms=size, label=name)
        right.axhline(scale, color=color, linewidth=1)
    top = 1.9 * float(scale_losses(x, [largest], bits)[0])
    left.set(xlabel="scale", ylabel="MSE", ylim=(0, top))
    left.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    left.locator_params(axis="x", nbins=5)
    left.add_artist(left.legend(handles=found_at, fontsize=12, loc="upper center"))
    left.legend(
        handles=marks, fontsize=11, loc="lower right", labelspacing=0.1, handlelength=1
    )
    right.set(xlabel="step", ylabel="scale", ylim=(0, None))
    right.legend(fontsize=12)
    return figure, (
        f"Left: the loss against the scale with {bits} bits, one valley, with the "
        f"points through which {', '.join(paths)} descend, the scales found by "
        f"{' and '.join(found)} at the bottom, and a dotted parabola, for fixed codes, "
        "that touches the loss from above. Right: the scale of each method step "
        "by step; all but SGD level out at the same value."
    )


@picture
def shifts(panels: Mapping[str, np.ndarray]):
    """Draw mean and spread of each output's error, for errors (images, outputs)."""
    figure, all_axes = new_figure(3.4, columns=len(panels), squeeze=False)
    beyond = []
    for axes, (name, e) in zip(all_axes[0], panels.items(), strict=True):
        order = np.argsort(e.mean(axis=0))
        mean, spread = e.mean(axis=0)[order], e.std(axis=0)[order]
        outputs = np.arange(len(mean))
        beyond.append(f"{np.sum(np.abs(mean) > spread)} of {len(mean)} with {name}")
        axes.vlines(outputs, mean - spread, mean + spread, color=SKY, linewidth=2.5)
        axes.plot(outputs, mean, "o", color=RED, ms=5)
        axes.axhline(0, color=BLACK, linewidth=1.2)
        axes.set(xlabel="output, sorted by its mean error", title=name)
    all_axes[0][0].set_ylabel("error (dot: mean, bar: spread)")
    return figure, (
        f"The error of each output for {' and '.join(panels)}: a dot for its mean and "
        "a bar for its spread over the images. Further from zero than their bars are "
        f"long lie the dots of {' and '.join(beyond)}."
    )


@picture
def travel(sums: Mapping[int, Mapping[str, float]], images: int = 10_000):
    """Draw predicted and measured noise of three layers, and changed labels.

    Each width has the mean squares "conv predicted", "conv measured" and so on, and
    the numbers of labels, "expected" and "counted".
    """
    figure, (left, right) = new_figure(3.7, columns=2)
    bits = list(sums)
    for name, color, mark in zip(
        ("conv", "dense", "logits"), COLORS, "os^", strict=True
    ):
        predicted = np.sqrt([row[f"{name} predicted"] for row in sums.values()])
        measured = np.sqrt([row[f"{name} measured"] for row in sums.values()])
        left.plot(bits, predicted, color=color, linewidth=1.5)
        left.plot(bits, measured, mark, color=color, ms=9, label=name)
    expected = [row["expected"] for row in sums.values()]
    counted = [row["counted"] for row in sums.values()]
    right.plot(bits, expected, color=PURPLE, linewidth=1.5, label="expected")
    right.plot(bits, counted, "D", color=PURPLE, ms=9, label="counted")
    right.legend(fontsize=12)
    left.set(xlabel="bits of the weights", ylabel="RMS error", yscale="log")
    right.set(xlabel="bits of the weights", yscale="log")
    right.set_ylabel(f"labels changed, of {images:,}")
    left.set_title("lines: predicted; marks: measured")
    left.legend(fontsize=12)
    for axes in (left, right):
        axes.invert_xaxis()
        axes.set_xticks(bits)
    return figure, (
        "Left: RMS error of conv, dense and logits against the bits of the weights; "
        "the measured marks lie near the predicted lines, but for dense and logits "
        "with 3 bits and dense with 2. Right: changed labels, counted and expected: "
        "close together down to 4 bits, far apart at 2."
    )


@picture
def sensitivity(
    scores: Mapping[tuple, float],
    widths: Sequence[int],
    float_score: float,
    images: int = 10_000,
):
    """Draw accuracy against bits, one layer quantized and all but one, two grains.

    `scores` holds {(f"{layer} on", axis, bits): accuracy}, and "off" likewise.
    """
    figure, panels = new_figure(5.2, 2, 2, sharex=True, sharey=True)
    layers = list(
        dict.fromkeys(key[0].rpartition(" ")[0] for key in scores if " " in key[0])
    )
    for column, (axis, grain) in enumerate(((None, "tensor"), (-1, "channel"))):
        for row, (kind, words) in enumerate((("on", "only"), ("off", "all but"))):
            axes = panels[row, column]
            _float_band(axes, float_score, images)
            styles = zip((BLUE, ORANGE, GREEN), MARKS, strict=False)
            for layer, (color, mark) in zip(layers, styles, strict=False):
                line = [scores[f"{layer} {kind}", axis, bits] for bits in widths]
                axes.plot(widths, line, mark, color=color, label=f"{words} {layer}")
            _accuracy_axes(axes, widths)
            axes.label_outer()
        panels[0, column].set_title(f"per {grain}", fontsize=13)
        panels[1, column].set_xlabel("bits")
    for axes in panels[:, 0]:
        axes.legend(fontsize=12, loc="lower left")
    figure.supylabel("(axis stretched towards 100 %)", fontsize=12)
    return figure, (
        "Accuracy against 8 to 2 bits, above with one layer quantized, below with all "
        "but one, left per tensor, right per channel. Down to 4 bits all lines run "
        "inside the narrow band of the float network's error bar; at 3 and 2 bits "
        "they fall out of it."
    )


@picture
def accuracy_by_bits(
    panels: Mapping[str, Mapping[str, Sequence[float]]],
    widths: Sequence[int],
    float_score: float,
    images: int = 10_000,
):
    """Draw accuracy against bits for several methods, with the float error bar."""
    figure, all_axes = new_figure(3.9, columns=len(panels), squeeze=False, sharey=True)
    colors = (RED, ORANGE, BLUE)
    for axes, (title, lines) in zip(all_axes[0], panels.items(), strict=True):
        _float_band(axes, float_score, images)
        for (name, line), color, mark in zip(
            lines.items(), colors, MARKS, strict=False
        ):
            bars = [2 * standard_error(score, images) for score in line]
            axes.errorbar(
                widths, line, bars, fmt=mark, color=color, label=name, capsize=3
            )
        axes.set(title=title, xlabel="bits")
        _accuracy_axes(axes, widths)
        axes.label_outer()
    figure.supylabel("(axis stretched towards 100 %)", fontsize=12)
    all_axes[0][0].legend(fontsize=12, loc="lower left")
    names = next(iter(panels.values()))
    return figure, (
        f"Accuracy against 8 to 2 bits with all layers quantized, "
        f"{' and '.join(panels)}, for {', '.join(names)}. All are in the error bar of "
        "the float network down to 4 bits; below, each method lies above the one "
        "before it."
    )


def _float_band(axes, score: float, images: int) -> None:
    """Shade two standard errors around the float accuracy, on a logit-like axis."""
    bar = 2 * standard_error(float(score), images)
    axes.axhspan(score - bar, score + bar, color=GREY, alpha=0.3, linewidth=0)


def _accuracy_axes(axes, widths: Sequence[int]) -> None:
    """Spread what lies near 100 %: equal heights are equal factors of wrong answers."""
    axes.set_yscale("function", functions=(_spread, _gather))
    axes.set(ylim=(0.1, 0.996), ylabel="accuracy", xticks=list(widths))
    axes.set_yticks([0.1, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99])
    axes.set_yticklabels(["10%", "50%", "80%", "90%", "95%", "98%", "99%"])
    axes.set_xlim(max(widths) + 0.3, min(widths) - 0.3)


def _spread(accuracy):
    return -np.log10(np.maximum(1 - np.asarray(accuracy), 1e-6))


def _gather(height):
    return 1 - 10.0 ** -np.asarray(height)
