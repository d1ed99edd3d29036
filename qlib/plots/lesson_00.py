"""The figures of lesson 00: what bits buy in bytes, energy and time, and for whom."""

from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np

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

COLORS = (ORANGE, BLUE, GREEN, RED, SKY)


@picture
def weight_and_levels(w: float, step: float, largest: float):
    """Draw all levels of int8 in a row, and the ones near a weight enlarged."""
    figure, (whole, near) = new_figure(3.5, rows=2)
    levels = step * np.arange(-127, 128)
    whole.vlines(levels, 0, 1, color=SKY, linewidth=1)
    whole.plot([w, w], [0, 1.5], color=RED)
    whole.text(w, 1.6, f"w = {w:.4f}", ha="center", color=RED)
    whole.set(xlim=(-1.03 * largest, 1.03 * largest), ylim=(0, 2.4))
    whole.set_xlabel("weight", labelpad=0)
    code = round(w / step)
    some = np.arange(code - 3, code + 3)
    near.vlines(step * some, 0, 1, color=BLUE, linewidth=3)
    for q in some:
        near.text(step * q, -0.15, f"{q}", ha="center", va="top")
    near.plot([w, w], [0, 1.5], color=RED)
    arrow = {"arrowstyle": "-|>", "color": RED, "lw": 2}
    near.annotate("", (step * code, 1.15), (w, 1.15), arrowprops=arrow)
    right = step * code >= w
    beside = {"va": "center", "ha": "right" if right else "left"}
    near.text(w + (-0.05 if right else 0.05) * step, 1.3, "w", color=RED, **beside)
    beside["ha"] = "left" if right else "right"
    back = f"comes back as {step * code:.4f}"
    near.text(
        step * (code + (0.05 if right else -0.05)), 1.3, back, color=BLUE, **beside
    )
    near.set(xlim=(step * (some[0] - 0.3), step * (some[-1] + 0.3)), ylim=(-0.9, 2))
    whole.set_title("255 levels from end to end")
    near.set_title("six of them, with their codes")
    for axes in (whole, near):
        axes.grid(visible=False)
        axes.set(yticks=[])
        axes.spines["left"].set_visible(False)
    near.set(xticks=[])
    return figure, (
        f"Above, the 255 levels of int8 from {-largest:.3f} to {largest:.3f} and the "
        f"weight {w:.4f} among them. Below, the levels near it with their codes, "
        f"{step:.5f} apart: the weight moves to code {code}, to {step * code:.4f}."
    )


@picture
def bits_buy(
    bits: Sequence[int],
    kilobytes: Sequence[float],
    microjoules: Sequence[float],
    chosen: int,
):
    """Draw bytes, energy and levels against the bits of a weight, one width marked."""
    figure, panels = new_figure(3.7, columns=3)
    levels = [2.0**b for b in bits]
    at = list(bits).index(chosen)
    drawn = (
        ("weights (kB)", kilobytes, f"{kilobytes[at]:,.0f} kB", "linear"),
        ("reading them (µJ)", microjoules, f"{microjoules[at]:,.0f} µJ", "linear"),
        ("levels", levels, f"{levels[at]:,.0f}", "log"),
    )
    for axes, (title, values, told, scale) in zip(panels, drawn, strict=True):
        colors = [RED if b == chosen else SKY for b in bits]
        axes.bar(bits, values, color=colors, width=0.8)
        above = {"textcoords": "offset points", "ha": "center", "color": RED}
        axes.annotate("▼", (chosen, values[at]), (0, 4), **above)
        axes.set_title(f"{title}\n{chosen} bits: {told}", fontsize=14)
        axes.set_xticks([2, 8, 16, 24, 32])
        axes.set(xlabel="bits a weight", yscale=scale)
        axes.grid(axis="x", visible=False)
    panels[2].set_ylim(1, 3e10)
    names = ["1", "thousand", "million", "billion"]
    panels[2].set_yticks([1, 1e3, 1e6, 1e9], names, fontsize=12)
    panels[2].minorticks_off()
    told = (
        f"{b} bits {k:,.0f} kB, {e:.1f} µJ, {v:,.0f} levels"
        for b, k, e, v in zip(bits, kilobytes, microjoules, levels, strict=True)
    )
    return figure, (
        "Three panels of bars against the bits of a weight: kilobytes and energy rise "
        f"in proportion, levels double with each bit; {chosen} bits are marked. "
        f"{'; '.join(told)}."
    )


def explore_bits(
    bits: Sequence[int],
    kilobytes: Sequence[float],
    microjoules: Sequence[float],
    start: int = 8,
) -> Live:
    """Return a slider for the bits of a weight over `bits_buy`."""
    return explore(
        lambda bits_of_a_weight: bits_buy(
            bits, kilobytes, microjoules, bits_of_a_weight
        ),
        bits_of_a_weight=ipywidgets.SelectionSlider(
            options=list(bits), value=start, description="bits"
        ),
    )


@picture
def log_bars(groups: Mapping[str, Mapping[str, float]], label: str):
    """Draw one bar a value on a log axis, with its number; groups stand together."""
    rows = [(g, name, v) for g, row in groups.items() for name, v in row.items()]
    figure, axes = new_figure(0.38 * len(rows) + 1.1)
    least, most = min(v for *_, v in rows), max(v for *_, v in rows)
    for (group, row), color in zip(groups.items(), COLORS, strict=False):
        at = [i for i, (g, *_) in enumerate(rows) if g == group]
        axes.barh(at, list(row.values()), color=color, height=0.7)
        ends = [at[0] - 0.35, at[-1] + 0.35]
        beside = axes.get_yaxis_transform()
        axes.plot(
            [1.01, 1.01], ends, color=color, lw=5, transform=beside, clip_on=False
        )
        middle = {"va": "center", "transform": beside}
        axes.text(1.03, np.mean(at), group, fontsize=15, **middle)
    for i, (_, _, value) in enumerate(rows):
        axes.text(value * 1.12, i, f"{float(f'{value:.3g}'):,g}", va="center")
    axes.set_yticks(range(len(rows)), [name for _, name, _ in rows])
    axes.set(xscale="log", xlabel=label, xlim=(least / 2, most * 8))
    tens = 10.0 ** np.arange(np.ceil(np.log10(least / 2)), np.log10(most * 8))
    axes.set_xticks(tens, [f"{ten:,g}" for ten in tens])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    told = (
        f"{group}: " + ", ".join(f"{name} {v:,g}" for name, v in row.items())
        for group, row in groups.items()
    )
    return figure, f"Bars on a log axis, {label}. {'; '.join(told)}."


@picture
def accuracy_and_bytes(rows: Mapping[int, tuple[float, float]], band: float):
    """Draw wrong answers against kilobytes, a dot for each number of bits.

    Args:
        rows: for each number of bits (kB, accuracy), the first the one to compare with.
        band: how far its accuracy may be off, to either side.
    """
    figure, axes = new_figure(3.8)
    size = [kilobytes for kilobytes, _ in rows.values()]
    wrong = [100 * (1 - accuracy) for _, accuracy in rows.values()]
    ends = [max(wrong[0] + side * 100 * band, 0.1) for side in (-1, 1)]
    axes.axhspan(*ends, color=GREY, alpha=0.3, linewidth=0)
    axes.plot(size, wrong, "o-", color=BLUE, ms=11)
    for (bits, (kilobytes, accuracy)), percent in zip(rows.items(), wrong, strict=True):
        aside = percent > ends[1]
        gap = " " if aside else "\n"
        axes.annotate(
            f"{bits} bits:{gap}{accuracy:.4f} right",
            (kilobytes, percent),
            (13, 0) if aside else (0, -32),
            textcoords="offset points",
            ha="left" if aside else "center",
            va="center",
        )
    axes.set(xscale="log", xlim=(70, 2400), yscale="log", ylim=(0.17, 150))
    axes.set_xticks([100, 200, 400, 700, 1400], ["100", "200", "400", "700", "1,400"])
    axes.set_yticks([0.3, 1, 3, 10, 30, 100], ["0.3", "1", "3", "10", "30", "100"])
    axes.minorticks_off()
    axes.set(xlabel="weights and biases (kB)", ylabel="wrong answers (%)")
    told = (f"{b} bits {k:,.0f} kB {a:.4f}" for b, (k, a) in rows.items())
    return figure, (
        "Wrong answers in per cent against kilobytes, both on log axes, with a grey "
        f"band, the error bar of the first. Kilobytes and accuracy: {'; '.join(told)}."
    )


@picture
def what_fits(
    widths: Sequence[int],
    rows: Mapping[str, Sequence[str]],
    above: int,
    networks: tuple[str, str] = ("", ""),
):
    """Draw a table of devices and bit widths: green where nothing is lacking.

    Args:
        widths: bits a weight, one a column.
        rows: for each device what it lacks at each width, "" for nothing.
        above: a line is drawn below so many rows.
        networks: what runs on the devices above that line, and below it.
    """
    figure, axes = new_figure(0.42 * len(rows) + 1.1)
    for i, lacks in enumerate(rows.values()):
        for j, missing in enumerate(lacks):
            color = "#eeeeee" if missing else GREEN
            axes.barh(i, 0.94, left=j - 0.47, height=0.88, color=color)
            axes.text(
                j,
                i,
                missing or "fits",
                ha="center",
                va="center",
                fontsize=12 if missing else 14,
                color=BLACK if missing else "white",
                weight="normal" if missing else "bold",
            )
    axes.axhline(above - 0.5, color=BLACK, linewidth=2)
    last = len(widths) - 0.42
    for name, first, end in zip(networks, (0, above), (above, len(rows)), strict=True):
        middle = {"va": "center", "ha": "left", "rotation": 90}
        axes.text(last, (first + end - 1) / 2, name, **middle)
    axes.set_yticks(range(len(rows)), list(rows), fontsize=13)
    axes.set_xticks(range(len(widths)), [f"{b} bits" for b in widths])
    axes.set(xlim=(-0.55, len(widths) - 0.45), ylim=(len(rows) - 0.45, -0.55))
    axes.xaxis.tick_top()
    axes.set_title("fits, or which memory is too small", pad=10)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    told = []
    for i, (name, lacks) in enumerate(rows.items()):
        network = networks[i >= above]
        told += [f"{network}:"] if network and i in (0, above) else []
        fits = [f"{b}" for b, m in zip(widths, lacks, strict=True) if not m]
        missing = [f"{b} {m}" for b, m in zip(widths, lacks, strict=True) if m]
        told.append(
            f"{name} fits with {', '.join(fits) or 'no'} bits"
            + (f", lacks at {', '.join(missing)}" if missing else "")
            + ";"
        )
    return figure, f"A table of devices and bits a weight. {' '.join(told)[:-1]}."
