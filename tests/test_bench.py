"""The benchmarks: how they count, that they run, and that the page is as measured.

How fast anything is, no test says: the records do.
"""

import doctest
import importlib
import json
import re
import signal
import subprocess
import sys

import nbformat
import numpy as np
import pytest

from benchmarks import BENCHMARKS, STUDIES, harness, report, studies
from benchmarks import __main__ as command
from benchmarks.harness import Aim, Benchmark, Contender, Group
from qlib.data import load_study
from tests.notebooks import ROOT

RECORDS = command.read()
MEASURED = sorted(set(BENCHMARKS) - {"notebooks"})


class Clock:
    """A clock that goes on only as contenders run."""

    def __init__(self):
        self.now, self.calls = 0.0, []

    def __call__(self):
        return self.now

    def taking(self, name, *seconds):
        """Return a contender whose calls take these seconds; the last goes on."""
        left = list(seconds)

        def run():
            self.calls.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]
            return name

        return run


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(harness, "perf_counter", clock)
    return clock


def tiny(clock, **options):
    """Return a benchmark with two contenders, the second 4 times as fast."""
    todo = {"slow": clock.taking("slow", 9, 8), "qlib fast": clock.taking("fast", 9, 2)}
    return Benchmark(
        name="kmeans",
        title="Tiny",
        about="Two.",
        groups=lambda small: [Group("work", todo, seconds=0, rounds=3)],
        **options,
    )


# How it counts


def test_contenders_take_turns_and_a_long_first_call_is_not_counted(clock):
    todo = {"a": clock.taking("a", 100, 1, 2, 9), "b": clock.taking("b", 100, 4)}
    a, b = Group("work", todo, seconds=0, rounds=3).measure()
    rounds = [sorted(clock.calls[i : i + 2]) for i in range(0, 8, 2)]
    assert rounds == [["a", "b"]] * 4
    assert (a["seconds"], a["quartiles"], a["rounds"]) == (2, [1.5, 5.5], 3)
    assert (b["seconds"], b["quartiles"], b["rounds"]) == (4, [4, 4], 3)


def test_no_contender_always_follows_the_same_one(clock):
    todo = {name: clock.taking(name, 1) for name in "abcd"}
    Group("work", todo, seconds=0, rounds=40).measure()
    pairs = list(zip(clock.calls, clock.calls[1:], strict=False))
    assert {before for before, after in pairs if after == "a"} >= set("bcd")


def test_a_quick_call_is_made_once_more_before_it_is_timed(clock):
    quick = clock.taking("a", 0.5, 1e-5, *[5e-5, 2e-5] * 3)
    (row,) = Group("work", {"a": quick}, seconds=0, rounds=3).measure()
    assert len(clock.calls) == 2 + 2 * 3
    assert row["seconds"] == pytest.approx(2e-5)


def test_a_contender_whose_second_call_is_long_is_not_called_twice_a_round(clock):
    slow = clock.taking("a", 0.001, 0.5)
    Group("work", {"a": slow}, seconds=0, rounds=3).measure()
    assert len(clock.calls) == 2 + 3


def test_rounds_go_on_until_the_seconds_have_passed(clock):
    (row,) = Group("work", {"a": clock.taking("a", 0.5)}, seconds=10).measure()
    assert row["rounds"] == 20


def test_a_first_call_that_counts_is_the_only_one_where_one_round_is_asked(clock):
    group = Group(
        "work", {"a": clock.taking("a", 7)}, seconds=0, rounds=1, first_counts=True
    )
    (row,) = group.measure()
    assert clock.calls == ["a"]
    assert (row["seconds"], row["rounds"]) == (7, 1)


def test_the_ratio_is_taken_within_each_round(clock):
    # Medians are 4 and 3; within the rounds the ratios are 3, 1 and 1/3.
    todo = {"a": clock.taking("a", 2, 1, 4, 9), "b": clock.taking("b", 2, 3, 4, 3)}
    _, b = Group("work", todo, seconds=0, rounds=3).measure()
    assert b["ratio"] == 1


def test_a_part_is_multiplied_up_and_an_own_clock_is_believed(clock):
    part = Contender(clock.taking("part", 2), factor=10)
    told = Contender(lambda: 0.25, own_clock=True)
    rows = Group("work", {"part": part, "told": told}, seconds=0, rounds=3).measure()
    assert [row["seconds"] for row in rows] == [20, 0.25]


def test_what_was_kept_is_checked_and_told_as_columns(clock):
    seen = {}
    options = {"seconds": 0, "rounds": 2, "keep": str.upper, "check": seen.update}
    options["facts"] = lambda kept: {"a": {"letters": len(kept["a"])}}
    (row,) = Group("work", {"a": clock.taking("a", 1)}, **options).measure()
    assert seen == {"a": "A"} and row["letters"] == 1


def test_contenders_that_disagree_stop_the_benchmark(clock):
    def refuse(kept):
        raise AssertionError("b differs")

    group = Group("work", {"a": clock.taking("a", 1)}, check=refuse)
    with pytest.raises(AssertionError, match="b differs"):
        group.measure()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("qlib x", "ours"),
        ("np.copyto", "floor"),
        ("NumPy, naive", "plain"),
        ("Python loops", "plain"),
        ("other", "peer"),
    ],
)
def test_a_contender_is_ours_a_peer_plain_code_or_a_floor(name, kind):
    assert Group("work", {}, floors=("np.copyto",)).kind(name) == kind


@pytest.mark.parametrize(
    ("found", "at_least", "met"),
    [(2, False, True), (2.1, False, False), (2, True, True), (1.9, True, False)],
)
def test_an_aim_is_met_at_its_limit_and_not_beyond(found, at_least, met):
    aim = Aim("at most {limit} s", lambda rows: found, 2, "s", at_least)
    judged = aim.judged([])
    assert judged["met"] is met and judged["says"] == "at most 2 s"


def test_how_many_times_as_fast_does_not_ask_which_stands_first(clock):
    (group,) = tiny(clock).groups(False)
    rows = group.measure()
    assert harness.times_as_fast("qlib", "slow")(rows) == 4
    assert harness.times_as_fast("slow", "qlib")(rows) == 0.25


def test_a_row_is_found_by_its_whole_name_before_its_beginning():
    rows = [{"group": "g", "name": name} for name in ("import qlib", "import qlib.x")]
    assert harness.pick(rows, "import qlib") == rows[0]
    with pytest.raises(ValueError, match="2 rows"):
        harness.pick(rows, "import")


def test_slopes_are_those_of_the_points():
    from benchmarks.growth import last_slopes, slopes

    sizes = [10, 31, 100, 316, 1000]
    rows = [{"group": "line", "n": n, "seconds": n * 1e-6} for n in sizes]
    rows += [{"group": "bent", "n": n, "seconds": max(n, 100) ** 2} for n in sizes]
    assert slopes(rows)["line"] == pytest.approx(1)
    assert 0 < slopes(rows)["bent"] < 1.5
    assert last_slopes(rows)["bent"] == pytest.approx(2)


# That each one runs


@pytest.mark.parametrize("name", MEASURED)
def test_each_benchmark_runs_on_small_input_and_is_drawn(name, tmp_path):
    record = command.run(command.benchmark(name), True, tmp_path, lambda line: None)
    assert record["benchmark"] == name
    assert all(row["seconds"] > 0 for row in record["found"].values())
    assert all(row["rounds"] == 2 for row in record["found"].values())
    assert len(record["alt"]) > 40
    assert not list(tmp_path.iterdir())  # quick: nothing is stored


def test_a_wrong_network_would_be_seen_in_the_integer_benchmark(monkeypatch):
    from benchmarks import integer

    whole = integer.IntegerNetwork.run

    def off_by_one(self, x, kernel="reference", keep="all"):
        found = whole(self, x, kernel, keep=keep)
        name = list(found)[-1]
        return found | {name: found[name] ^ 1}

    monkeypatch.setattr(integer.IntegerNetwork, "run", off_by_one)
    rows = [group for group in integer.groups(True)][1].measure()
    assert [row[integer.TENSORS] for row in rows if integer.TENSORS in row] == [1] * 3
    assert integer.BENCHMARK.aims[0].judged(rows)["met"] is False


def test_the_peak_of_a_notebook_is_that_of_its_kernel(tmp_path):
    from benchmarks.notebooks import peak_of

    peaks = []
    for held in (1, 300):
        source = f"x = bytearray({held} * 2**20); del x"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
        path = tmp_path / f"{held}.ipynb"
        nbformat.write(notebook, path)
        peaks.append(peak_of(path))
    if peaks[0] is None:
        pytest.skip("this system does not tell")
    assert peaks[1] - peaks[0] == pytest.approx(299 / 1024, abs=0.05)


# The page and the records


def test_there_is_a_record_of_every_benchmark():
    assert list(RECORDS) == list(BENCHMARKS)


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_says_when_where_and_with_what_it_was_measured(name):
    record = RECORDS[name]
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", record["date"])
    assert re.search(r"\d+ cores.*Python 3\.\d+", record["machine"])
    assert record["packages"]["numpy"] and record["took"] > 0
    assert re.fullmatch(r"[0-9a-f]{7,}(-dirty)?", record["commit"] or "0" * 7)
    for row in record["found"].values():
        low, high = row["quartiles"]
        assert 0 < low <= row["seconds"] <= high
        assert row["rounds"] >= 3 or name == "notebooks"


@pytest.mark.parametrize("name", RECORDS)
def test_the_aims_of_a_record_follow_from_its_rows(name):
    aims, rows = command.benchmark(name).aims, list(RECORDS[name]["found"].values())
    assert RECORDS[name]["aims"] == [aim.judged(rows) for aim in aims]
    assert RECORDS[name] == RECORDS[name] | command.benchmark(name).said_of(rows)


@pytest.mark.parametrize("name", RECORDS)
def test_a_picture_is_small_and_its_words_are_those_of_the_record(name):
    content = (report.PICTURES / f"{name}.png").read_bytes()
    assert content.startswith(b"\x89PNG") and len(content) < 100_000
    words, _ = command.drawn(command.benchmark(name).picture, RECORDS[name])
    assert words == RECORDS[name]["alt"]


def test_the_page_is_made_from_the_records():
    page = (report.FOLDER / "README.md").read_text(encoding="utf-8")
    assert page == report.readme(RECORDS)


def test_every_link_and_picture_of_the_page_is_there():
    page = (report.FOLDER / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", page):
        assert (report.FOLDER / target).exists(), target
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", line[3:].lower()).replace(" ", "-")
        for line in page.splitlines()
        if line.startswith("## ")
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= anchors


def test_an_aim_that_is_not_met_is_said_plainly(clock):
    aims = (
        Aim(
            "at least {limit} times", harness.times_as_fast("qlib", "slow"), 5, "times"
        ),
        Aim("at most {limit} s", lambda rows: rows[1]["seconds"], 1, "s"),
    )
    record = tiny(clock, aims=aims).measure(lambda line: None) | {"alt": "x"}
    page = report.readme({"kmeans": record})
    assert "| at most 1 s | 2 s | **no** |" in page
    assert "What falls short:\n\n- at most 1 s; measured: 2 s.\n" in page


@pytest.mark.parametrize(("ours", "lost"), [(2, 0), (16, 1)])
def test_what_is_faster_is_named_with_how_much(clock, ours, lost):
    todo = {"peer": clock.taking("p", 8), "qlib x": clock.taking("q", ours)}
    todo["NumPy, naive"] = clock.taking("n", 32)
    one = Benchmark(
        "kmeans", "Tiny", "Two.", lambda small: [Group("work", todo, seconds=0)]
    )
    page = report.readme({"kmeans": one.measure(lambda line: None) | {"alt": "x"}})
    assert f"In {lost} of 1 tasks another library, or plain code, is faster" in page
    assert ("| work | `qlib x` | peer 2 |" in page) == bool(lost)


def test_a_number_that_would_read_like_its_limit_has_more_digits(clock):
    aims = [Aim("at most {limit}", lambda rows, v=v: v, 1.2) for v in (1.199, 1.2, 2)]
    record = tiny(clock, aims=tuple(aims)).measure(lambda line: None) | {"alt": "x"}
    page = report.readme({"kmeans": record})
    assert all(f"| at most 1.2 | {told} |" in page for told in ("1.199", "1.2", "2"))


def test_the_record_of_lesson_00_can_be_made_again_from_the_benchmark():
    from benchmarks.integer import for_lesson

    kept, now = load_study("integer")["found"], for_lesson(RECORDS["integer"])["found"]
    assert set(now) == set(kept)
    assert all({"seconds", "quartiles"} <= set(row) for row in now.values())


# What is typed


@pytest.mark.parametrize(
    ("typed", "near"), [("kmean", "kmeans"), ("imports ", "imports"), ("arm", "arms")]
)
def test_an_unknown_name_is_answered_with_the_nearest(typed, near, capsys):
    assert command.main([typed]) == 2
    said = capsys.readouterr().err
    assert f"There is no benchmark `{typed}`. Did you mean `{near}`?" in said
    assert all(name in said for name in (*BENCHMARKS, *STUDIES))


def test_a_study_among_benchmarks_is_to_be_run_alone(capsys):
    assert command.main(["kmeans", "arms"]) == 2
    assert "`arms` is a long study; run it alone" in capsys.readouterr().err


def test_the_list_names_everything_and_how_long_it_takes(capsys):
    assert command.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for name in (*BENCHMARKS, *STUDIES):
        (line,) = [line for line in lines if line.split()[0] == name]
        assert re.search("minute|hour", line)


def test_a_study_is_run_with_what_follows_its_name(monkeypatch):
    seen = []
    monkeypatch.setattr(command, "_wait_for", lambda words: seen.append(words) or 0)
    assert command.main(["arms", "--validate"]) == 0
    assert seen[0][1:] == [str(report.FOLDER / "arms.py"), "--validate"]


def test_every_study_says_how_long_it_takes():
    assert {"arms", "article", "micro", "representative"} <= set(STUDIES)
    for name, (says, takes) in studies().items():
        assert len(says) > 20 and re.search("minute|hour", takes), name


def test_a_run_writes_record_picture_and_page_and_a_second_replaces_them(
    clock, tmp_path
):
    for _ in range(2):
        command.run(tiny(clock), folder=tmp_path, tell=lambda line: None)
    found = sorted(
        str(path.relative_to(tmp_path))
        for path in tmp_path.rglob("*.*")
        if path.is_file()
    )
    made = ["README.md", "pictures/kmeans.png", "records/kmeans.json"]
    assert found == made
    record = json.loads((tmp_path / "records/kmeans.json").read_text())
    assert record["found"]["work: qlib fast"]["seconds"] == 2


def test_ctrl_c_in_the_middle_leaves_everything_as_it_was(clock, tmp_path):
    folder = tmp_path
    command.run(tiny(clock), folder=folder, tell=lambda line: None)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def stop(small):
        yield Group("work", {"a": clock.taking("a", 1)}, seconds=0)
        raise KeyboardInterrupt

    halved = Benchmark("kmeans", "Tiny", "Two.", stop)
    with pytest.raises(KeyboardInterrupt):
        command.run(halved, folder=folder, tell=lambda line: None)
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after == before


@pytest.mark.skipif(sys.platform == "win32", reason="a signal of POSIX")
def test_ctrl_c_is_one_sentence_and_status_1():
    words = [sys.executable, "-u", "-m", "benchmarks", "thresholds", "--quick"]
    with subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline().startswith("thresholds: ")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said == "\nStopped. What had been measured to its end is kept.\n"


def test_redrawing_changes_no_number(clock, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "benchmark", lambda name: tiny(clock))
    folder = tmp_path
    record = command.run(tiny(clock), folder=folder, tell=lambda line: None)
    (folder / "README.md").unlink()
    command.redraw(folder)
    stored = json.loads((folder / "records/kmeans.json").read_text())
    assert stored["found"] == record["found"] and (folder / "README.md").exists()


@pytest.mark.parametrize("name", ["", ".harness", ".tables", ".growth"])
def test_the_examples_of_a_module_hold(name):
    found = doctest.testmod(importlib.import_module(f"benchmarks{name}"))
    assert found.attempted and not found.failed


def test_times_read_well():
    assert [harness.spoken(s) for s in (7.1, 0.0123, 4.2e-6, 5e-9)] == [
        "7.1 s",
        "12.3 ms",
        "4.2 µs",
        "0.005 µs",
    ]
    assert np.isclose(harness.digits(np.pi), 3.142)
