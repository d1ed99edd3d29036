"""The figures of lesson 03: where values lie, where ranges end, where levels stand."""

from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np

from qlib.compare import standard_error
from qlib.histogram import Histogram
from qlib.plots.lesson_02 import _accuracy_axes, _float_band, _gather, _spread
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

Curve = tuple[np.ndarray, np.ndarray]
LOOKS = ((BLUE, "o-"), (ORANGE, "s--"), (GREEN, "^:"), (RED, "D-."), (PURPLE, "v-"))
TOP = 6  # losses, over the least, that `threshold_view` has room for


def _outline(histogram: Histogram, most: int = 120) -> Curve:
    """Return (shares, edges) of at most `most` bins, each several of the histogram's.

    Example:
        >>> shares, edges = _outline(Histogram.from_array(np.linspace(0, 1, 99)))
        >>> len(shares), round(float(shares.sum()), 6)
        (114, 1.0)
    """
    counts, edges = histogram.counts, histogram.edges
    every = -(-len(counts) // most)
    starts = np.arange(0, len(counts), every)
    return np.add.reduceat(counts, starts) / histogram.total, np.append(
        edges[starts], edges[-1]
    )


@picture
def tensors(histograms: Mapping[str, Histogram]):
    """Draw each tensor's histogram on a log axis, three in a row."""
    rows = -(-len(histograms) // 3)
    figure, panels = new_figure(2.7 * rows, rows, 3, sharey=True, squeeze=False)
    for axes in panels.flat[len(histograms) :]:
        axes.remove()
    for axes, (name, histogram) in zip(panels.flat, histograms.items(), strict=False):
        shares, edges = _outline(histogram)
        axes.stairs(shares, edges, fill=True, color=BLUE)
        axes.set_yscale("log")
        axes.set_title(name, fontsize=13)
        axes.set_ylim(1e-7, 1.5)
        axes.set_yticks([1e-6, 1e-4, 1e-2, 1])
        axes.minorticks_off()
        axes.locator_params(axis="x", nbins=4)
        axes.set_xlabel("value", labelpad=1)
    for row in panels:
        row[0].set_ylabel("share of values")
    return figure, (
        f"Histograms of {', '.join(histograms)} on a logarithmic axis. The dense "
        "weights make a tent with long tails, the small kernels are ragged; "
        "activations after ReLU pile up at zero and have a tail to the right; most "
        "pixels are black, a few white; logits have two humps."
    )


@picture
def threshold_view(
    histogram: Histogram, mse: Curve, kl: Curve, threshold: float, bits: int
):
    """Draw magnitudes with a threshold, and both losses with the same threshold."""
    figure, (left, right) = new_figure(3.6, columns=2)
    figure.set_layout_engine("none")  # a fitted layout takes as long as all the rest
    left.set_position([0.09, 0.18, 0.38, 0.7])
    right.set_position([0.58, 0.18, 0.4, 0.7])
    shares, edges = _outline(histogram)
    left.stairs(shares, edges, fill=True, color=GREY)
    left.axvspan(0, threshold, color=GREEN, alpha=0.3, linewidth=0)
    left.set_yscale("log")
    left.minorticks_off()
    # Plain words: formulas in tick labels would take a third of the time.
    powers = [k for k in range(7) if 10.0**-k >= shares[shares > 0].min()] or [0]
    left.set_yticks(
        [10.0**-k for k in powers], [f"1e-{k}" if k else "1" for k in powers]
    )
    left.set(xlabel="magnitude (shaded: kept)", ylabel="share of values")
    told = []
    for (thresholds, losses), color, name in ((mse, BLUE, "MSE"), (kl, RED, "KL")):
        finite = np.isfinite(losses)
        least = losses[finite].min()
        some = slice(None, None, max(1, len(losses) // 200))
        right.plot(thresholds[some], losses[some] / least, color=color, label=name)
        here = np.interp(threshold, thresholds[finite], losses[finite]) / least
        beyond = "^", TOP * (0.97 - 0.07 * len(told))  # side by side they would hide
        mark, at = ("o", here) if here < TOP else beyond
        right.plot(threshold, at, mark, color=color, ms=11)
        told.append(f"{name} {here:.2f}")
    right.set(xlabel="threshold", ylabel="loss / least loss", ylim=(0.8, TOP))
    right.legend()
    left.set_title(f"{bits} bits, at {threshold:.2f}: {', '.join(told)} x least")
    return figure, (
        "Left: a histogram of magnitudes, shaded up to the threshold. Right: MSE and "
        f"KL for {bits} bits against the threshold, each over its least value, with a "
        f"dot at this threshold ({', '.join(told)}); the two valleys lie at different "
        "places."
    )


def explore_threshold(
    histogram: Histogram, curves: Mapping[int, tuple[Curve, Curve]], start: float
) -> Live:
    """Return sliders for bits and threshold over `threshold_view`.

    `curves` holds (MSE curve, KL curve) for each number of bits.
    """
    top = float(max(abs(histogram.low), abs(histogram.high)))
    return explore(
        lambda bits, threshold: threshold_view(
            histogram, *curves[bits], threshold, bits
        ),
        bits=ipywidgets.SelectionSlider(options=sorted(curves), value=min(curves)),
        threshold=ipywidgets.FloatSlider(
            value=start, min=0.02 * top, max=top, step=0.02 * top
        ),
    )


@picture
def three_optima(panels: Mapping[str, tuple[Curve, Curve, Curve]]):
    """Draw MSE, KL and wrong answers against the threshold, each over its least.

    Each panel has three curves (thresholds, losses): MSE, KL, share of wrong digits.
    """
    figure, all_axes = new_figure(4.2, columns=len(panels), squeeze=False, sharey=True)
    missed = []
    for axes, (title, curves) in zip(all_axes[0], panels.items(), strict=True):
        (ends, mse), (at, wrong) = curves[0], curves[2]
        there = np.interp(ends[np.argmin(mse)], at, wrong) / wrong.min()
        missed.append(f"{there:.1f} times as many for {title}")
        looks = zip(curves, ("MSE", "KL", "wrong digits"), LOOKS[:3], strict=True)
        for (thresholds, losses), name, (color, mark) in looks:
            finite = np.isfinite(losses)
            at, values = thresholds[finite], losses[finite] / losses[finite].min()
            best = int(np.argmin(values))
            dense = len(at) > 60
            style = "-" if dense else mark
            axes.plot(at, values, style, color=color, label=name, ms=5, linewidth=1.8)
            axes.plot(at[best], 1.0, "*", color=color, ms=20, clip_on=False, zorder=3)
        axes.set(title=title, xlabel="threshold", yscale="log", ylim=(0.9, 30))
        axes.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
        axes.minorticks_off()
    all_axes[0][0].set_ylabel("loss / least loss (star: least)")
    all_axes[0][0].legend(fontsize=12)
    return figure, (
        f"MSE, KL divergence and the share of wrong digits against the threshold for "
        f"{' and '.join(panels)}, each over its own least value; stars mark the three "
        "optima: for the weights those of KL and accuracy meet, else they lie apart. "
        f"Wrong digits at the least MSE, beside the fewest: {', '.join(missed)}."
    )


@picture
def levels(histogram: Histogram, rows: Mapping[str, np.ndarray]):
    """Draw a histogram, and under it one row of levels for each way to place them."""
    figure, (top, bottom) = new_figure(
        3.2 + 0.35 * len(rows), rows=2, sharex=True, height_ratios=[2, 0.5 * len(rows)]
    )
    shares, edges = _outline(histogram)
    top.stairs(shares, edges, fill=True, color=GREY)
    top.set(ylabel="share of values")
    names = list(rows)
    for height, centers in enumerate(rows.values()):
        color = LOOKS[height % len(LOOKS)][0]
        middles = (centers[1:] + centers[:-1]) / 2
        bottom.plot(centers, np.full(len(centers), -height), "o", color=color, ms=9)
        bottom.plot(middles, np.full(len(middles), -height), "|", color=BLACK, ms=9)
    bottom.set_yticks(-np.arange(len(names)), names)
    bottom.set(ylim=(-len(names) + 0.4, 0.6), xlabel="value (dot: level, bar: bound)")
    bottom.grid(axis="x")
    told = [f"{k} from {v[0]:.2f} to {v[-1]:.2f}" for k, v in rows.items()]
    return figure, (
        "A histogram with one tall peak at 0, and below it the levels of several "
        f"codebooks with their bounds, a row each: {'; '.join(told)}."
    )


@picture
def lloyd_paths(panels: Mapping[str, tuple[Mapping[str, Sequence[float]], float]]):
    """Draw the loss of Lloyd's algorithm step by step, over the optimum's loss.

    Each panel has ({start: losses of its steps}, loss of the optimum).
    """
    figure, all_axes = new_figure(3.9, columns=len(panels), squeeze=False, sharey=True)
    for axes, (title, (paths, best)) in zip(all_axes[0], panels.items(), strict=True):
        for (name, losses), (color, mark) in zip(paths.items(), LOOKS, strict=False):
            some = np.unique(np.geomspace(1, len(losses), 9).astype(int)) - 1
            axes.plot(
                some + 1, np.array(losses)[some] / best, mark, color=color, label=name,
                ms=6,
            )  # fmt: skip
        axes.axhline(1, color=BLACK, linewidth=1.2, label="optimum")
        axes.set(title=title, xlabel="step", xscale="log", yscale="log")
        axes.set(ylim=(0.97, 3))
        axes.set_yticks([1, 1.1, 1.2, 1.5, 2, 3], ["1", "1.1", "1.2", "1.5", "2", "3"])
        axes.minorticks_off()
    all_axes[0][0].set_ylabel("MSE / least MSE")
    all_axes[0][0].legend(fontsize=12, loc="upper right")
    return figure, (
        "The loss of Lloyd's algorithm against its steps, over the loss of the "
        f"optimum, from several starts, for {' and '.join(panels)}. With many values "
        "all paths end at the optimum; with few they end above it, at different "
        "heights."
    )


@picture
def rate_and_error(lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]):
    """Draw the SQNR against the bits a weight truly takes."""
    figure, axes = new_figure(3.9)
    for (name, (bits, sqnr)), (color, mark) in zip(lines.items(), LOOKS, strict=False):
        axes.plot(bits, sqnr, mark, color=color, label=name)
    axes.set(xlabel="bits a weight, codebook included", ylabel="SQNR (dB)")
    axes.legend(fontsize=12)
    return figure, (
        f"SQNR against bits a weight for {', '.join(lines)}. Packed without gaps, the "
        "codebook lies highest; once the codes are Huffman coded, the linear grid "
        "overtakes it."
    )


@picture
def methods_by_bits(
    panels: Mapping[str, Mapping[str, Sequence[float]]],
    widths: Sequence[int],
    float_score: float,
    images: int = 10_000,
):
    """Draw accuracy against bits for the five methods, with the float error bar."""
    figure, all_axes = new_figure(4.4, columns=len(panels), squeeze=False, sharey=True)
    for axes, (title, lines) in zip(all_axes[0], panels.items(), strict=True):
        _float_band(axes, float_score, images)
        for (name, line), (color, mark) in zip(lines.items(), LOOKS, strict=False):
            bars = [2 * standard_error(float(score), images) for score in line]
            axes.errorbar(
                widths, line, bars, fmt=mark, color=color, label=name, capsize=3, ms=7
            )
        axes.set(title=title, xlabel="bits of the weights (grey: float)")
        _accuracy_axes(axes, widths)
    all_axes[0][0].legend(fontsize=12, loc="lower left")
    names = next(iter(panels.values()))
    return figure, (
        f"Accuracy against {max(widths)} to {min(widths)} bits for {', '.join(names)}, "
        f"{' and '.join(panels)}. Down to 4 bits nearly all lie in the float "
        "network's error bar; at 2 bits only K-means per channel stays near it; KL per "
        "channel lies just below it at 8 bits and far below from 6 bits on."
    )


@picture
def steps_bought(rows: Mapping[str, float], float_score: float, images: int = 10_000):
    """Draw the accuracy after each step of the flow, with error bars."""
    figure, axes = new_figure(1.2 + 0.45 * len(rows))
    names, scores = list(rows), np.array(list(rows.values()))
    bars = [2 * standard_error(float(score), images) for score in scores]
    heights = -np.arange(len(names))
    bar = 2 * standard_error(float_score, images)
    axes.axvspan(
        float_score - bar, float_score + bar, color=GREY, alpha=0.3, linewidth=0
    )
    axes.plot(scores, heights, color=SKY, linewidth=1.5)
    axes.errorbar(scores, heights, xerr=bars, fmt="o", color=BLUE, ms=10, capsize=4)
    for height, score in zip(heights, scores, strict=True):
        axes.annotate(
            f"{score:.4f}", (score, height), (0, 9), textcoords="offset points",
            ha="center" if score > 0.5 else "left", fontsize=13,
        )  # fmt: skip
    axes.set_yticks(heights, names)
    axes.set_ylim(heights[-1] - 0.5, 0.7)
    axes.set_xscale("function", functions=(_spread, _gather))
    axes.set(xlabel="accuracy (grey band: float)", xlim=(0.1, 0.996))
    axes.set_xticks([0.1, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99])
    axes.set_xticklabels(["10%", "50%", "80%", "90%", "95%", "98%", "99%"])
    return figure, (
        "Accuracy of the network with 2-bit weights after each step of the flow: "
        + ", ".join(f"{name} {score:.4f}" for name, score in rows.items())
        + ". The grey band is the float network."
    )
