"""The exercises of lesson 11: repairs, and tests that would have caught the mistake.

Where a test is asked for, the student's function gets other people's functions, right
and broken ones, and must tell them apart. Its verdicts on all of them say what it
overlooks.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from qlib import linear
from qlib.checks.exercise import Exercise, mistakes_of, progress_over
from qlib.thresholds import kl_divergences

_RNG = np.random.default_rng(11)

LETS_ALL_PASS = (
    "Your test lets every function pass, the broken ones too: try it on a broken one "
    "first."
)
REFUSES_ALL = (
    "Your test refuses every function, the right ones too: a test must let what is "
    "right pass."
)
TURNED = "Your verdicts are turned: True is for what is broken."


@dataclass(frozen=True)
class Specimen:
    """Somebody's function, with words for it.

    Args:
        words: what a sentence calls it.
        does: the function itself.
        broken: whether a good test catches it.

    Example:
        >>> largest = Specimen("one that takes the largest", max)
        >>> str(largest), largest(3, 5), largest.broken
        ('one that takes the largest', 5, False)
    """

    words: str
    does: Callable[..., Any]
    broken: bool = False

    def __call__(self, *arguments: Any) -> Any:
        """Return what the function returns."""
        return self.does(*arguments)

    def __str__(self) -> str:
        return self.words

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        """Return a number of its own, by which a check sees that it is the same."""
        return np.array(zlib.crc32(self.words.encode()), dtype)


def _test(title, specimens, mistakes, praise):
    """Return the exercise to write a test that tells these specimens apart."""
    common = {
        LETS_ALL_PASS: lambda f: False,
        REFUSES_ALL: lambda f: True,
        TURNED: lambda f: not f.broken,
    }
    return Exercise(
        title,
        lambda f: f.broken,
        [(specimen,) for specimen in specimens],
        mistakes_of(common | mistakes),
        rtol=0.0,
        praise=praise,
    )


# --- Exercise 1: a specimen is to_codes(x, scale)


def _steps(x, scale):
    return np.round(np.asarray(x) / scale).astype(np.int64)


def _wrong_at(*steps):
    """Return a test that looks at these numbers of steps, and no others."""
    x, wanted = np.array(steps) / 2, np.clip(steps, -128, 127)
    return lambda f: not np.array_equal(f(x, 0.5), wanted)


catches_wrap = _test(
    "Exercise 1",
    [
        Specimen(
            "one that clips, then casts",
            lambda x, s: np.clip(_steps(x, s), -128, 127).astype(np.int8),
        ),
        Specimen(
            "one that casts, then clips",
            lambda x, s: np.clip(_steps(x, s).astype(np.int8), -128, 127),
            broken=True,
        ),
        Specimen(
            "one with minimum and maximum",
            lambda x, s: np.int8(np.maximum(np.minimum(_steps(x, s), 127), -128)),
        ),
        Specimen(
            "one that clips at the upper end alone",
            lambda x, s: np.minimum(_steps(x, s), 127).astype(np.int8),
            broken=True,
        ),
        Specimen(
            "one that clips at the lower end alone",
            lambda x, s: np.maximum(_steps(x, s), -128).astype(np.int8),
            broken=True,
        ),
        Specimen(
            "one that casts to int16 first, then clips",
            lambda x, s: np.clip(_steps(x, s).astype(np.int16), -128, 127).astype(
                np.int8
            ),
            broken=True,
        ),
        Specimen(
            "one that clips to -128 and 128",
            lambda x, s: np.clip(_steps(x, s), -128, 128).astype(np.int8),
            broken=True,
        ),
    ],
    {
        "Your test looks at the upper end alone: values far below the range wrap "
        "too.": [_wrong_at(500, 40_000), _wrong_at(500), _wrong_at(1_000_000)],
        "Your test looks at the lower end alone: values far above the range wrap "
        "too.": [_wrong_at(-500, -40_000), _wrong_at(-500), _wrong_at(-1_000_000)],
        "Your test overlooks a cast to 16 bits, which wraps some ten thousand steps "
        "out: 40,000 is -25,536 there. (1,000,000 is 16,960, and stops at 127 by "
        "luck.)": [
            _wrong_at(500, -500),
            _wrong_at(128, -129),
            _wrong_at(150, -150),
            _wrong_at(200, -200),
            _wrong_at(300, -300),
            _wrong_at(1000, -1000),
            _wrong_at(1_000_000, -1_000_000),
        ],
    },
    "right: a value far outside tells what a thousand inside do not.",
)


# --- Exercise 2: a specimen is to_codes(x)

_LEVELS = np.arange(256)


def _lost(
    levels=_LEVELS, kind=np.float32, count=lambda codes, levels: np.sum(codes != levels)
):
    """Return levels_lost with one part done another way."""

    def lost(f):
        codes = np.asarray(f((levels / 255).astype(kind))).astype(np.int64)
        return int(count(codes, levels))

    return lost


def _scaled(x, factor=255):
    """Return x in steps of 1/255, in float32 as published code has it."""
    return np.asarray(x) / (np.float32(1) / np.float32(factor))


levels_lost = Exercise(
    "Exercise 2",
    _lost(),
    [
        (Specimen(words, does),)
        for words, does in {
            "one that cuts off": lambda x: _scaled(x).astype(np.uint8),
            "one that rounds": lambda x: np.round(_scaled(x)).astype(np.uint8),
            "one that rounds up": lambda x: np.minimum(np.ceil(_scaled(x)), 255).astype(
                np.uint8
            ),
            "one with the factor 256, cut off and capped": lambda x: np.minimum(
                np.floor(_scaled(x, 256)), 255
            ).astype(np.uint8),
            "one that returns the negative": lambda x: np.uint8(
                255 - np.round(_scaled(x))
            ),
            "one that caps at 254": lambda x: np.minimum(
                np.round(_scaled(x)), 254
            ).astype(np.uint8),
            "one that casts first": lambda x: np.asarray(x).astype(np.uint8),
        }.items()
    ],
    mistakes_of(
        {
            "These are the levels that come back right: count those that do "
            "not.": _lost(count=lambda q, g: np.sum(q == g)),
            "This adds the differences up: count each lost level as 1.": [
                _lost(count=lambda q, g: np.sum(np.abs(q - g))),
                _lost(count=lambda q, g: np.sum(g - q)),
                _lost(count=lambda q, g: np.sum(q - g)),
            ],
            "The largest level is left out: 0 to 255 are 256 levels.": _lost(
                levels=np.arange(255)
            ),
            "Black is left out: 0 to 255 are 256 levels.": _lost(
                levels=np.arange(1, 256)
            ),
            "The levels are float64 here: network inputs are float32, and cut off "
            "elsewhere.": _lost(kind=np.float64),
            "This says whether any level is lost: return how many.": _lost(
                count=lambda q, g: np.any(q != g)
            ),
            "This is a share: return how many, out of 256.": lambda f: _lost()(f) / 256,
            "Only codes too low are counted: a code too high is lost as well.": _lost(
                count=lambda q, g: np.sum(q < g)
            ),
        }
    ),
    rtol=0.0,
    praise="right: 256 values, and no image could hide one of them.",
)


# --- Exercise 3


def _grid(n=lambda bits: 2**bits, endpoint=True):
    return lambda low, high, bits: np.linspace(low, high, n(bits), endpoint=endpoint)


grid_levels = Exercise(
    "Exercise 3",
    _grid(),
    [(-1.0, 2.0, 2), (0.0, 1.0, 8), (-3.0, -1.0, 3), (-0.5, 4.0, 4)],
    mistakes_of(
        {
            "One level too many: n codes have n - 1 steps between them, so the step is "
            "(high - low) / (2**bits - 1).": [
                _grid(lambda bits: 2**bits + 1),
                lambda low, high, bits: np.arange(
                    low, high + 1e-9, (high - low) / 2**bits
                ),
            ],
            "The upper end is missing: the last level is high itself.": [
                _grid(endpoint=False),
                _grid(lambda bits: 2**bits - 1, endpoint=False),
            ],
            "One level too few: 2**bits codes can be told apart.": _grid(
                lambda bits: 2**bits - 1
            ),
            "These are codes: the real levels are asked.": [
                lambda low, high, bits: np.arange(2**bits),
                lambda low, high, bits: np.arange(2**bits) - 2 ** (bits - 1),
            ],
            "The levels begin at 0: the first is low.": lambda low, high, bits: (
                np.arange(2**bits) * (high - low) / (2**bits - 1)
            ),
            "These levels lie half a step inside: the first is low, the last "
            "high.": lambda low, high, bits: (
                low + (np.arange(2**bits) + 0.5) * (high - low) / 2**bits
            ),
            "The levels run downwards: begin at low.": lambda low, high, bits: (
                np.linspace(high, low, 2**bits)
            ),
        }
    ),
    praise="right: 256 fence posts have 255 gaps.",
)


# --- Exercise 4: a specimen is back(q, scale, zero_point)


def _off_at(codes, zero_point, scale=0.1, close=np.allclose):
    """Return a test that looks at these codes with this zero point."""
    q = np.int8(codes)
    wanted = scale * (np.float64(q) - zero_point)
    return lambda f: not close(f(q, scale, zero_point), wanted)


catches_offset = _test(
    "Exercise 4",
    [
        Specimen(
            "scale * (q - zero_point), in int32",
            lambda q, s, z: s * (q.astype(np.int32) - z),
        ),
        Specimen("q * scale + zero_point", lambda q, s, z: q * s + z, broken=True),
        Specimen(
            "scale * q - scale * zero_point, in float32",
            lambda q, s, z: np.float32(s) * q.astype(np.float32) - np.float32(s * z),
        ),
        Specimen(
            "scale * (q + zero_point)",
            lambda q, s, z: s * (q.astype(np.int32) + z),
            broken=True,
        ),
        Specimen("scale * q", lambda q, s, z: s * q.astype(np.int32), broken=True),
        Specimen(
            "scale * (q - zero_point), in int8",
            lambda q, s, z: s * (q - np.int8(z)),
            broken=True,
        ),
    ],
    {
        "Your test overlooks a difference in int8: from -128 to 127 it is 255, which "
        "wraps.": [_off_at([-3, 0, 5], 7), _off_at([-3, 0, 5], -7)],
        "Your test asks for q * scale + zero_point itself: work out by hand what "
        "should come back.": lambda f: f.words != "q * scale + zero_point",
        "Your test refuses float32: compare with a tolerance, such as np.allclose with "
        "atol=1e-5.": [
            _off_at(range(-128, 128), -128, close=np.array_equal),
            _off_at(range(-128, 128), 100, close=np.array_equal),
        ],
    },
    "right: a zero point of 0 hides four of these mistakes.",
)


# --- Exercise 5: a specimen is choose(low, high)


def _chosen(widen_low=True, widen_high=True, clamp=True):
    def choose(low, high):
        low = min(low, 0.0) if widen_low else low
        high = max(high, 0.0) if widen_high else high
        scale = (high - low) / 255
        zero_point = round(-128 - low / scale)
        return scale, min(max(zero_point, -128), 127) if clamp else zero_point

    return choose


def _symmetric(low, high):
    return max(abs(low), abs(high)) / 127, 0


def _lost_in(*ranges):
    """Return a test that looks at these ranges: do values come back, is Z in int8?"""

    def test(f):
        for low, high in ranges:
            scale, zero_point = f(low, high)
            x = np.linspace(low, high, 101)
            q = np.clip(np.round(x / scale) + zero_point, -128, 127)
            far = np.abs(scale * (q - zero_point) - x).max() > 1.001 * scale
            if far or not -128 <= zero_point <= 127:
                return True
        return False

    return test


catches_clamp = _test(
    "Exercise 5",
    [
        Specimen("one that widens the range to hold 0", _chosen()),
        Specimen("one that clamps the zero point", _chosen(False, False), broken=True),
        Specimen("a symmetric one, zero point 0", _symmetric),
        Specimen(
            "one that widens downwards alone", _chosen(widen_high=False), broken=True
        ),
        Specimen(
            "one that widens upwards alone", _chosen(widen_low=False), broken=True
        ),
        Specimen(
            "one with a zero point outside int8",
            _chosen(False, False, clamp=False),
            broken=True,
        ),
    ],
    {
        "Your test tries no range below 0: -6 to -5 is lost in the same way as 5 to "
        "6.": [_lost_in((5, 6)), _lost_in((5, 6), (-1, 1))],
        "Your test tries no range above 0: 5 to 6 is lost in the same way as -6 to "
        "-5.": [_lost_in((-6, -5)), _lost_in((-6, -5), (-1, 1))],
        "Your test lets a zero point pass that int8 does not hold: look at the zero "
        "point, too.": lambda f: f.broken and "outside" not in f.words,
        "Your test refuses a symmetric grid: it is wider than it must be, and "
        "right.": lambda f: f.broken or "symmetric" in f.words,
    },
    "right: a range that lacks 0, on either side.",
)


# --- Exercise 6


def _wasted(
    low_of=lambda x: min(x.min(), 0.0),
    high_of=lambda x: max(x.max(), 0.0),
    log=np.log2,
    sign=1,
):
    def wasted(x, low, high):
        return sign * log((high - low) / (high_of(x) - low_of(x)))

    return wasted


wasted_bits = Exercise(
    "Exercise 6",
    _wasted(),
    [
        (np.array([0.0, 0.1, 0.75]), -6.0, 6.0),
        (np.array([0.5, 0.2, 1.5]), -6.0, 6.0),
        (np.array([[-0.5, 2.0], [0.1, 1.0]]), -6.0, 6.0),
        (np.array([-1.5, -0.25]), 0.0 - 3.0, 3.0),
        (np.array([-1.0, 3.0]), -1.0, 3.0),
    ],
    mistakes_of(
        {
            "The data's range must hold 0, as every grid does: widen it "
            "first.": _wasted(np.min, np.max),
            "This is the natural logarithm: bits are powers of 2, so take "
            "np.log2.": _wasted(log=np.log),
            "This is the decimal logarithm: bits are powers of 2, so take "
            "np.log2.": _wasted(log=np.log10),
            "The sign is turned: a grid that is too wide wastes bits, so the result is "
            "positive.": _wasted(sign=-1),
            "This is how many times too wide the grid is: its logarithm counts "
            "bits.": _wasted(log=lambda v: v),
            "The data count as symmetric here: they reach from their least value to "
            "their greatest.": _wasted(
                lambda x: -np.abs(x).max(), lambda x: np.abs(x).max()
            ),
            "Only the upper ends are compared: a range has two.": [
                lambda x, low, high: np.log2(high / x.max()),
                lambda x, low, high: np.log2(high / np.abs(x).max()),
            ],
            "Half a bit is a loss too: return the number as it is, not "
            "rounded.": lambda x, low, high: np.floor(_wasted()(x, low, high)),
        }
    ),
    praise="right: each halving of the used range costs one bit.",
)


# --- Exercise 7: a specimen is search(counts, levels)


def _search(kept=lambda counts: counts, stop=0, outliers=True, best=np.argmin):
    def search(counts, levels):
        counts = kept(np.asarray(counts, dtype=np.float64))
        if len(counts) < levels or not counts.any():
            return levels
        if outliers:
            kl = kl_divergences(counts, levels)
        else:
            bins = range(levels, len(counts) + 1)
            kl = np.array([_divergence_without(counts[:i], levels) for i in bins])
        return levels + int(best(kl[: max(len(kl) - stop, 1)]))

    return search


def _divergence_without(counts, levels):
    return kl_divergences(counts, levels)[-1] if counts.any() else 0.0


def _last_of_the_best(kl):
    return len(kl) - 1 - np.argmin(kl[::-1])


def _kept_less(counts, levels):
    """Return a test on one histogram: does the search keep less than all of it?"""
    return lambda f: f(np.array(counts), levels) < len(counts)


catches_search = _test(
    "Exercise 7",
    [
        Specimen("one that tries all", _search()),
        Specimen("one that stops a bin early", _search(stop=1), broken=True),
        Specimen(
            "one that takes the last of the best", _search(best=_last_of_the_best)
        ),
        Specimen(
            "one that drops the last count", _search(lambda c: c[:-1]), broken=True
        ),
        Specimen(
            "one that forgets what it cuts off", _search(outliers=False), broken=True
        ),
        Specimen("one that stops two bins early", _search(stop=2), broken=True),
    ],
    {
        "Your test looks for one bin less: a search can lose two, or stay at the "
        "fewest, so ask whether all are kept.": lambda f: (
            f.words
            in (
                "one that stops a bin early",
                "one that drops the last count",
            )
        ),
        "Your test overlooks a search that forgets what it cuts off: it stays at the "
        "fewest bins.": lambda f: f.broken and "forgets" not in f.words,
    },
    "right: two spikes, and only one threshold keeps both.",
)


# --- Exercise 8: a specimen is check(before, after)

_BIAS = np.array([0.5, -0.25, 0.125, 1.0, -2.0])
_LAST = _BIAS + np.array([0, 0, 0, 0, 0.01])


def _blind_to(*damaged):
    """Return a test of tests that tries these damages."""
    return lambda f: any(bool(f(_BIAS.copy(), after)) for after in damaged)


def _of_one_shape(close):
    """Return a check that refuses arrays of another shape, and else asks close."""
    return lambda a, b: np.shape(a) == np.shape(b) and bool(close(a, b))


is_blind = _test(
    "Exercise 8",
    [
        Specimen(words, _of_one_shape(close), broken)
        for words, close, broken in (
            ("np.array_equal", np.array_equal, False),
            ("before against before", lambda a, b: np.array_equal(a, a), True),
            ("np.allclose", np.allclose, False),
            ("shapes", lambda a, b: True, True),
            ("sums", lambda a, b: np.isclose(np.sum(a), np.sum(b)), True),
            ("magnitudes", lambda a, b: np.allclose(np.abs(a), np.abs(b)), True),
            ("sorted values", lambda a, b: np.allclose(np.sort(a), np.sort(b)), True),
            ("first values", lambda a, b: np.isclose(a[0], b[0]), True),
            ("all within 0.1", lambda a, b: np.all(np.abs(a - b) <= 0.1), True),
        )
    ],
    {
        "Your damage is too coarse: a check that compares sums, magnitudes or first "
        "values notices zeros, and is blind all the same.": [
            _blind_to(0 * _BIAS),
            _blind_to(_BIAS + 1),
            _blind_to(2 * _BIAS),
        ],
        "Your damage leaves the order as it was: exchange two values, and sums and "
        "sorted values are the same.": _blind_to(-_BIAS, _LAST),
        "Your damage leaves the signs as they were: turn them, and the magnitudes are "
        "the same.": _blind_to(_BIAS[::-1], _LAST),
        "Your damage is too large: 0.01 in a single value is damage, and a loose "
        "tolerance hides it.": _blind_to(
            _BIAS[::-1], -_BIAS, np.append(_BIAS[:-1], 7.0)
        ),
        "Your damage is too small for values of this size: 1e-9 is float noise here, "
        "and np.allclose is right to let it pass.": _blind_to(
            _BIAS[::-1], -_BIAS, _LAST, _BIAS + 1e-9
        ),
        "Your damage misses single values: change the last one alone, by "
        "0.01.": _blind_to(_BIAS[::-1], -_BIAS),
    },
    "right: you have tested a test.",
)


# --- Exercise 9


def _worst(error=lambda x, x_hat: (x - x_hat) ** 2, part=lambda e: e.max() / e.sum()):
    def share(x, x_hat):
        e = error(x.astype(np.float64), x_hat)
        return float(part(e)) if np.any(e) else 0.0

    return share


def _clipped(x, reach):
    return x, np.clip(x, -reach, reach)


worst_share = Exercise(
    "Exercise 9",
    _worst(),
    [
        (np.array([1.0, 2.0, 50.0]), np.array([1.5, 2.0, 10.0])),
        (np.array([3.0, -4.0]), np.array([3.0, -4.0])),
        (np.array([-5.0, 1.0, 2.0]), np.array([-4.0, 0.5, 2.5])),
        (np.array([10.0, 1.0, -1.0]), np.array([10.0, 2.0, 1.0])),
        _clipped(_RNG.normal(0, 1, (20, 5)), 1.5),
    ],
    mistakes_of(
        {
            "These are magnitudes: an MSE adds up squares.": _worst(
                lambda x, x_hat: np.abs(x - x_hat)
            ),
            "This is the error of the largest value: the worst error may be "
            "elsewhere.": lambda x, x_hat: _worst(
                part=lambda e: e.ravel()[np.abs(x).argmax()] / e.sum()
            )(x, x_hat),
            "This divides by the mean: a share is a part of the sum.": _worst(
                part=lambda e: e.max() / e.mean()
            ),
            "This is the share of all others: the worst one's is asked.": _worst(
                part=lambda e: 1 - e.max() / e.sum()
            ),
            "This is the worst squared error itself: divide by their sum.": _worst(
                part=np.max
            ),
            "The sign is kept until the maximum: a large negative error is an error "
            "too, so square first.": _worst(
                lambda x, x_hat: x - x_hat, lambda e: e.max() ** 2 / np.sum(e**2)
            ),
            "An exact copy has no error to share: return 0 for it.": [
                lambda x, x_hat, none=none: (
                    _worst()(x, x_hat) if np.any(x != x_hat) else none
                )
                for none in (np.nan, 1.0)
            ],
            "These are squares of values, not of errors: subtract first.": _worst(
                lambda x, x_hat: x**2
            ),
        }
    ),
    praise="right: near 1, a single value decides, and nobody asked it.",
)


# --- Exercise 10: (seen, fresh) are s, f


def _report(
    pick=lambda s, f: s.argmax(),
    score=lambda s, f, i: f[i],
    flattery=lambda s, f, i: s[i] - f[i],
):
    def report(s, f):
        i = int(pick(s, f))
        return i, float(score(s, f, i)), float(flattery(s, f, i))

    return report


reported = Exercise(
    "Exercise 10",
    _report(),
    [
        (np.array([0.9, 0.97, 0.95]), np.array([0.91, 0.93, 0.96])),
        (np.array([0.5, 0.4, 0.8, 0.7]), np.array([0.6, 0.3, 0.85, 0.9])),
        (_RNG.random(12), _RNG.random(12)),
    ],
    mistakes_of(
        {
            "The score is from the digits that the choice was made on: those flatter "
            "the winner, so report the fresh ones.": [
                _report(score=lambda s, f, i: s[i]),
                _report(
                    score=lambda s, f, i: s[i], flattery=lambda s, f, i: s[i] - f.mean()
                ),
            ],
            "The winner is chosen on the fresh digits: then they are fresh no "
            "more.": _report(lambda s, f: f.argmax()),
            "The winner is chosen on both together: fresh digits may take no part in "
            "it.": _report(lambda s, f: (s + f).argmax()),
            "This is the best fresh score of all: report that of the winner.": [
                _report(score=lambda s, f, i: f.max()),
                _report(
                    score=lambda s, f, i: f.max(),
                    flattery=lambda s, f, i: s[i] - f.max(),
                ),
            ],
            "This is the mean fresh score: report that of the winner.": _report(
                score=lambda s, f, i: f.mean()
            ),
            "The sign of the third value is turned: it is the winner's seen score "
            "minus its fresh one.": _report(flattery=lambda s, f, i: f[i] - s[i]),
            "The third value has lost its sign: luck may also go the other "
            "way.": _report(flattery=lambda s, f, i: abs(s[i] - f[i])),
            "The worst setting wins here: take argmax.": _report(
                lambda s, f: s.argmin()
            ),
        }
    ),
    praise="right: some digits choose, others judge.",
)


# --- Exercise 11: (x, low, high)


def _watch(
    new_low=lambda x, low: min(low, float(x.min())),
    new_high=lambda x, high: max(high, float(x.max())),
    out=lambda x, params: linear.fake_quantize(x, params),
    old=False,
):
    def watch(x, low, high):
        ends = new_low(x, low), new_high(x, high)
        used = (low, high) if old else ends
        return (out(x, linear.choose_params(*used, signed=False)), *ends)

    return watch


watch_and_round = Exercise(
    "Exercise 11",
    _watch(),
    [
        (np.float32([-1.0, 0.33, 4.1]), -0.5, 2.0),
        (np.float32([0.11, 0.72]), -1.0, 1.5),
        (np.float32([[0.03, 0.5], [2.6, 1.24]]), 0.0, 0.0),
        (_RNG.normal(0, 1, 40).astype(np.float32), -0.25, 0.5),
    ],
    mistakes_of(
        {
            "The values pass as they came: this layer only observes, so put them on "
            "the grid.": _watch(out=lambda x, params: x),
            "The values are rounded on the old range: widen it first.": [
                _watch(old=True),
            ],
            "The range is replaced: keep what was seen before, it may only "
            "widen.": _watch(
                lambda x, low: float(x.min()), lambda x, high: float(x.max())
            ),
            "The range stays as it was: it must widen to what is seen.": _watch(
                lambda x, low: low, lambda x, high: high
            ),
            "These are codes: the next layer wants real values.": [
                _watch(out=lambda x, p: linear.quantize(x, p)),
                _watch(out=lambda x, p: linear.quantize(x, p).astype(np.float32)),
            ],
            "The values are clipped and not rounded: a grid has 256 levels.": _watch(
                out=lambda x, p: np.clip(
                    x,
                    p.scale * np.float32(0 - p.zero_point),
                    p.scale * np.float32(255 - p.zero_point),
                )
            ),
            "Only the upper end is widened: values below the range count too.": _watch(
                new_low=lambda x, low: low
            ),
        }
    ),
    rtol=1e-4,
    praise="right: it watches, and it rounds.",
)


# --- Exercise 12: scores are z, labels y


def _softmax(z, axis=1):
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _log_sum(z):
    top = z.max(axis=1, keepdims=True)
    return np.log(np.exp(z - top).sum(axis=1)) + top[:, 0]


def _losses(z, y):
    return _log_sum(z) - z[np.arange(len(y)), y]


def _of(p, y):
    return -np.log(p[np.arange(len(y)), y])


loss_from_logits = Exercise(
    "Exercise 12",
    lambda z, y: float(_losses(z.astype(np.float64), y).mean()),
    [
        (np.array([[2.0, 0.0, -1.0], [0.5, 1.5, 0.0]]), np.array([0, 2])),
        (np.array([[1.0, -2.0]]), np.array([0])),
        (_RNG.normal(0, 3, (6, 4)), _RNG.integers(0, 4, 6)),
        (np.array([[1000.0, 0.0], [0.0, 5.0]]), np.array([1, 0])),
    ],
    mistakes_of(
        {
            "Softmax is taken twice: these are scores, so take it once.": [
                lambda z, y: _of(_softmax(_softmax(z)), y).mean(),
            ],
            "Softmax is not taken: scores are no probabilities.": [
                lambda z, y: _of(z, y).mean(),
                lambda z, y: -z[np.arange(len(y)), y].mean(),
            ],
            "Large scores overflow: take the largest of each row off first, and the "
            "logarithm of the sum instead of a probability that is 0.": [
                lambda z, y: _of(
                    np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), y
                ).mean(),
                lambda z, y: _of(_softmax(z), y).mean(),
                lambda z, y: (
                    np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]
                ).mean(),
            ],
            "A small number inside the logarithm hides the large losses: stay with "
            "the scores.": [
                lambda z, y, tiny=tiny: _of(_softmax(z) + tiny, y).mean()
                for tiny in (1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
            ],
            "The losses are added up: return their mean.": lambda z, y: _losses(
                z, y
            ).sum(),
            "The sign is turned: a loss falls as the network learns.": lambda z, y: (
                -_losses(z, y).mean()
            ),
            "The sum goes over the images: the shares of each row add up to 1, so use "
            "axis=1.": lambda z, y: _of(_softmax(z, axis=0), y).mean(),
            "These are all losses: return their mean.": _losses,
            "This is the logarithm to base 2: the loss is in nats, so take "
            "np.log.": lambda z, y: _losses(z, y).mean() / np.log(2),
        }
    ),
    praise="right: once, and safe for any score.",
)


# --- Exercise 13: (images, scale, zero_point) are x, s, z


def _input(
    real=lambda x: x / 255,
    code=lambda v, s, z: np.clip(np.round(v / s) + z, -128, 127),
    cast=lambda q: q.astype(np.int8),
    shape=lambda q: q[..., np.newaxis],
):
    return lambda x, s, z: shape(cast(code(real(x.astype(np.float64)), s, z)))


def _wrapped(q):
    return q.astype(np.int64).astype(np.int8)


_PIXELS = np.arange(0, 256, 5).astype(np.uint8)

input_codes = Exercise(
    "Exercise 13",
    _input(),
    [
        (np.uint8([[[0, 51], [200, 255]]]), 1 / 255, -128),
        (_PIXELS[:48].reshape(2, 6, 4), 1 / 255, -128),
        (np.uint8([[[3, 255, 130]], [[77, 128, 9]]]), 0.01, -20),
        (np.uint8([[[254, 127]]]), 1 / 127, 0),
        (np.uint8([[[20, 90], [160, 255]]]), 1 / 400, -128),
    ],
    mistakes_of(
        {
            "The bytes are read as int8: 255 becomes -1, so divide by 255 and use "
            "scale and zero point.": [
                lambda x, s, z: x.view(np.int8)[..., np.newaxis],
                lambda x, s, z: x.view(np.int8),
            ],
            "The values from 0 to 1 are cast as they are: only 0 and 1 are left, so "
            "divide by the scale first.": [
                lambda x, s, z: (x / 255).astype(np.int8)[..., np.newaxis],
                lambda x, s, z: (x / 255).astype(np.int8),
            ],
            "The zero point is missing: black has the code of real 0, which is the "
            "zero point.": [
                _input(code=lambda v, s, z: np.clip(np.round(v / s), -128, 127)),
                _input(code=lambda v, s, z: np.round(v / s), cast=_wrapped),
            ],
            "The grey levels run up to 255: the network was trained on 0 to 1, so "
            "divide by 255.": _input(real=lambda x: x),
            "Codes beyond 127 wrap: clip before the cast.": _input(
                code=lambda v, s, z: np.round(v / s) + z, cast=_wrapped
            ),
            "Fractions are cut off: round.": [
                _input(code=lambda v, s, z: np.clip(np.trunc(v / s) + z, -128, 127)),
                _input(code=lambda v, s, z: np.clip(np.trunc(v / s + z), -128, 127)),
            ],
            "128 is taken off, whatever the file says: use its scale and zero "
            "point.": lambda x, s, z: (x.astype(np.int64) - 128).astype(np.int8)[
                ..., np.newaxis
            ],
            "The zero point is taken off: a code is x / scale + zero_point.": [
                _input(code=lambda v, s, z: np.clip(np.round(v / s) - z, -128, 127)),
            ],
            "The channel axis is missing: (n, rows, columns) becomes (n, rows, "
            "columns, 1).": _input(shape=lambda q: q),
            "The values are right, and their type is not: end with "
            ".astype(np.int8).": _input(cast=lambda q: q.astype(np.int64)),
        }
    ),
    rtol=0.0,
    praise="right: the file's own grid, and a cast at the very end.",
)


# --- Exercise 14: (sizes, k)


def _index_bits(k):
    return (k - 1).bit_length()


def _index_bytes(n, k):
    return -(-n * _index_bits(k) // 8)


def _ratio(codes=_index_bytes, books=lambda sizes, k: 4 * k * len(sizes)):
    def ratio(sizes, k):
        return 4 * sum(sizes) / (sum(codes(n, k) for n in sizes) + books(sizes, k))

    return ratio


true_ratio = Exercise(
    "Exercise 14",
    _ratio(),
    [
        ([288], 256),
        ([288, 346112, 640], 256),
        ([1000, 50], 16),
        ([77, 1001, 3], 5),
    ],
    mistakes_of(
        {
            "The codebooks are left out: each of k float32 centers takes 4 bytes.": [
                _ratio(books=lambda sizes, k: 0),
                lambda sizes, k: 32 / _index_bits(k),
            ],
            "One codebook is counted for all layers: each has its own.": _ratio(
                books=lambda sizes, k: 4 * k
            ),
            "A center counts as one byte: float32 takes 4.": _ratio(
                books=lambda sizes, k: k * len(sizes)
            ),
            "A center counts as 32 bytes: it has 32 bits, which are 4 bytes.": _ratio(
                books=lambda sizes, k: 32 * k * len(sizes)
            ),
            "This is the mean of the layers' ratios: divide all bytes before by all "
            "bytes after.": lambda sizes, k: float(
                np.mean([_ratio()([n], k) for n in sizes])
            ),
            "The fraction is upside down: bytes before over bytes "
            "after.": lambda sizes, k: 1 / _ratio()(sizes, k),
            "Each index takes a whole byte here: it has only as many bits as tell k "
            "centers apart, packed.": _ratio(lambda n, k: n),
            "Bits of a layer that do not fill its last byte still take it: round the "
            "bytes up.": [
                _ratio(lambda n, k: n * _index_bits(k) / 8),
                _ratio(lambda n, k: n * _index_bits(k) // 8),
            ],
            "An index has a whole number of bits: 5 centers need 3.": _ratio(
                lambda n, k: n * np.log2(k) / 8
            ),
        }
    ),
    praise="right: what the reader must store, counts.",
)

EXERCISES: dict[str, Exercise] = {
    "catches_wrap": catches_wrap,
    "levels_lost": levels_lost,
    "grid_levels": grid_levels,
    "catches_offset": catches_offset,
    "catches_clamp": catches_clamp,
    "wasted_bits": wasted_bits,
    "catches_search": catches_search,
    "is_blind": is_blind,
    "worst_share": worst_share,
    "reported": reported,
    "watch_and_round": watch_and_round,
    "loss_from_logits": loss_from_logits,
    "input_codes": input_codes,
    "true_ratio": true_ratio,
}

progress = progress_over(EXERCISES)
