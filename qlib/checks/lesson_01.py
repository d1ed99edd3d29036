"""The exercises of lesson 01: what is right, and the mistakes that people make."""

import numpy as np

from qlib.checks.exercise import Exercise, Mistake, mistakes_of, progress_over

_RNG = np.random.default_rng(1)


def _step_size(low, high, bits):
    return (high - low) / (2**bits - 1)


step_size = Exercise(
    "Exercise 1",
    _step_size,
    [
        (-1.0, 2.5, 3),
        (-10.0, 10.0, 8),
        (0.0, 1.0, 8),
        (-3.0, 5.0, 4),
        (0.0, 6.0, 16),
        (1.0, 2.0, 3),
    ],
    [
        Mistake(
            lambda low, high, bits: (high - low) / 2**bits,
            "This divides by the number of levels: a grid of 256 levels has 255 steps.",
        ),
        Mistake(
            lambda low, high, bits: high / (2**bits - 1),
            "This spreads the codes over 0 to high: the range begins at low.",
        ),
        Mistake(
            lambda low, high, bits: max(abs(low), abs(high)) / (2 ** (bits - 1) - 1),
            "This is the symmetric step, which comes later: here the codes spread over "
            "low to high.",
        ),
        Mistake(
            lambda low, high, bits: (2**bits - 1) / (high - low),
            "This is steps per unit, upside down: the scale is units per step.",
        ),
        Mistake(
            lambda low, high, bits: (high - low) / (bits - 1),
            "This takes the bits for the levels: 3 bits make 2**3 levels.",
        ),
        Mistake(
            lambda low, high, bits: (high - low) / bits,
            "This divides by the bits: 3 bits make 2**3 levels, and one step fewer.",
        ),
        Mistake(
            lambda low, high, bits: (high - low) / 7,
            "This is right for 3 bits alone: the steps are 2**bits - 1, not always 7.",
        ),
        Mistake(
            lambda low, high, bits: (high - low) / 255,
            "This is right for 8 bits alone: the steps are 2**bits - 1, not 255.",
        ),
        Mistake(
            lambda low, high, bits: (high - low) / 2**bits - 1,
            "The 1 is taken off the quotient: brackets around 2**bits - 1 are missing.",
        ),
        Mistake(
            lambda low, high, bits: high - low / (2**bits - 1),
            "Only low is divided: brackets around high - low are missing.",
        ),
        *mistakes_of(
            {
                "This widens the range to 0, which comes in section 2: here the codes "
                "spread over low to high.": lambda low, high, bits: (
                    (max(high, 0.0) - min(low, 0.0)) / (2**bits - 1)
                ),
                "This takes half of the codes, those on one side of 0: over low to "
                "high spread all 2**bits.": [
                    lambda low, high, bits: (high - low) / 2 ** (bits - 1),
                    lambda low, high, bits: (high - low) / (2 ** (bits - 1) - 1),
                ],
                "`//` cuts the quotient off to a whole number: write `/`.": [
                    lambda low, high, bits: (high - low) // (2**bits - 1),
                    lambda low, high, bits: (high - low) // 2**bits,
                ],
                "A step is positive: it is high - low, not low - high.": [
                    lambda low, high, bits: (low - high) / (2**bits - 1),
                    lambda low, high, bits: (low - high) / 2**bits,
                ],
            }
        ),
    ],
    praise="right: one step fewer than levels.",
)

widen = Exercise(
    "Exercise 2",
    lambda low, high: (min(low, 0.0), max(high, 0.0)),
    [(36.0, 40.0), (-3.0, -1.0), (-1.0, 2.5), (0.0, 6.0), (-2.0, 0.0), (7.0, 7.0)],
    [
        Mistake(
            lambda low, high: (low, high),
            "This leaves the range as it is: one that lies beside 0 must grow to it.",
        ),
        Mistake(
            lambda low, high: (min(low, 0.0), high),
            "A range that ends below 0 must be widened upwards too.",
        ),
        Mistake(
            lambda low, high: (low, max(high, 0.0)),
            "A range that begins above 0 must be widened downwards too.",
        ),
        Mistake(
            lambda low, high: (0.0, high),
            "This throws the negative side away: low may stay below 0.",
        ),
        Mistake(
            lambda low, high: (-max(abs(low), abs(high)), max(abs(low), abs(high))),
            "This makes the range symmetric: it holds 0, but is wider than it must be.",
        ),
        Mistake(
            lambda low, high: (0.0, high - low),
            "This moves the range instead of widening it: the data no longer fit in.",
        ),
        *mistakes_of(
            {
                "The min and the max are swapped: low may only go down, so it is the "
                "min of itself and 0.": lambda low, high: (max(low, 0.0), min(high, 0)),
                "The ends are in the wrong order: low comes first.": lambda low, high: (
                    max(high, 0.0),
                    min(low, 0.0),
                ),
            }
        ),
    ],
    praise="right, and the smallest such range.",
)


def _symmetric_scale(x, bits):
    return float(np.abs(x).max() / (2 ** (bits - 1) - 1))


symmetric_scale = Exercise(
    "Exercise 3",
    _symmetric_scale,
    [
        (np.array([-0.9, 0.2, 0.5]), 8),
        (np.array([[0.25, -0.5], [1.0, 0.75]]), 4),
        (_RNG.normal(0, 1, 100), 8),
        (np.array([-3.0, 2.0]), 3),
        (np.array([-1.0, -2.0, -7.0]), 2),
    ],
    [
        Mistake(
            lambda x, bits: np.max(x) / (2 ** (bits - 1) - 1),
            "This takes the largest value, not the largest magnitude: -0.9 reaches "
            "further than 0.5.",
        ),
        Mistake(
            lambda x, bits: np.abs(x).max() / 2 ** (bits - 1),
            "This divides by 128 where the highest code is 127, so +max has no code.",
        ),
        Mistake(
            lambda x, bits: np.abs(x).max() / (2**bits - 1),
            "This gives one side all the steps: half of the codes are for the other.",
        ),
        Mistake(
            lambda x, bits: np.abs(x).max() / 127,
            "This is right for 8 bits alone: the highest code is 2**(bits - 1) - 1.",
        ),
        Mistake(
            lambda x, bits: abs(np.max(x)) / (2 ** (bits - 1) - 1),
            "This takes the magnitude of the largest value: the largest of the "
            "magnitudes is needed.",
        ),
        Mistake(
            lambda x, bits: (np.max(x) - np.min(x)) / (2**bits - 1),
            "This is the affine step: symmetric codes reach equally far on both sides.",
        ),
        Mistake(
            lambda x, bits: (2 ** (bits - 1) - 1) / np.abs(x).max(),
            "This is steps per unit, upside down: the scale is units per step.",
        ),
        *mistakes_of(
            {
                "This uses all 2**bits codes: the lowest has no partner, so 0 would "
                "not be in the middle.": lambda x, bits: (
                    2 * np.abs(x).max() / (2**bits - 1)
                ),
                "The 1 is taken off the quotient: brackets around 2**(bits - 1) - 1 "
                "are missing.": lambda x, bits: np.abs(x).max() / 2 ** (bits - 1) - 1,
                "This takes the magnitude of the smallest value: a positive one may "
                "reach further.": [
                    lambda x, bits: abs(np.min(x)) / (2 ** (bits - 1) - 1),
                    lambda x, bits: -np.min(x) / (2 ** (bits - 1) - 1),
                ],
            }
        ),
    ],
    praise="right: the largest magnitude lands on the highest code.",
)


def _codes(x, scale, zero_point):
    return np.clip(np.round(x / scale) + zero_point, -128, 127).astype(np.int8)


_SPREAD = np.concatenate([[-300.0, -4.5, -0.5, 0.0, 0.5, 1.5, 2.5, 130.0, 300.0]])

quantize_int8 = Exercise(
    "Exercise 4",
    _codes,
    [
        (np.array([-1.0, 0.0, 0.3, 2.4, 9.0]), 0.5, -2),
        (_SPREAD, 1.0, 0),
        (_SPREAD * 0.25, 0.25, 11),
        (_RNG.normal(0, 1, 50), 0.02, -28),
        (_RNG.normal(0, 40, (4, 5)), 0.7, 4),
    ],
    [
        Mistake(
            lambda x, s, z: (np.round(x / s) + z).astype(np.int64).astype(np.int8),
            "Large values wrap around: this casts to int8 before it clips, or never "
            "clips.",
        ),
        Mistake(
            lambda x, s, z: np.clip(np.round(x / s), -128, 127).astype(np.int8),
            "The zero point is missing.",
        ),
        Mistake(
            lambda x, s, z: np.clip(np.round(x / s) - z, -128, 127).astype(np.int8),
            "The zero point is added on the way to the code, and taken off on the way "
            "back: this has the wrong sign.",
        ),
        Mistake(
            lambda x, s, z: np.clip(x / s + z, -128, 127).astype(np.int8),
            "This does not round: the cast to int8 cuts the fraction off.",
        ),
        Mistake(
            lambda x, s, z: np.clip(np.round(x / s + z), -128, 127).astype(np.int8),
            "This rounds after it adds the zero point: an odd one turns the ties "
            "around. Round first.",
        ),
        Mistake(
            lambda x, s, z: np.clip(np.floor(x / s) + z, -128, 127).astype(np.int8),
            "This rounds down: floor pulls every value one way.",
        ),
        Mistake(
            lambda x, s, z: np.clip(np.floor(x / s + 0.5) + z, -128, 127).astype(
                np.int8
            ),
            "Ties go up here: np.round takes them to the even neighbour.",
        ),
        Mistake(
            lambda x, s, z: np.clip(
                np.trunc(x / s + np.copysign(0.5, x)) + z, -128, 127
            ).astype(np.int8),
            "Ties go away from 0 here: np.round takes them to the even neighbour.",
        ),
        Mistake(
            lambda x, s, z: (
                (np.round(np.clip(x, -128, 127) / s) + z)
                .astype(np.int64)
                .astype(np.int8)
            ),
            "This clips x before it is scaled: -128 and 127 bound the codes, not the "
            "real values.",
        ),
        Mistake(
            lambda x, s, z: (
                (np.clip(np.round(x / s), -128, 127) + z)
                .astype(np.int64)
                .astype(np.int8)
            ),
            "This clips before it adds the zero point, so the sum can leave int8.",
        ),
        Mistake(
            lambda x, s, z: np.clip(np.round(x / s) + z, -127, 127).astype(np.int8),
            "The code -128 is left out: that is the narrow range; int8 has 256 codes.",
        ),
        Mistake(
            lambda x, s, z: np.clip(np.round(x / s) + z, 0, 255).astype(np.uint8),
            "These are uint8 codes, 0 to 255: int8 runs from -128 to 127.",
        ),
        Mistake(
            lambda x, s, z: np.clip(np.round(x * s) + z, -128, 127).astype(np.int8),
            "This multiplies by the scale: units per step divide.",
        ),
        *mistakes_of(
            {
                "This cuts the fraction off, towards 0, as astype(int) does: use "
                "np.round.": lambda x, s, z: np.clip(
                    np.trunc(x / s) + z, -128, 127
                ).astype(np.int8),
                "The zero point is a code, and x a real value: divide by the scale, "
                "then add it.": [
                    lambda x, s, z: np.clip(np.round((x - z) / s), -128, 127).astype(
                        np.int8
                    ),
                    lambda x, s, z: np.clip(np.round((x + z) / s), -128, 127).astype(
                        np.int8
                    ),
                ],
                "0 to 255 are the codes of uint8: those of int8 run from -128 to "
                "127.": lambda x, s, z: (
                    np.clip(np.round(x / s) + z, 0, 255)
                    .astype(np.int64)
                    .astype(np.int8)
                ),
                "There is no 128 in int8, it wraps: clip at 127.": lambda x, s, z: (
                    np.clip(np.round(x / s) + z, -128, 128)
                    .astype(np.int64)
                    .astype(np.int8)
                ),
            }
        ),
    ],
    praise="right: divide, round, shift, clip, and only then cast.",
)


def _channel_scales(w, bits):
    reach = np.abs(w).max(axis=0)
    return np.where(reach > 0, reach, 2 ** (bits - 1) - 1) / (2 ** (bits - 1) - 1)


def _bare_scales(w, bits):
    """Return the scales before that of an all-zero channel is set to 1."""
    return np.abs(w).max(axis=0) / (2 ** (bits - 1) - 1)


def _ones_where(condition, scales):
    return np.where(condition, 1.0, scales)


def _tiny(least):
    """Return the mistakes that keep a scale from 0 by a tiny number."""
    return [
        lambda w, bits: np.maximum(_bare_scales(w, bits), least),
        lambda w, bits: _bare_scales(w, bits) + least,
        lambda w, bits: (
            np.maximum(np.abs(w).max(axis=0), least) / (2 ** (bits - 1) - 1)
        ),
    ]


_WEIGHTS = np.array([[0.9, -0.02, 0.0], [-0.5, 0.01, 0.0]])

per_channel_scales = Exercise(
    "Exercise 5",
    _channel_scales,
    [
        (_WEIGHTS, 4),
        (_RNG.normal(0, 1, (5, 3)), 8),
        (np.array([[0.0, -3.0], [0.0, 1.0]]), 8),
        (_RNG.normal(0, 1, (4, 4)), 2),
        (np.array([[0.0, 1.0, 0.25], [0.5, -1.0, 0.0]]), 3),
    ],
    [
        Mistake(
            lambda w, bits: np.abs(w).max(axis=0) / (2 ** (bits - 1) - 1),
            "An all-zero channel gets scale 0 and dividing by it makes NaN: give it 1.",
        ),
        Mistake(
            lambda w, bits: (
                np.where(np.any(w, axis=1), np.abs(w).max(axis=1), 1)
                / (2 ** (bits - 1) - 1)
            ),
            "This makes one scale for each input (row): channels are the outputs, the "
            "columns. NumPy's axis is the one that disappears.",
        ),
        Mistake(
            lambda w, bits: np.abs(w).max(axis=1) / (2 ** (bits - 1) - 1),
            "This makes one scale for each input (row): channels are the outputs, the "
            "columns. NumPy's axis is the one that disappears.",
        ),
        Mistake(
            lambda w, bits: (
                np.where(np.any(w, axis=0), np.abs(w).max(axis=0), 1)
                / (2 ** (bits - 1) - 1)
            ),
            "The scale of an all-zero channel is to be 1, not its reach.",
        ),
        Mistake(
            lambda w, bits: np.where(
                np.any(w, axis=0), np.abs(w).max(axis=0) / 127, 1.0
            ),
            "This is right for 8 bits alone: the highest code is 2**(bits - 1) - 1.",
        ),
        Mistake(
            lambda w, bits: np.abs(w).max() / (2 ** (bits - 1) - 1),
            "This makes one scale for the whole tensor: one for each column is asked.",
        ),
        *mistakes_of(
            {
                "This takes the largest value, not the largest magnitude, of each "
                "channel.": [
                    lambda w, bits: (
                        np.where(np.any(w, axis=0), w.max(axis=0), 1)
                        / (2 ** (bits - 1) - 1)
                    ),
                    lambda w, bits: (
                        np.where(w.max(axis=0) == 0, 2 ** (bits - 1) - 1, w.max(axis=0))
                        / (2 ** (bits - 1) - 1)
                    ),
                    lambda w, bits: w.max(axis=0) / (2 ** (bits - 1) - 1),
                ],
                "This is the affine step of each channel: symmetric codes reach "
                "equally far on both sides.": [
                    lambda w, bits: np.ptp(w, axis=0) / (2**bits - 1),
                    lambda w, bits: _ones_where(
                        ~np.any(w, axis=0), np.ptp(w, axis=0) / (2**bits - 1)
                    ),
                ],
                "The two choices of np.where are swapped: np.where(condition, a, b) "
                "takes a where the condition holds.": lambda w, bits: np.where(
                    np.any(w, axis=0), 1.0, 0.0
                ),
                "This looks for zeros in one row alone: a channel is all zero if each "
                "of its weights is.": [
                    lambda w, bits: _ones_where(w[0] == 0, _bare_scales(w, bits)),
                    lambda w, bits: _ones_where(w[-1] == 0, _bare_scales(w, bits)),
                ],
                "One zero makes no all-zero channel: every one of its weights must be "
                "0.": lambda w, bits: _ones_where(
                    (w == 0).any(axis=0), _bare_scales(w, bits)
                ),
                "Weights that cancel have the sum 0 too: an all-zero channel is one "
                "whose largest magnitude is 0.": lambda w, bits: _ones_where(
                    np.abs(w.sum(axis=0)) < 1e-12, _bare_scales(w, bits)
                ),
                "This replaces weights that are 0, also those of a live channel: "
                "replace the scales that are 0.": [
                    lambda w, bits: _bare_scales(np.where(w == 0, 1.0, w), bits),
                ],
            }
        ),
        Mistake(
            lambda w, bits: np.where(
                np.any(w, axis=0), np.abs(w).max(axis=0) / 2 ** (bits - 1), 1.0
            ),
            "This divides by 2**(bits-1), one more than the highest code.",
        ),
        *mistakes_of(
            {
                "An all-zero channel gets a tiny scale here: give it exactly 1.": [
                    made for k in (3, 5, 6, 7, 8, 9, 10) for made in _tiny(10.0**-k)
                ]
            }
        ),
    ],
    praise="right, the all-zero channel too.",
)


def _pack_int4(q):
    low, high = q[0::2] & 15, q[1::2] & 15
    return (low | (high << 4)).astype(np.uint8)


def _halves(q):
    n = len(q) // 2
    return ((q[:n] & 15) | ((q[n:] & 15) << 4)).astype(np.uint8)


def _in_wide_integers(join):
    """Return an expression of both codes as an answer, with and without a cast."""
    made = lambda q: join(q[0::2].astype(np.int64), q[1::2].astype(np.int64))  # noqa: E731
    return [
        lambda q: made(q).astype(np.uint8),
        lambda q: made(q).astype(np.int8),
        lambda q: made(q).astype(np.int16),
        made,
    ]


pack_int4 = Exercise(
    "Exercise 6",
    _pack_int4,
    [
        (np.array([3, -2], np.int8),),
        (np.array([1, 2, 3, 4], np.int8),),
        (np.array([-1, 5, -8, 7, 0, -3], np.int8),),
        (np.arange(-8, 8, dtype=np.int8),),
    ],
    [
        Mistake(
            lambda q: ((q[1::2] & 15) | ((q[0::2] & 15) << 4)).astype(np.uint8),
            "The first code sits in the high half here: it goes in the low one.",
        ),
        Mistake(
            lambda q: (q[0::2].astype(int) + 16 * q[1::2].astype(int)).astype(np.uint8),
            "A negative code borrows from its neighbour: keep its four bits with & 15.",
        ),
        Mistake(
            lambda q: (q[0::2] | (q[1::2] << 4)).astype(np.uint8),
            "A negative first code fills the high half with ones: keep its four bits "
            "with & 15.",
        ),
        Mistake(
            lambda q: (q & 15).astype(np.uint8),
            "This still takes a byte for each code: two belong into one.",
        ),
        Mistake(
            _halves,
            "This pairs the first half with the second: neighbours share a byte.",
        ),
        Mistake(
            lambda q: ((q[0::2] + 8) | ((q[1::2] + 8) << 4)).astype(np.uint8),
            "This shifts the codes by 8 first: two's complement keeps the low bits.",
        ),
        *mistakes_of(
            {
                "-29 and 227 are the same eight bits: cast to uint8.": lambda q: (
                    _pack_int4(q).astype(np.int8)
                ),
                "Brackets are missing: `+` is done before `<<`, and `<<` before `&` "
                "and `|`.": [
                    made
                    for add in (
                        lambda a, b: a & 15 + (b & 15) << 4,
                        lambda a, b: (a & 15) + (b & 15) << 4,
                        lambda a, b: a & 15 + b & 15 << 4,
                        lambda a, b: a & 15 | b & 15 << 4,
                    )
                    for made in _in_wide_integers(add)
                ],
            }
        ),
    ],
    praise="right: half the bytes.",
)


def _integer_dense(q_x, zero_point, q_w, q_bias):
    return (q_x.astype(np.int32) - zero_point) @ q_w.astype(np.int32) + q_bias


def _dense_case(n, inputs, outputs, zero_point):
    return (
        _RNG.integers(-128, 128, (n, inputs)).astype(np.int8),
        zero_point,
        _RNG.integers(-127, 128, (inputs, outputs)).astype(np.int8),
        _RNG.integers(-2000, 2000, outputs).astype(np.int32),
    )


_SMALL = (
    np.array([[100, -128]], np.int8),
    -128,
    np.array([[2], [5]], np.int8),
    np.array([7], np.int32),
)

_LARGE = (  # small enough to read, and its sum leaves int16
    np.array([[127, 127]], np.int8),
    -128,
    np.array([[127], [127]], np.int8),
    np.array([7], np.int32),
)

integer_dense = Exercise(
    "Exercise 7",
    _integer_dense,
    [_SMALL, _LARGE, _dense_case(3, 16, 4, -128), _dense_case(2, 50, 3, 5)],
    [
        Mistake(
            lambda q_x, z, q_w, q_bias: (
                q_x.astype(np.int32) @ q_w.astype(np.int32) + q_bias
            ),
            "The zero point is missing: q_x counts from it, not from 0.",
        ),
        Mistake(
            lambda q_x, z, q_w, q_bias: (
                (q_x.astype(np.int32) + z) @ q_w.astype(np.int32) + q_bias
            ),
            "The zero point is taken off, not added: x is near q_x - zero_point.",
        ),
        Mistake(
            lambda q_x, z, q_w, q_bias: (
                (q_x.astype(np.int32) - z) @ q_w.astype(np.int32)
            ),
            "The bias is missing.",
        ),
        Mistake(
            lambda q_x, z, q_w, q_bias: (q_x @ q_w).astype(np.int32) + q_bias,
            "NumPy keeps int8 times int8 in int8, which wraps: cast to int32 first "
            "(and take the zero point off).",
        ),
        Mistake(
            lambda q_x, z, q_w, q_bias: (
                (q_x - np.int8(z)).astype(np.int32) @ q_w.astype(np.int32) + q_bias
            ),
            "The difference q_x - zero_point needs nine bits: cast to int32 before you "
            "subtract.",
        ),
        Mistake(
            lambda q_x, z, q_w, q_bias: (
                ((q_x - np.int8(z)) @ q_w).astype(np.int32) + q_bias
            ),
            "All of this is int8 until the end, and wraps twice: cast both to int32 "
            "first.",
        ),
        *mistakes_of(
            {
                "The numbers are right, but not their type: cast the result to int32 "
                "once more, for NumPy's sums make int64.": lambda *given: (
                    _integer_dense(*given).astype(np.int64)
                ),
                "An int16 holds each product, but not their sum: cast to int32.": [
                    lambda q_x, z, q_w, q_bias: (
                        (q_x.astype(np.int16) - np.int16(z)) @ q_w.astype(np.int16)
                        + q_bias
                    ),
                    lambda q_x, z, q_w, q_bias: (
                        (_integer_dense(q_x, z, q_w, q_bias))
                        .astype(np.int16)
                        .astype(np.int32)
                    ),
                ],
            }
        ),
    ],
    praise="right: these are the numbers an int8 chip adds up.",
)

EXERCISES: dict[str, Exercise] = {
    "step_size": step_size,
    "widen": widen,
    "symmetric_scale": symmetric_scale,
    "quantize_int8": quantize_int8,
    "per_channel_scales": per_channel_scales,
    "pack_int4": pack_int4,
    "integer_dense": integer_dense,
}

progress = progress_over(EXERCISES)
