"""The figures of lesson 11: what gives a mistake away, as a picture."""

from collections.abc import Mapping, Sequence

import ipywidgets
import numpy as np

from qlib.linear import quantize
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

STEP = 0.01  # of the grid that `cast_and_clip` shows


def _back(steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what comes back from clip-then-cast and from cast-then-clip, 0 to 2.55."""
    return STEP * np.clip(steps, 0, 255), STEP * (steps % 256)


@picture
def cast_and_clip(x: float):
    """Draw what comes back against x, for a clip before and after the cast to int8."""
    figure, axes = new_figure(3.8)
    steps = np.arange(-200, 801)
    right, wrong = _back(steps)
    wrong[1:][np.diff(steps // 256) > 0] = np.nan  # no line where it falls
    axes.plot(STEP * steps, wrong, color=RED, label="cast, then clip")
    axes.plot(STEP * steps, right, "--", color=BLUE, label="clip, then cast")
    axes.axvspan(0, 2.55, color=GREY, alpha=0.15, linewidth=0)
    axes.text(1.27, 2.82, "the range", ha="center", va="center", fontsize=12)
    good, bad = (float(v) for v in _back(np.round(x / STEP).astype(int)))
    axes.plot([x, x], [bad, good], color=BLACK, linewidth=1.5, linestyle=":")
    axes.plot(x, good, "s", color=BLUE, ms=11, clip_on=False)  # whole at the ends
    axes.plot(x, bad, "o", color=RED, ms=11, clip_on=False)
    axes.set(xlabel="x", ylabel="comes back as", ylim=(-0.15, 3.3), xlim=(-2, 8))
    axes.set_title(f"x = {x:.2f} comes back as {good:.2f} (blue) or {bad:.2f} (red)")
    axes.legend(fontsize=12, loc="upper right", ncols=2)
    return figure, (
        f"What comes back against x, for a range from 0 to 2.55. With the clip first "
        f"the line stays at the ends outside; with the cast first it starts again from "
        f"0 every 2.56. x = {x:.2f} comes back as {good:.2f} or as {bad:.2f}."
    )


def explore_cast(x: float = 5.0) -> Live:
    """Return a slider for x over `cast_and_clip`."""
    return explore(
        cast_and_clip, x=ipywidgets.FloatSlider(value=x, min=-2, max=8, step=0.05)
    )


@picture
def lost_levels(codes: np.ndarray):
    """Draw 256 grey levels in rows of 16, with a mark on each that became darker."""
    figure, axes = new_figure(4.2)
    levels = np.arange(256)
    axes.imshow(levels.reshape(16, 16), cmap="gray", aspect="auto", alpha=0.85)
    lost = np.flatnonzero(np.asarray(codes) != levels)
    axes.plot(lost % 16, lost // 16, "o", color=ORANGE, mec=BLACK, ms=9)
    axes.set_xticks(range(0, 16, 5))
    axes.set_yticks(range(0, 16, 5), range(0, 256, 80))
    axes.set(xlabel="plus", ylabel="grey level")
    axes.set_title(f"{len(lost)} of 256 levels come back one too dark (dots)")
    axes.grid(visible=False)
    return figure, (
        "The 256 grey levels in 16 rows of 16, from black to white, with a dot on each "
        f"level that comes back one too dark: {len(lost)} of them, the first "
        f"{lost[:5].tolist()}, most of them in whole rows."
    )


@picture
def codes_on_grids(x: np.ndarray, grids: Mapping[str, QuantParams]):
    """Draw how often each code occurs for the same tensor on several grids."""
    figure, panels = new_figure(2.0 * len(grids) + 0.4, rows=len(grids), squeeze=False)
    told = []
    colors = RED, BLUE
    for axes, (name, params), color in zip(
        panels[:, 0], grids.items(), colors, strict=False
    ):
        codes, counts = np.unique(quantize(x, params), return_counts=True)
        axes.bar(codes, counts / np.size(x), width=1.0, color=color)
        axes.set(yscale="log", ylim=(1e-7, 3), xlim=(params.qmin - 3, params.qmax + 3))
        axes.set_yticks([1e-6, 1e-3, 1], ["0.0001 %", "0.1 %", "100 %"])
        axes.minorticks_off()
        axes.set_title(f"{name}: {len(codes)} codes in use")
        told.append(f"{name} {len(codes)} codes, {codes[0]} to {codes[-1]}")
    panels[-1, 0].set_xlabel("code")
    return figure, (
        "How often each code occurs, on a log axis, for one tensor on different grids: "
        f"{'; '.join(told)}."
    )


@picture
def two_mses(reaches: Sequence[float], inside: Sequence[float], whole: Sequence[float]):
    """Draw the MSE of all values, and that of those inside, against the reach."""
    figure, axes = new_figure(3.8)
    axes.plot(reaches, whole, color=BLUE, label="all values")
    axes.plot(reaches, inside, "--", color=RED, label="values inside the range alone")
    best = int(np.argmin(whole))
    axes.plot(reaches[best], whole[best], "o", color=BLUE, ms=12)
    axes.set(xscale="log", yscale="log", xlabel="reach of the grid", ylabel="MSE")
    places = [t for t in (0.01, 0.03, 0.1, 0.3, 1.0) if reaches[0] <= t <= reaches[-1]]
    axes.set_xticks(places, [f"{t:g}" for t in places])
    axes.minorticks_off()
    axes.legend(fontsize=13)
    return figure, (
        "MSE against the reach of the grid, both axes logarithmic. That of all values "
        f"is least, {whole[best]:.3g}, at a reach of {reaches[best]:.3g}; that of the "
        "values inside alone falls without end as the reach shrinks, to "
        f"{inside[0]:.3g}."
    )


@picture
def lottery(seen: np.ndarray, fresh: np.ndarray, sizes: tuple[int, int]):
    """Draw each setting's accuracy on fresh digits against that on those seen."""
    figure, axes = new_figure(4.2)
    few, many = sizes
    rng = np.random.default_rng(0)  # side by side, for few digits give few values
    beside = rng.uniform(-0.3, 0.3, len(seen)) / few
    axes.plot(seen + beside, fresh, "o", color=SKY, ms=6, mec=BLUE, mew=0.5)
    i = int(np.argmax(seen))
    axes.plot(seen[i], fresh[i], "D", color=RED, ms=13, mec=BLACK)
    ends = np.array([min(seen.min(), fresh.min()), max(seen.max(), fresh.max())])
    axes.plot(ends, ends, "--", color=GREY, label="as good as it looks")
    axes.axhline(fresh.mean(), color=GREEN, label="mean on fresh digits")
    axes.set(xlabel=f"accuracy on the {few:,} digits used to choose")
    axes.set(ylabel=f"on {many:,} fresh digits")
    axes.set_title(f"the winner: {seen[i]:.4f} seen, {fresh[i]:.4f} fresh")
    axes.legend(fontsize=12, loc="lower right")
    return figure, (
        f"Accuracy on {many} fresh digits against that on {few} others, a dot for each "
        f"of {len(seen)} settings: a cloud with hardly a slope. The winner on the few "
        f"has {seen[i]:.4f} there and {fresh[i]:.4f} on fresh digits, where the mean "
        f"is {fresh.mean():.4f}."
    )


@picture
def loss_curves(losses: Mapping[str, Sequence[float]], floor: float):
    """Draw the losses of several trainings, and a line that one can't get below."""
    figure, axes = new_figure(3.8)
    looks = ((BLUE, "-"), (RED, "--"))
    for (name, values), (color, line) in zip(losses.items(), looks, strict=False):
        axes.plot(np.arange(1, len(values) + 1), values, line, color=color, label=name)
    axes.axhline(floor, color=BLACK, linewidth=1.5, linestyle=":")
    axes.text(len(values), floor - 0.09, f"{floor:.2f}", ha="right", va="center")
    axes.set(xlabel="step", ylabel="training loss", ylim=(0, None))
    axes.legend(fontsize=13)
    told = (f"{n} from {v[0]:.2f} to {v[-1]:.2f}" for n, v in losses.items())
    return figure, (
        f"Training loss against steps: {'; '.join(told)}; a dotted line at {floor:.2f} "
        "that the second does not reach."
    )
