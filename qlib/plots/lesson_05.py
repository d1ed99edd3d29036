"""The figures of lesson 05: files, a model opened, one pixel by hand, speed, memory."""

import itertools
from collections.abc import Callable, Mapping, Sequence

import ipywidgets
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import FancyBboxPatch, Rectangle

from qlib.device import Device, Place
from qlib.flatbuffer import ModelFile, Tensor
from qlib.latency import Latency
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

LOOKS = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"), (RED, "D"), (PURPLE, "v"))
LOOKS += ((SKY, "P"), (BLACK, "X"))
SIGNED = LinearSegmentedColormap.from_list("signed", [BLUE, "white", RED])
KERNEL_LOOKS = {"reference": (BLUE, "o"), "optimized": (ORANGE, "s")}
KERNEL_LOOKS |= {"xnnpack": (GREEN, "^")}


@picture
def size_and_accuracy(rows: Mapping[str, tuple[int, float]], band: float):
    """Draw each file's accuracy against its size, and an error bar about the first."""
    figure, axes = new_figure(4.0)
    (_, score), *_ = rows.values()
    axes.axhspan(score - band, score + band, color=GREY, alpha=0.25, linewidth=0)
    for (name, (size, accuracy)), (color, mark) in zip(
        rows.items(), itertools.cycle(LOOKS), strict=False
    ):
        axes.plot(
            size / 1000,
            accuracy,
            mark,
            color=color,
            ms=13,
            mfc="none",
            mew=2.5,
            label=name,
        )
    axes.set(xscale="log", xlim=(120, 2000), xlabel="file (kB, 1,000 bytes)")
    axes.set_xticks([150, 200, 350, 700, 1400], ["150", "200", "350", "700", "1400"])
    axes.minorticks_off()
    axes.set(ylabel="accuracy (test digits)", ylim=(score - 0.004, score + 0.004))
    axes.legend(fontsize=12, ncols=2, loc="lower left")
    told = (f"{n} {size / 1000:.0f} kB {acc:.4f}" for n, (size, acc) in rows.items())
    return figure, (
        "Accuracy against size of the file, sizes on a log axis, with a grey band of "
        f"two standard errors around the float file: {'; '.join(told)}."
    )


@picture
def images_needed(curves: Mapping[str, tuple[Sequence[int], np.ndarray]]):
    """Draw a measure against the number of sample images: dots, a line of means."""
    figure, panels = new_figure(3.8, columns=len(curves), squeeze=False)
    for axes, (title, (counts, values)) in zip(panels[0], curves.items(), strict=True):
        for column in np.asarray(values).T:
            axes.plot(counts, column, "o", color=SKY, ms=6)
        axes.plot(counts, np.mean(values, axis=1), "-", color=BLUE)
        axes.set(xscale="log", xlabel="images in the representative set", title=title)
        tens = [n for n in counts if np.log10(n) % 1 == 0]
        axes.set_xticks(tens, [f"{n:,}" for n in tens])
        axes.minorticks_off()
    told = [
        f"{title} {np.mean(values[0]):.4g} with {counts[0]} and "
        f"{np.mean(values[-1]):.4g} with {counts[-1]}"
        for title, (counts, values) in curves.items()
    ]
    return figure, (
        "Against the number of sample images, on a log axis, a dot for each draw and a "
        f"line through the means: {'; '.join(told)}."
    )


def _box(axes, x: float, y: float, width: float, words: str, color: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - 0.36),
            width,
            0.72,
            boxstyle="round,pad=0.02,rounding_size=0.12",
            facecolor="white",
            edgecolor=color,
            linewidth=2,
        )
    )
    axes.text(x, y, words, ha="center", va="center", fontsize=12, color=BLACK)


def _words(tensor: Tensor) -> str:
    """Return shape, type and grid of a tensor in two lines."""
    shape = "x".join(map(str, tensor.shape))
    if tensor.scale is None:
        return f"{tensor.dtype} {shape}"
    if tensor.axis is not None:
        grid = f"{len(tensor.scale)} scales, axis {tensor.axis}"
    else:
        grid = f"S {tensor.scale:.3g}, Z {tensor.zero_point}"
    return f"{tensor.dtype} {shape}\n{grid}"


@picture
def model_diagram(model: ModelFile):
    """Draw a chain of operators: tensors at the left, their weights at the right."""
    steps = model.layers
    figure, axes = new_figure(1.22 * (len(steps) + 1))
    axes.set_axis_off()
    axes.grid(visible=False)
    axes.set(xlim=(-0.1, 9.8), ylim=(-1.55 * len(steps) - 0.5, 0.5))
    _box(axes, 1.5, 0, 2.9, _words(model.tensors[model.inputs[0]]), BLUE)
    told = []
    for k, step in enumerate(steps):
        y = -1.55 * (k + 1)
        axes.annotate(
            "",
            (1.5, y + 0.4),
            (1.5, y + 1.15),
            arrowprops={"arrowstyle": "-|>", "color": BLACK, "lw": 2},
        )
        act = step.options.get("fused_activation_function", "NONE")
        kind = step.kind + ("" if act == "NONE" else f", {act}")
        axes.text(1.7, y + 0.775, kind, va="center", fontsize=13, color=RED)
        _box(axes, 1.5, y, 2.9, _words(model.tensors[step.outputs[0]]), BLUE)
        constants = [model.tensors[i] for i in step.inputs[1:] if i >= 0]
        for x, tensor in zip((5.8, 8.5), constants, strict=False):
            _box(axes, x, y + 0.45, 2.4, _words(tensor), GREEN)
        told.append(f"{kind} to {_words(model.tensors[step.outputs[0]])}")
    axes.text(5.8, 0, "weights", ha="center", va="center", fontsize=13, color=GREEN)
    axes.text(8.5, 0, "bias", ha="center", va="center", fontsize=13, color=GREEN)
    first = _words(model.tensors[model.inputs[0]])
    return figure, f"A chain of tensors, from {first}: {'; '.join(told)}."


@picture
def pixel(
    image: np.ndarray,
    weights: np.ndarray,
    place: tuple[int, int],
    zero_point: int,
    words: str,
):
    """Draw one output of a convolution: the window, its codes, weights and products."""
    figure, panels = new_figure(
        3.5, columns=4, gridspec_kw={"width_ratios": [1.25, 1, 1, 1]}
    )
    figure.set_layout_engine("none")  # a fitted layout takes as long as all the rest
    lefts = (0.02, 0.295, 0.54, 0.785)
    for axes, left, width in zip(panels, lefts, (0.25, 0.2, 0.2, 0.2), strict=True):
        axes.set_position([left, 0.17, width, 0.68])
    row, column = place
    size = weights.shape[0]
    if not all(0 <= at <= n - size for at, n in zip(place, image.shape, strict=True)):
        raise ValueError(
            f"a window of {size}x{size} at row {row}, column {column} leaves the image "
            f"of {image.shape[0]} by {image.shape[1]}."
        )
    seen = image[row : row + size, column : column + size].astype(int) - zero_point
    panels[0].imshow(image, cmap="Greys", vmin=-128, vmax=127)
    panels[0].add_patch(
        Rectangle((column - 0.5, row - 0.5), size, size, fill=False, ec=RED, lw=3)
    )
    products = seen * weights.astype(int)
    tables = ("q_x - Z_x", seen), ("q_w", weights.astype(int)), ("product", products)
    for axes, (title, values) in zip(panels[1:], tables, strict=True):
        axes.imshow(np.sign(values), cmap=SIGNED, vmin=-3.3, vmax=3.3)
        long = max(len(f"{value}") for value in values.flat) > 5
        for (i, j), value in np.ndenumerate(values):
            size_of_type = 10 if long else 12
            axes.text(j, i, f"{value}", ha="center", va="center", fontsize=size_of_type)
        axes.set_title(title, fontsize=13)
    panels[0].set_title(f"row {row}, column {column}", fontsize=13)
    for axes in panels:
        axes.set(xticks=[], yticks=[])
        axes.grid(visible=False)
    figure.text(0.02, 0.05, words, fontsize=14)
    return figure, (
        f"A digit with a {size}x{size} window at row {row}, column {column}; beside it "
        f"the codes less their zero point, {seen.ravel().tolist()}, the weights' codes "
        f"{weights.ravel().tolist()}, and their products. {words}"
    )


def explore_pixel(
    image: np.ndarray,
    weights: np.ndarray,
    zero_point: int,
    words: Callable[[int, int, int], str],
    place: tuple[int, int, int],
) -> Live:
    """Return sliders for row, column and filter over `pixel`."""
    size, ends = weights.shape[1], image.shape

    def draw(row: int, column: int, filter: int):
        said = words(row, column, filter)
        return pixel(image, weights[filter, ..., 0], (row, column), zero_point, said)

    ranges = (ends[0] - size, ends[1] - size, len(weights) - 1)
    sliders = (
        ipywidgets.IntSlider(value=value, max=most)
        for value, most in zip(place, ranges, strict=True)
    )
    return explore(draw, **dict(zip(("row", "column", "filter"), sliders, strict=True)))


@picture
def roundings(acc: np.ndarray, found: Mapping[str, np.ndarray], real: np.ndarray):
    """Draw codes against accumulators for several rules, a dot where they differ."""
    figure, axes = new_figure(3.9)
    axes.plot(acc, real, "-", color=GREY, linewidth=1.5, label="unrounded")
    shifts = np.linspace(-0.22, 0.22, len(found))
    stack = np.array(list(found.values()))
    differ = np.ptp(stack, axis=0) > 0
    for shift, (name, codes), (color, mark) in zip(
        shifts, found.items(), LOOKS, strict=False
    ):
        axes.plot(acc, codes + shift, mark, color=color, ms=8, label=name)
    for x in acc[differ]:
        axes.axvline(x, color=RED, linewidth=1, linestyle=":")
    axes.set(xlabel="accumulator", ylabel="code (rules drawn side by side)")
    axes.legend(fontsize=12, ncols=2, loc="upper left")
    axes.set_ylim(None, stack.max() + 2.2)
    return figure, (
        f"Codes against accumulators from {acc.min()} to {acc.max()} for the rules "
        f"{', '.join(found)}. They differ, at dotted lines, for the accumulators "
        f"{acc[differ].tolist()}, and agree everywhere else."
    )


@picture
def wrong_places(differences: Mapping[str, np.ndarray]):
    """Draw where two versions of a tensor differ, one picture each."""
    figure, panels = new_figure(3.5, columns=len(differences), squeeze=False)
    for axes, (title, values) in zip(panels[0], differences.items(), strict=True):
        axes.imshow(values, cmap=SIGNED, vmin=-1, vmax=1)
        axes.set_title(f"{title}: {np.count_nonzero(values)} differ", fontsize=13)
        axes.spines[:].set_visible(True)
        axes.set(xticks=[], yticks=[])
        axes.grid(visible=False)
    told = (f"{t} {np.count_nonzero(v)} of {v.size}" for t, v in differences.items())
    return figure, (
        "Differences of two versions of a tensor, blue for one code less, red for one "
        f"more, white for equal: {'; '.join(told)}."
    )


@picture
def latencies(found: Mapping[str, Mapping[str, Latency]], title: str):
    """Draw the time of one image for each file and kernel, with quartiles."""
    figure, axes = new_figure(0.62 * len(found) + 1.5)
    names = list(found)
    for shift, (kernel, (color, mark)) in zip(
        (-0.22, 0, 0.22), KERNEL_LOOKS.items(), strict=True
    ):
        for at, name in enumerate(names):
            if kernel not in found[name]:
                continue
            one = found[name][kernel]
            label = kernel if at == 0 else None
            spread = [[one.median - one.low], [one.high - one.median]]
            axes.errorbar(
                one.median * 1e6,
                at + shift,
                xerr=np.array(spread) * 1e6,
                fmt=mark,
                color=color,
                capsize=4,
                label=label,
            )
    axes.set_yticks(range(len(names)), names)
    axes.set(ylim=(len(names) - 0.4, -0.6), xscale="log", title=title)
    ticks = [10, 20, 50, 100, 200, 500, 1000, 2000]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    every = [one for row in found.values() for one in row.values()]
    fastest, slowest = min(v.low for v in every), max(v.high for v in every)
    axes.set_xlim(0.9e6 * fastest, 1.1e6 * slowest)
    axes.set_xlabel("time of one image (µs, log axis; bars: quartiles)")
    axes.legend(fontsize=12)
    told = "; ".join(
        f"{name} " + ", ".join(f"{k} {v.median * 1e6:.0f}" for k, v in row.items())
        for name, row in found.items()
    )
    return figure, (
        f"Time of one image in microseconds, {title}, on a log axis, for each file and "
        f"each set of kernels: {told}."
    )


@picture
def memory_plan(places: Sequence[Place], steps: Sequence[str]):
    """Draw where and how long each activation lies in RAM."""
    figure, axes = new_figure(3.9)
    told = []
    for place, (color, _) in zip(places, itertools.cycle(LOOKS), strict=False):
        length = place.last - place.first + 1
        height = place.size / 1024
        axes.bar(
            place.first,
            height,
            width=length,
            bottom=place.offset / 1024,
            align="edge",
            color=color,
            alpha=0.75,
            edgecolor=BLACK,
        )
        shape = "x".join(map(str, place.tensor.shape[1:]))
        middle = place.first + length / 2, (place.offset + place.size / 2) / 1024
        big = place.size > 3000
        axes.annotate(
            shape,
            middle,
            middle if big else (middle[0], place.offset / 1024 + 3.5),
            ha="center",
            va="center",
            fontsize=12,
            arrowprops=None if big else {"arrowstyle": "-", "color": BLACK},
        )
        told.append(f"{shape} from {place.offset} over {place.size} bytes")
    axes.set_xticks(np.arange(len(steps)) + 0.5, steps, fontsize=11)
    axes.set(xlabel="while this operator runs", ylabel="place in RAM (KiB)")
    axes.set(xlim=(0, len(steps)))
    axes.grid(axis="x", visible=False)
    return figure, (
        f"A plan of RAM against the operators {', '.join(steps)}: a box for each "
        f"tensor, as tall as its bytes: {'; '.join(told)}."
    )


@picture
def budgets(
    needs: Mapping[str, tuple[int, int]], devices: Mapping[str, Device], code: int
):
    """Draw what files need beside what boards have, flash and RAM on log axes."""
    figure, (left, right) = new_figure(4.3, columns=2, sharey=True)
    names = [*needs, *devices]
    for at, name in enumerate(names):
        if name in needs:
            flash, ram = needs[name]
            flash, color = flash + code, BLUE
        else:
            flash, ram, color = devices[name].flash, devices[name].ram, GREEN
        for axes, value in ((left, flash), (right, ram)):
            axes.barh(at, value / 1024, color=color, height=0.6)
            axes.text(value / 1024 * 1.15, at, _kib(value), va="center", fontsize=12)
    for axes, title in ((left, "flash (KiB)"), (right, "RAM (KiB)")):
        axes.set(xscale="log", xlabel=title, xlim=(1, 30_000))
        axes.grid(axis="y", visible=False)
    left.set_yticks(range(len(names)), names, fontsize=12)
    left.set_ylim(len(names) - 0.4, -0.6)
    for axes in (left, right):
        axes.axhline(len(needs) - 0.5, color=GREY, linewidth=1)
    told = [f"{n} {_kib(f + code)} and {_kib(r)}" for n, (f, r) in needs.items()]
    told += [f"{n} {_kib(d.flash)} and {_kib(d.ram)}" for n, d in devices.items()]
    return figure, (
        "Bars of flash and RAM on log axes, above what files need, below what boards "
        f"have, in KiB: {'; '.join(told)}."
    )


def _kib(value: float) -> str:
    return f"{value / 1024:.0f}" if value >= 10_240 else f"{value / 1024:.1f}"
