"""The pictures of the benchmarks, drawn from their records in the course's style."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from benchmarks.growth import slopes
from benchmarks.harness import Row, spoken
from benchmarks.notebooks import ALLOWED, PEAK
from benchmarks.report import groups
from benchmarks.tables import shown
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

KINDS = {
    "ours": (BLUE, "o", "qlib"),
    "peer": (ORANGE, "s", "other library"),
    "plain": (GREEN, "^", "plain code"),
    "floor": (GREY, "D", "for scale"),
}
LOOKS = tuple(
    zip(
        (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK, GREY),
        "os^DvPX<",
        strict=True,
    )
)


# Copy, ours with `out=`, ours, and the others.
SIZED = tuple(zip((GREY, BLUE, SKY, RED, PURPLE, ORANGE), "Dos^vP", strict=True))


@picture
def ladder(record: Row):
    """Draw a rung for each contender: its median, and a line between its quartiles."""
    parts = groups(record)
    lines = sum(len(rows) + 1 for rows in parts.values())
    figure, axes = new_figure(0.34 * lines + 1.5)
    labels, at, used = [], 0, []
    for title, rows in parts.items():
        labels.append((at, title, True))
        for at, row in enumerate(rows, start=at + 1):  # noqa: B020
            _rung(axes, at, row)
            labels.append((at, row["name"], False))
            used.append(row["kind"])
        at += 1
    axes.set_yticks([at for at, *_ in labels], [text for _, text, _ in labels])
    for tick, (_, _, heads) in zip(axes.get_yticklabels(), labels, strict=True):
        tick.set(fontsize=12, fontweight="bold" if heads else "normal")
    times = [end for row in record["found"].values() for end in row["quartiles"]]
    axes.set(
        xscale="log", xlim=(min(times) / 1.6, max(times) * 4), ylim=(at - 0.4, -0.7)
    )
    _time_axis(axes.xaxis)
    axes.set_xlabel("time of one call (left is faster; line: quartiles)")
    axes.grid(axis="y", visible=False)
    for kind in KINDS:
        if kind in used:
            color, mark, label = KINDS[kind]
            axes.plot([], [], mark, color=color, label=label)
    figure.legend(loc="outside upper right", ncols=len(KINDS), fontsize=12)
    told = [
        f"{title}: " + "; ".join(f"{r['name']} {spoken(r['seconds'])}" for r in rows)
        for title, rows in parts.items()
    ]
    return figure, f"Median times on a log axis. {'. '.join(told)}."


def _rung(axes: Axes, at: float, row: Row) -> None:
    color, mark, _ = KINDS[row["kind"]]
    axes.hlines(at, *row["quartiles"], color=color, linewidth=5, alpha=0.6)
    axes.plot(row["seconds"], at, mark, color=color, ms=9)
    axes.annotate(
        spoken(row["seconds"]),
        (max(row["seconds"], row["quartiles"][1]), at),
        (9, 0),
        textcoords="offset points",
        va="center",
        fontsize=12,
    )


@picture
def by_size(record: Row):
    """Draw the time for one value against the number of values, a panel a task."""
    tasks = {}
    for title, rows in groups(record).items():
        task, size = title.rsplit(", ", 1)
        size = int(size.split()[0].replace(",", ""))
        for row in rows:
            name = row["name"].replace(f" {task.split()[0]}", "")
            lines = tasks.setdefault(task, {})
            lines.setdefault(name, []).append((size, row["seconds"] / size * 1e9))
    columns = 3 if len(tasks) % 3 == 0 else 1
    figure, panels = new_figure(
        6.6,
        rows=len(tasks) // columns,
        columns=columns,
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    # Tasks come per tensor and then per channel, as the rows of the figure.
    for axes, (task, lines) in zip(panels.flat, tasks.items(), strict=True):
        for (name, points), (color, mark) in zip(lines.items(), SIZED, strict=False):
            axes.plot(*zip(*points, strict=True), f"{mark}-", color=color, label=name)
        axes.set(xscale="log", yscale="log")
        axes.set_title(task, fontsize=13)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    for axes in panels[-1]:
        axes.set_xlabel("values")
    for axes in panels[:, 0]:
        axes.set_ylabel("ns a value")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=len(labels),
        fontsize=12,
        columnspacing=1.2,
    )
    told = (
        f"{task}: "
        + "; ".join(f"{n} {points[-1][1]:.3g}" for n, points in lines.items())
        for task, lines in tasks.items()
    )
    return figure, (
        "Nanoseconds for one value against the number of values, two log axes. For the "
        f"most values: {'. '.join(told)}."
    )


@picture
def growth(record: Row):
    """Draw time against size on two log axes, and name each function's slope."""
    fitted = slopes(list(record["found"].values()))
    panels_of = {}
    for name, rows in groups(record).items():
        unit = rows[0]["name"].split()[-1]
        panels_of.setdefault(unit, {})[name] = [(r["n"], r["seconds"]) for r in rows]
    figure, panels = new_figure(
        5.6, columns=len(panels_of), sharey=True, squeeze=False, width_ratios=(3, 2)
    )
    for axes, (unit, lines) in zip(panels[0], panels_of.items(), strict=True):
        for (name, points), (color, mark) in zip(lines.items(), LOOKS, strict=False):
            label = f"{fitted[name]:.2f}  {name}"
            axes.plot(*zip(*points, strict=True), f"{mark}-", color=color, label=label)
        sizes = [n for points in lines.values() for n, _ in points]
        ends = np.array([min(sizes), max(sizes)])
        start = min(points[0][1] for points in lines.values())
        axes.plot(ends, start * ends / ends[0], ":", color=BLACK, label="1.00")
        axes.set(xscale="log", yscale="log", xlabel=unit)
        axes.yaxis.set_minor_formatter(NullFormatter())
        _time_axis(axes.yaxis)
        axes.legend(
            title="slope and function",
            fontsize=11,
            title_fontsize=11,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.2),
            alignment="left",
        )
    panels[0, 0].set_ylabel("time of one call")
    told = "; ".join(f"{name} {value:.2f}" for name, value in fitted.items())
    return figure, f"Time against size of the input on two log axes. Slopes: {told}."


@picture
def notebooks(record: Row):
    """Draw a bar for each notebook's time, and one for its peak memory."""
    rows = list(record["found"].values())
    at = range(len(rows))
    figure, (left, right) = new_figure(0.36 * len(rows) + 1.4, columns=2, sharey=True)
    left.barh(at, [row["seconds"] for row in rows], color=BLUE, height=0.7)
    right.barh(at, [row[PEAK] or 0 for row in rows], color=GREEN, height=0.7)
    beyond = 1.06 * max(row[ALLOWED] for row in rows)  # right of every mark
    for i, row in enumerate(rows):
        left.text(row["seconds"], i, f" {row['seconds']:.0f}", va="center", fontsize=12)
        right.text(beyond, i, shown(row[PEAK]), va="center", fontsize=12)
        right.plot([row[ALLOWED]] * 2, [i - 0.4, i + 0.4], color=RED)
    right.plot([], [], color=RED, label="allowed")
    left.set_yticks(at, [_short(row["name"]) for row in rows], fontsize=12)
    left.set(ylim=(len(rows) - 0.4, -0.6), xlabel="time (s)")
    right.set_xlabel("peak memory (GiB)")
    left.set_xlim(0, 1.15 * max(row["seconds"] for row in rows))
    right.set(xlim=(0, 1.25 * beyond), xticks=np.arange(0, beyond, 0.5))
    for axes in (left, right):
        axes.grid(axis="y", visible=False)
    figure.legend(loc="outside upper right", fontsize=12)
    told = "; ".join(
        f"{row['name']} {row['seconds']:.0f} s, {shown(row[PEAK]) or 'unknown'} GiB"
        for row in rows
    )
    return figure, f"Bars of time and peak memory of each notebook: {told}."


def _short(name: str) -> str:
    """Return a notebook's name, of a solution the number alone."""
    folder, _, stem = name.rpartition("/")
    return f"{folder} {stem[:2]}" if folder else stem.replace("_", " ")


def _time_axis(axis) -> None:
    """Show seconds in the unit that reads best; over few decades, 2 and 5 of each."""
    low, high = axis.get_view_interval()
    if high < 100 * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: spoken(value)))
    axis.set_minor_formatter(NullFormatter())
