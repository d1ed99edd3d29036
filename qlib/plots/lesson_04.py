"""The figures of lesson 04: slopes, learning curves, ranges, and who agrees."""

from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np

from qlib.plots.lesson_02 import _accuracy_axes, _float_band
from qlib.plots.live import Live, explore
from qlib.plots.picture import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    new_figure,
    picture,
)
from qlib.qat import Trained

LOOKS = ((BLUE, "o-"), (ORANGE, "s--"), (GREEN, "^:"), (RED, "D-."), (PURPLE, "v-"))
WEIGHTS = "weight, in steps of the grid (dot: level, dotted line: threshold)"
EDGES = np.linspace(-2.0, 2.0, 81)  # of the histograms of weights, in steps


@picture
def estimator(x: np.ndarray, x_hat: np.ndarray, slope: np.ndarray, scale: float):
    """Draw a staircase with its ramp, and both slopes below one another."""
    figure, (left, right) = new_figure(3.9, columns=2)
    ends = np.array([x_hat.min(), x_hat.max()])
    left.plot(x, x_hat, color=BLUE, label="forward: on the grid")
    left.plot(x, np.clip(x, *ends), "--", color=ORANGE, label="backward: the ramp")
    left.set(xlabel="x", ylabel="x_hat")
    left.legend(fontsize=12, loc="upper left")
    left.set_ylim(1.25 * ends[0], 1.9 * ends[1])
    jumps = np.arange(ends[0] + scale / 2, ends[1], scale)
    right.axhline(0, color=BLUE, label="true: 0, infinite at the jumps")
    for jump in jumps:
        right.annotate(
            "", (jump, 1.5), (jump, 0), arrowprops={"arrowstyle": "->", "color": BLUE}
        )
    right.plot(x, slope, "--", color=ORANGE, label="straight-through")
    right.set(xlabel="x", ylabel="slope of x_hat", ylim=(-0.2, 2.3))
    right.legend(fontsize=12, loc="upper left")
    return figure, (
        f"Left: a staircase with steps of {scale:g} from {ends[0]:g} to {ends[1]:g}, "
        "and the ramp through the middle of its steps. Right: the true slope is 0 with "
        "an infinite spike at each jump; the straight-through slope is 1 along the "
        "ramp and 0 beyond its ends."
    )


@picture
def one_weight(paths: Mapping[str, tuple[np.ndarray, np.ndarray]], scale: float):
    """Draw the first 60 steps of a latent weight and its value on the grid."""
    figure, panels = new_figure(3.6, columns=len(paths), sharey=True, squeeze=False)
    for axes, (title, (latent, on_grid)) in zip(panels[0], paths.items(), strict=True):
        axes.plot(on_grid[:60], color=BLUE, drawstyle="steps-mid", label="on the grid")
        axes.plot(latent[:60], "--", color=ORANGE, label="latent")
        axes.set(title=title, xlabel="step of training")
        levels = np.arange(0, np.max(on_grid) + scale, scale)
        axes.set_yticks(levels)
        axes.axhline(
            levels[-1] - scale / 2, color=RED, linestyle=":", label="threshold"
        )
    panels[0][0].set_ylabel("weight")
    panels[0][0].legend(fontsize=12, loc="lower right")
    return figure, (
        f"A latent weight and its value on a grid of step {scale:g} during training, "
        f"for {' and '.join(paths)}. Where the goal is a level, both come to rest. "
        "Where it lies between two levels, the latent weight hovers at the threshold "
        "and the other jumps to and fro."
    )


@picture
def learning_curves(
    curves: Mapping[str, Sequence[float]], steps: int, points: int = 36
):
    """Draw the loss of each training, averaged over equal parts of its steps."""
    figure, axes = new_figure(3.7)
    for (name, losses), (color, mark) in zip(curves.items(), LOOKS, strict=False):
        parts = np.array_split(np.asarray(losses), min(points, len(losses)))
        at = (np.arange(len(parts)) + 0.5) * steps / len(parts)
        axes.plot(at, [p.mean() for p in parts], mark, color=color, label=name, ms=5)
    axes.set(xlabel="step", ylabel="loss (cross entropy, nats)", yscale="log")
    axes.set_yticks([0.02, 0.05, 0.1, 0.2, 0.4], ["0.02", "0.05", "0.1", "0.2", "0.4"])
    axes.minorticks_off()
    axes.legend(fontsize=12, ncols=2)
    return figure, (
        f"The loss against the step for {', '.join(curves)}, on a log axis. It "
        "falls fast in the first hundred steps; the fewer the bits, the higher it "
        "begins, and the more it has to make up."
    )


def _in_steps(network: Trained, layer: str) -> np.ndarray:
    """Return the latent weights of a layer, in steps of their grids."""
    scale = network.kernel_params[layer].scale
    return network.weights[f"{layer}/kernel"] / scale


def _shares(network: Trained, layer: str) -> np.ndarray:
    counts, _ = np.histogram(_in_steps(network, layer), EDGES)
    return counts / network.weights[f"{layer}/kernel"].size


@picture
def gathering(kept: Mapping[int, Trained], layer: str, steps: Sequence[int]):
    """Draw where the latent weights lie between the levels after some steps."""
    figure, panels = new_figure(3.4, columns=len(steps), sharey=True, squeeze=False)
    shares = {step: _shares(kept[step], layer) for step in steps}
    for axes, (step, share) in zip(panels[0], shares.items(), strict=True):
        _weight_axes(axes, share, f"after {step:,} steps" if step else "before")
    panels[0][0].set_ylabel("share in 0.05 steps")
    figure.supxlabel(WEIGHTS, fontsize=14)
    return figure, (
        f"Histograms of the latent weights of {layer}, in steps of their grid, after "
        f"{', '.join(map(str, steps))} steps. They stay spread out between the levels "
        "-1, 0 and 1; nothing gathers at 0 or at the thresholds, but two narrow heaps "
        "grow just outside the outer levels, at the ends of the range."
    )


def _weight_axes(axes, share: np.ndarray, title: str) -> None:
    axes.stairs(share, EDGES, fill=True, color=SKY)
    axes.plot(
        [-1, 0, 1], [0, 0, 0], "o", color=BLUE, ms=9, clip_on=False, label="level"
    )
    for threshold in (-0.5, 0.5):
        axes.axvline(threshold, color=RED, linewidth=1.5, linestyle=":")
    axes.set_xticks([-2, -1, 0, 1, 2])
    axes.set_title(title, fontsize=13)


@picture
def gathering_at(share: np.ndarray, step: int, changed: float, top: float):
    """Draw the latent weights of one moment, for the slider."""
    figure, axes = new_figure(3.2)
    figure.set_layout_engine("none")  # a fitted layout takes as long as all the rest
    axes.set_position([0.1, 0.19, 0.87, 0.68])
    _weight_axes(axes, share, f"step {step:,}: {changed:.1%} have another code")
    axes.set(ylabel="share in 0.05 steps", xlabel=WEIGHTS, ylim=(0, top))
    return figure, (
        f"A histogram of the latent weights in steps of their grid after {step} steps, "
        "with lines at the levels -1, 0 and 1 and dotted ones at the thresholds."
    )


def explore_gathering(kept: Mapping[int, Trained], layer: str) -> Live:
    """Return a slider for the step of training over `gathering_at`."""
    shares = {step: _shares(network, layer) for step, network in kept.items()}
    codes = {
        step: np.clip(np.rint(_in_steps(network, layer)), -1, 1)
        for step, network in kept.items()
    }
    first = codes[min(kept)]
    changed = {step: float(np.mean(q != first)) for step, q in codes.items()}
    top = 1.1 * max(share.max() for share in shares.values())
    return explore(
        lambda step: gathering_at(shares[step], step, changed[step], top),
        step=ipywidgets.SelectionSlider(options=sorted(kept), value=max(kept)),
    )


@picture
def arms(
    found: Mapping[str, Mapping[str, Sequence[float]]],
    float_score: float,
    images: int = 10_000,
):
    """Draw the accuracy of each arm at each width: a dash a seed, a line of means."""
    figure, axes = new_figure(4.3)
    _float_band(axes, float_score, images)
    names = list(next(iter(found.values())))
    shifts = np.linspace(-0.15, 0.15, len(found))
    for shift, (arm, columns), (color, mark) in zip(
        shifts, found.items(), LOOKS, strict=False
    ):
        at = np.arange(len(names)) + shift
        means = [np.mean(columns[name]) for name in names]
        axes.plot(at, means, mark, color=color, label=arm)
        for x, name in zip(at, names, strict=True):
            seeds = columns[name]
            axes.plot([x] * len(seeds), seeds, "_", color=color, ms=13, mew=2)
    _accuracy_axes(axes, range(len(names)))
    axes.set_xlim(-0.4, len(names) - 0.6)
    axes.set_xticks(range(len(names)), names)
    axes.set(
        xlabel="bits of weights (W), activations (A); grey: float ± 2 standard errors"
    )
    axes.set_ylim(0.7, 0.996)
    axes.legend(fontsize=12, loc="lower left")
    told = (
        f"{arm} {np.mean(columns[names[-1]]):.3f}" for arm, columns in found.items()
    )
    return figure, (
        f"Accuracy for {', '.join(names)}; a dash for each seed, a line through the "
        f"means. With 8 and 4 bits all arms lie in the float network's error bar. At "
        f"the right end: {', '.join(told)}."
    )


@picture
def ranges_seen(rows: Mapping[str, Mapping[str, tuple[float, float]]]):
    """Draw each tensor's range: what it is, and what a model believes at some time."""
    figure, panels = new_figure(2.5, columns=len(rows), squeeze=False)
    looks = (BLACK, RED, ORANGE, GREEN, BLUE)
    names = list(next(iter(rows.values())))
    for axes, (tensor, spans) in zip(panels[0], rows.items(), strict=True):
        for height, (low, high) in enumerate(spans.values()):
            color = looks[height % len(looks)]
            axes.barh(-height, high - low, left=low, height=0.5, color=color)
            if high == low:
                axes.plot(low, -height, "x", color=color, ms=12, mew=3)
        axes.set_title(tensor, fontsize=13)
        axes.set_yticks(-np.arange(len(names)), names if axes is panels[0][0] else [])
        axes.set(xlabel="value", ylim=(-len(names) + 0.4, 0.6))
        axes.grid(axis="y", visible=False)
        axes.set(xlim=(-6.5, 9.5), xticks=[-6, 0, 6])
    told = [
        f"{tensor} from {low:.2f} to {high:.2f}"
        for tensor, spans in rows.items()
        for low, high in [spans[names[0]]]
    ]
    return figure, (
        f"Bars of ranges for {', '.join(rows)}: {', '.join(names)}, row by row. "
        f"The true ranges: {'; '.join(told)}; of those that nobody has set all but the "
        "first reach from -6 to 6, and that of the pixels is a point at 0."
    )


@picture
def channel_reach(before: np.ndarray, after: np.ndarray):
    """Draw each channel's largest weight before and after a batch norm is folded in."""
    figure, axes = new_figure(3.4)
    order = np.argsort(after)
    at = np.arange(len(order)) + 1
    axes.plot(at, before[order] / before.max(), "o", color=BLUE, label="before")
    axes.plot(at, after[order] / after.max(), "s", color=RED, label="folded")
    axes.set(xlabel="channel, sorted by its reach after folding", ylim=(0, 1.05))
    axes.set(ylabel="reach / widest channel's")
    axes.set_yticks(np.linspace(0, 1, 6), [f"{p}%" for p in range(0, 101, 20)])
    axes.legend(fontsize=12, loc="lower right")
    return figure, (
        f"The largest weight of each of {len(at)} channels over that of the widest "
        f"channel, before and after folding: from {np.min(before) / before.max():.1%} "
        f"up before, from {np.min(after) / after.max():.1%} up after. Folding spreads "
        "the channels apart."
    )


@picture
def stability(panels: Mapping[str, tuple]):
    """Draw accuracies, and below them agreements, against the strength of a change.

    Each panel has (strengths, {network: accuracies}, {network: share of its answers
    that are those of the first network}).
    """
    figure, all_axes = new_figure(
        5.4, rows=2, columns=len(panels), sharey="row", sharex="col", squeeze=False
    )
    networks = list(next(iter(panels.values()))[1])
    looks = dict(zip(networks, zip(LOOKS, (11, 6, 8), strict=False), strict=False))
    for (top, bottom), (title, (strengths, scores, same)) in zip(
        all_axes.T, panels.items(), strict=True
    ):
        for axes, lines in ((top, scores), (bottom, same)):
            for name, line in lines.items():
                (color, mark), size = looks[name]
                axes.plot(strengths, line, mark, color=color, label=name, ms=size)
        bottom.set(xlabel=title, xticks=list(strengths))
    labels = zip(all_axes[:, 0], ("right", "like float"), (0.4, 0.95), strict=True)
    for axes, words, low in labels:
        ticks = np.linspace(low, 1, 7 if low < 0.9 else 6)
        axes.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks])
        axes.set(ylabel=words, ylim=(low - 0.01, 1 + (1 - low) / 25))
        axes.legend(fontsize=12, loc="lower left")
    ends = [
        f"{title}: {', '.join(f'{n} {line[-1]:.1%}' for n, line in same.items())}"
        for title, (_, _, same) in panels.items()
    ]
    return figure, (
        f"Above, the accuracies of {', '.join(networks)}, which lie nearly on one "
        "another and fall as digits are changed more and more. "
        "Below, how often quantized networks answer like the float one; at the "
        f"strongest change, {'; '.join(ends)}."
    )
