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
    figure, (whole, near) = new_figure(3.6, rows=2)
    levels = step * np.arange(-127, 128)
    whole.vlines(levels, 0, 1, color=SKY, linewidth=1)
    whole.plot([w, w], [0, 1.5], color=RED)
    whole.text(w, 1.6, f"w = {w:.4f}", ha="center", color=RED)
    whole.set(xlim=(-1.03 * largest, 1.03 * largest), ylim=(0, 2.4))
    code = round(w / step)
    some = np.arange(code - 3, code + 3)
    near.vlines(step * some, 0, 1, color=BLUE, linewidth=3)
    for q in some:
        near.text(step * q, -0.15, f"{q}", ha="center", va="top", fontsize=13)
    near.plot([w, w], [0, 1.5], color=RED)
    arrow = {"arrowstyle": "-|>", "color": RED, "lw": 2}
    near.annotate("", (step * code, 1.15), (w, 1.15), arrowprops=arrow)
    near.text(step * code, 1.35, f"{step * code:.4f}", color=BLUE, fontsize=13)
    near.set(xlim=(step * (some[0] - 0.3), step * (some[-1] + 0.3)), ylim=(-0.9, 2))
    whole.set_title("255 levels from end to end", fontsize=13)
    near.set_title("six of them, with their codes", fontsize=13)
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
        axes.set_title(f"{title}\n{chosen} bits: {told}", fontsize=14)
        axes.set_xticks([2, 8, 16, 24, 32])
        axes.set(xlabel="bits a weight", yscale=scale)
        axes.grid(axis="x", visible=False)
    panels[2].set_ylim(1, 3e10)
    panels[2].set_yticks([1e1, 1e3, 1e6, 1e9], ["10", "10³", "10⁶", "10⁹"])
    panels[2].minorticks_off()
    told = (
        f"{b} bits {k:.0f} kB, {e:.1f} µJ, {v:.3g} levels"
        for b, k, e, v in zip(bits, kilobytes, microjoules, levels, strict=True)
    )
    return figure, (
        "Three panels of bars against the bits of a weight: kilobytes and energy rise "
        f"in proportion, levels double with each bit. {chosen} bits are marked. "
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
    """Draw one bar a value on a log axis, in groups of one colour, with its number."""
    rows = [(g, name, v) for g, row in groups.items() for name, v in row.items()]
    figure, axes = new_figure(0.42 * len(rows) + 1.3)
    least, most = min(v for *_, v in rows), max(v for *_, v in rows)
    for (group, row), color in zip(groups.items(), COLORS, strict=False):
        at = [i for i, (g, *_) in enumerate(rows) if g == group]
        axes.barh(at, list(row.values()), color=color, height=0.7, label=group)
    for i, (_, _, value) in enumerate(rows):
        axes.text(value * 1.12, i, f"{value:,.4g}", va="center", fontsize=13)
    axes.set_yticks(range(len(rows)), [name for _, name, _ in rows], fontsize=13)
    axes.set(xscale="log", xlabel=label, xlim=(least / 2, most * 8))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.legend(fontsize=13, loc="center left", bbox_to_anchor=(1.0, 0.5))
    told = (f"{g}, {name} {v:,g}" for g, name, v in rows)
    return figure, f"Bars on a log axis, {label}: {'; '.join(told)}."


@picture
def accuracy_and_bytes(rows: Mapping[int, tuple[float, float]], band: float):
    """Draw accuracy against kilobytes, a dot for each number of bits, an error bar."""
    figure, axes = new_figure(3.6)
    size = [kilobytes for kilobytes, _ in rows.values()]
    right = [accuracy for _, accuracy in rows.values()]
    axes.plot(size, right, "o-", color=BLUE, ms=11)
    for bits, (kilobytes, accuracy) in rows.items():
        low = accuracy < 0.9
        axes.annotate(
            f"{bits} bits: {accuracy:.4f}",
            (kilobytes, accuracy),
            (12, 2) if low else (14, -50) if bits == 3 else (0, -24),
            textcoords="offset points",
            ha="left" if bits <= 3 else "center",
            fontsize=13,
        )
    first = next(iter(right))
    axes.axhspan(first - band, first + band, color=GREY, alpha=0.35, linewidth=0)
    axes.set(xscale="log", xlim=(70, 2100), ylim=(0, 1.09))
    axes.set_xticks([100, 200, 400, 700, 1400], ["100", "200", "400", "700", "1,400"])
    axes.minorticks_off()
    axes.set(xlabel="weights and biases (kB)", ylabel="accuracy")
    told = (f"{b} bits {k:.0f} kB {a:.4f}" for b, (k, a) in rows.items())
    return figure, (
        "Accuracy against kilobytes on a log axis, with a thin grey band, the error "
        f"bar of the first; level down to 4 bits, then a fall: {'; '.join(told)}."
    )


@picture
def what_fits(widths: Sequence[int], rows: Mapping[str, Sequence[str]], above: int):
    """Draw a table of devices and bit widths: green where nothing is lacking.

    Args:
        widths: bits a weight, one a column.
        rows: for each device what it lacks at each width, "" for nothing.
        above: a line is drawn below so many rows.
    """
    figure, axes = new_figure(0.5 * len(rows) + 1.0)
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
                fontsize=13,
                color=BLACK if missing else "white",
                weight="normal" if missing else "bold",
            )
    axes.axhline(above - 0.5, color=BLACK, linewidth=2)
    axes.set_yticks(range(len(rows)), list(rows), fontsize=13)
    axes.set_xticks(range(len(widths)), [f"{b} bits" for b in widths], fontsize=13)
    axes.set(xlim=(-0.55, len(widths) - 0.45), ylim=(len(rows) - 0.45, -0.55))
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    told = [
        f"{name}: "
        + ", ".join(
            f"{b} bits {f'lacks {missing}' if missing else 'fits'}"
            for b, missing in zip(widths, lacks, strict=True)
        )
        for name, lacks in rows.items()
    ]
    return figure, f"A table of devices and bits a weight. {'; '.join(told)}."
