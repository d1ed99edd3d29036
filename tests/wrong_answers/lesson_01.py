"""Answers that people give to the exercises of lesson 01.

WRONG and RIGHT: {exercise: [functions]}. The docstring of a wrong answer is a part of
the sentence that its check must answer with.
"""

import numpy as np

from tests.wrong_answers import catalogue

WRONG, RIGHT, wrong, right = catalogue()


# --- step_size


@wrong
def step_size__levels(low, high, bits):
    """a grid of 256 levels has 255 steps"""
    return (high - low) / 2**bits


@wrong
def step_size__from_zero(low, high, bits):
    """the range begins at low"""
    return high / (2**bits - 1)


@wrong
def step_size__inverse(low, high, bits):
    """upside down"""
    return (2**bits - 1) / (high - low)


@wrong
def step_size__bits_as_levels(low, high, bits):
    """takes the bits for the levels"""
    return (high - low) / (bits - 1)


@wrong
def step_size__symmetric(low, high, bits):
    """symmetric step"""
    return max(abs(low), abs(high)) / (2 ** (bits - 1) - 1)


@wrong
def step_size__sum(low, high, bits):
    """expected was 0.5"""
    return (high + low) / (2**bits - 1)


@wrong
def step_size__always_7(low, high, bits):
    """not always 7"""
    return (high - low) / 7


@wrong
def step_size__brackets(low, high, bits):
    """brackets around 2**bits - 1 are missing"""
    return (high - low) / 2**bits - 1


@wrong
def step_size__widened(low, high, bits):
    """This widens the range to 0"""
    return (max(high, 0) - min(low, 0)) / (2**bits - 1)


@wrong
def step_size__one_side(low, high, bits):
    """This takes half of the codes"""
    return (high - low) / 2 ** (bits - 1)


@wrong
def step_size__whole(low, high, bits):
    """`//` cuts the quotient off"""
    return (high - low) // (2**bits - 1)


@wrong
def step_size__negative(low, high, bits):
    """A step is positive"""
    return (low - high) / (2**bits - 1)


@wrong
def step_size__xor(low, high, bits):
    """In Python `^` is not a power"""
    return (high - low) / ((2 ^ bits) + 6)


@wrong
def step_size__xor_makes_zero(low, high, bits):
    """division by zero (In Python `^` is not a power: write `**`.)"""
    return (high - low) / (2 ^ bits - 1)


@wrong
def step_size__no_return(low, high, bits):
    """is a `return` missing"""
    low = (high - low) / (2**bits - 1)


@right
def step_size__formula(low, high, bits):
    return (high - low) / (2**bits - 1)


@right
def step_size__linspace(low, high, bits):
    levels = np.linspace(low, high, 2**bits)
    return levels[1] - levels[0]


# --- widen


@wrong
def widen__not_at_all(low, high):
    """leaves the range as it is"""
    return low, high


@wrong
def widen__only_down(low, high):
    """widened upwards too"""
    return min(low, 0.0), high


@wrong
def widen__only_up(low, high):
    """widened downwards too"""
    return low, max(high, 0.0)


@wrong
def widen__from_zero(low, high):
    """throws the negative side away"""
    return 0.0, high


@wrong
def widen__symmetric(low, high):
    """wider than it must be"""
    reach = max(abs(low), abs(high))
    return -reach, reach


@wrong
def widen__moved(low, high):
    """moves the range instead of widening it"""
    return 0, high - low


@wrong
def widen__one_value(low, high):
    """a tuple of 2 values is expected"""
    return min(low, 0.0)


@wrong
def widen__swapped(low, high):
    """The min and the max are swapped"""
    return max(low, 0), min(high, 0)


@wrong
def widen__high_first(low, high):
    """The ends are in the wrong order"""
    return max(high, 0), min(low, 0)


@right
def widen__min_max(low, high):
    return min(low, 0.0), max(high, 0.0)


@right
def widen__cases(low, high):
    if low > 0:
        return [0.0, high]
    if high < 0:
        return [low, 0.0]
    return [low, high]


# --- symmetric_scale


@wrong
def symmetric_scale__no_abs(x, bits):
    """not the largest magnitude"""
    return np.max(x) / (2 ** (bits - 1) - 1)


@wrong
def symmetric_scale__128(x, bits):
    """the highest code is 127"""
    return np.abs(x).max() / 2 ** (bits - 1)


@wrong
def symmetric_scale__255(x, bits):
    """half of the codes are for the other"""
    return np.abs(x).max() / (2**bits - 1)


@wrong
def symmetric_scale__affine(x, bits):
    """the affine step"""
    return (x.max() - x.min()) / (2**bits - 1)


@wrong
def symmetric_scale__inverse(x, bits):
    """upside down"""
    return (2 ** (bits - 1) - 1) / np.abs(x).max()


@wrong
def symmetric_scale__always_127(x, bits):
    """right for 8 bits alone"""
    return np.abs(x).max() / 127


@wrong
def symmetric_scale__late_abs(x, bits):
    """largest of the magnitudes is needed"""
    return abs(x.max()) / (2 ** (bits - 1) - 1)


@wrong
def symmetric_scale__per_row(x, bits):
    """one number is expected, not an array"""
    return np.abs(np.atleast_2d(x)).max(axis=1) / (2 ** (bits - 1) - 1)


@wrong
def symmetric_scale__all_codes(x, bits):
    """This uses all 2**bits codes"""
    return 2 * np.abs(x).max() / (2**bits - 1)


@wrong
def symmetric_scale__brackets(x, bits):
    """brackets around 2**(bits - 1) - 1 are missing"""
    return np.abs(x).max() / 2 ** (bits - 1) - 1


@wrong
def symmetric_scale__smallest(x, bits):
    """This takes the magnitude of the smallest value"""
    return abs(x.min()) / (2 ** (bits - 1) - 1)


@wrong
def symmetric_scale__max_of_rows(x, bits):
    """use np.max, np.sum"""
    return max(abs(x)) / (2 ** (bits - 1) - 1)


@right
def symmetric_scale__numpy(x, bits):
    return np.abs(x).max() / (2 ** (bits - 1) - 1)


@right
def symmetric_scale__loop(x, bits):
    reach = 0.0
    for value in x.ravel():
        reach = max(reach, abs(float(value)))
    return reach / ((1 << (bits - 1)) - 1)


# --- quantize_int8


def rounded(x, scale, zero_point):
    return np.round(x / scale) + zero_point


@wrong
def quantize_int8__wraps(x, scale, zero_point):
    """casts to int8 before it clips"""
    return rounded(x, scale, zero_point).astype(np.int64).astype(np.int8)


@wrong
def quantize_int8__cuts(x, scale, zero_point):
    """does not round"""
    return np.clip(x / scale + zero_point, -128, 127).astype(np.int8)


@wrong
def quantize_int8__no_zero_point(x, scale, zero_point):
    """zero point is missing"""
    return np.clip(np.round(x / scale), -128, 127).astype(np.int8)


@wrong
def quantize_int8__minus(x, scale, zero_point):
    """wrong sign"""
    return np.clip(rounded(x, scale, -zero_point), -128, 127).astype(np.int8)


@wrong
def quantize_int8__uint8(x, scale, zero_point):
    """int8 runs from -128 to 127"""
    return np.clip(rounded(x, scale, zero_point), 0, 255).astype(np.uint8)


@wrong
def quantize_int8__rounds_late(x, scale, zero_point):
    """Round first"""
    return np.clip(np.round(x / scale + zero_point), -128, 127).astype(np.int8)


@wrong
def quantize_int8__narrow(x, scale, zero_point):
    """The code -128 is left out"""
    return np.clip(rounded(x, scale, zero_point), -127, 127).astype(np.int8)


@wrong
def quantize_int8__times(x, scale, zero_point):
    """multiplies by the scale"""
    return np.clip(np.round(x * scale) + zero_point, -128, 127).astype(np.int8)


@wrong
def quantize_int8__half_up(x, scale, zero_point):
    """Ties go up"""
    q = np.floor(x / scale + 0.5) + zero_point
    return np.clip(q, -128, 127).astype(np.int8)


@wrong
def quantize_int8__floor(x, scale, zero_point):
    """floor pulls every value one way"""
    return np.clip(x // scale + zero_point, -128, 127).astype(np.int8)


@wrong
def quantize_int8__clips_real_values(x, scale, zero_point):
    """bound the codes, not the real values"""
    q = rounded(np.clip(x, -128, 127), scale, zero_point)
    return q.astype(np.int64).astype(np.int8)


@wrong
def quantize_int8__floats(x, scale, zero_point):
    """int8 is expected"""
    return np.clip(rounded(x, scale, zero_point), -128, 127)


@wrong
def quantize_int8__in_place(x, scale, zero_point):
    """changes its argument"""
    x /= scale
    return np.clip(np.round(x) + zero_point, -128, 127).astype(np.int8)


@wrong
def quantize_int8__cast_to_int(x, scale, zero_point):
    """as astype(int) does"""
    q = (x / scale).astype(int) + zero_point
    return np.clip(q, -128, 127).astype(np.int8)


@wrong
def quantize_int8__way_back(x, scale, zero_point):
    """The zero point is a code, and x a real value"""
    q = np.round((x - zero_point) / scale)
    return np.clip(q, -128, 127).astype(np.int8)


@wrong
def quantize_int8__clips_as_uint8(x, scale, zero_point):
    """0 to 255 are the codes of uint8"""
    q = np.clip(rounded(x, scale, zero_point), 0, 255)
    return q.astype(int).astype(np.int8)


@wrong
def quantize_int8__to_128(x, scale, zero_point):
    """There is no 128 in int8"""
    q = np.clip(rounded(x, scale, zero_point), -128, 128)
    return q.astype(int).astype(np.int8)


@wrong
def quantize_int8__round(x, scale, zero_point):
    """np.round for arrays"""
    return np.clip(round(x / scale) + zero_point, -128, 127).astype(np.int8)


@right
def quantize_int8__vectorised(x, scale, zero_point):
    return np.clip(rounded(x, scale, zero_point), -128, 127).astype(np.int8)


@right
def quantize_int8__loop(x, scale, zero_point):
    codes = [min(127, max(-128, round(v / scale) + zero_point)) for v in x.ravel()]
    return np.array(codes, dtype=np.int8).reshape(x.shape)


# --- per_channel_scales


@wrong
def per_channel_scales__zero(w, bits):
    """gets scale 0"""
    return np.abs(w).max(axis=0) / (2 ** (bits - 1) - 1)


@wrong
def per_channel_scales__rows(w, bits):
    """channels are the outputs, the columns. NumPy's axis is the one"""
    return np.abs(w).max(axis=1) / (2 ** (bits - 1) - 1)


@wrong
def per_channel_scales__one(w, bits):
    """one scale for the whole tensor"""
    return np.abs(w).max() / (2 ** (bits - 1) - 1)


@wrong
def per_channel_scales__reach_one(w, bits):
    """not its reach"""
    reach = np.abs(w).max(axis=0)
    reach[reach == 0] = 1
    return reach / (2 ** (bits - 1) - 1)


@wrong
def per_channel_scales__no_abs(w, bits):
    """not the largest magnitude"""
    reach = w.max(axis=0)
    return np.where(w.any(axis=0), reach, 1.0) / (2 ** (bits - 1) - 1)


@wrong
def per_channel_scales__128(w, bits):
    """one more than the highest code"""
    reach = np.abs(w).max(axis=0)
    return np.where(reach > 0, reach / 2 ** (bits - 1), 1.0)


@wrong
def per_channel_scales__tiny(w, bits):
    """give it exactly 1"""
    return np.maximum(np.abs(w).max(axis=0) / (2 ** (bits - 1) - 1), 1e-8)


def bare(w, bits):
    return np.abs(w).max(axis=0) / (2 ** (bits - 1) - 1)


@wrong
def per_channel_scales__plain_max(w, bits):
    """not the largest magnitude, of each"""
    scales = w.max(axis=0) / (2 ** (bits - 1) - 1)
    return np.where(scales == 0, 1, scales)


@wrong
def per_channel_scales__affine(w, bits):
    """This is the affine step of each channel"""
    scales = (w.max(axis=0) - w.min(axis=0)) / (2**bits - 1)
    return np.where(scales == 0, 1, scales)


@wrong
def per_channel_scales__where_swapped(w, bits):
    """The two choices of np.where are swapped"""
    scales = bare(w, bits)
    return np.where(scales == 0, scales, 1)


@wrong
def per_channel_scales__first_row(w, bits):
    """This looks for zeros in one row alone"""
    return np.where(w[0] == 0, 1, bare(w, bits))


@wrong
def per_channel_scales__any_zero(w, bits):
    """One zero makes no all-zero channel"""
    return np.where(np.any(w == 0, axis=0), 1, bare(w, bits))


@wrong
def per_channel_scales__sum(w, bits):
    """Weights that cancel have the sum 0 too"""
    return np.where(w.sum(axis=0) == 0, 1, bare(w, bits))


@wrong
def per_channel_scales__single_weights(w, bits):
    """This replaces weights that are 0"""
    return bare(np.where(w == 0, 1, w), bits)


@wrong
def per_channel_scales__plus_tiny(w, bits):
    """gets a tiny scale here"""
    return bare(w, bits) + 1e-6


@wrong
def per_channel_scales__if(w, bits):
    """did you mean np.where or np.all"""
    scales = bare(w, bits)
    return 1.0 if scales == 0 else scales


@right
def per_channel_scales__where(w, bits):
    scales = np.abs(w).max(axis=0) / (2 ** (bits - 1) - 1)
    return np.where(scales == 0, 1.0, scales)


@right
def per_channel_scales__loop(w, bits):
    scales = []
    for column in w.T:
        reach = max(abs(v) for v in column)
        scales.append(reach / (2 ** (bits - 1) - 1) if reach else 1.0)
    return scales


# --- pack_int4


@wrong
def pack_int4__big_end(q):
    """goes in the low one"""
    return ((q[1::2] & 15) | ((q[0::2] & 15) << 4)).astype(np.uint8)


@wrong
def pack_int4__unmasked_sum(q):
    """borrows from its neighbour"""
    return (q[0::2].astype(int) + 16 * q[1::2].astype(int)).astype(np.uint8)


@wrong
def pack_int4__unmasked_or(q):
    """fills the high half with ones"""
    return (q[0::2] | (q[1::2] << 4)).astype(np.uint8)


@wrong
def pack_int4__a_byte_each(q):
    """a byte for each code"""
    return (q & 15).astype(np.uint8)


@wrong
def pack_int4__halves(q):
    """neighbours share a byte"""
    n = len(q) // 2
    return ((q[:n] & 15) | ((q[n:] & 15) << 4)).astype(np.uint8)


@wrong
def pack_int4__offset(q):
    """shifts the codes by 8"""
    return ((q[0::2] + 8) | ((q[1::2] + 8) << 4)).astype(np.uint8)


@wrong
def pack_int4__signed_bytes(q):
    """-29 and 227 are the same eight bits"""
    return (q[0::2] & 15) | ((q[1::2] & 15) << 4)


@wrong
def pack_int4__wide(q):
    """uint8 is expected"""
    q = q.astype(int)
    return (q[0::2] & 15) + 16 * (q[1::2] & 15)


@wrong
def pack_int4__brackets(q):
    """`+` is done before `<<`"""
    q = q.astype(np.uint8)
    return q[0::2] & 15 + (q[1::2] & 15) << 4


@wrong
def pack_int4__brackets_outside(q):
    """Brackets are missing"""
    return ((q[0::2] & 15) + (q[1::2] & 15) << 4).astype(np.uint8)


@right
def pack_int4__slices(q):
    return ((q[0::2] & 15) | ((q[1::2] & 15) << 4)).astype(np.uint8)


@right
def pack_int4__loop(q):
    pairs = zip(q[::2].tolist(), q[1::2].tolist(), strict=True)
    return np.array([a % 16 + 16 * (b % 16) for a, b in pairs], dtype=np.uint8)


# --- integer_dense


@wrong
def integer_dense__no_zero_point(q_x, zero_point, q_w, q_bias):
    """zero point is missing"""
    return q_x.astype(np.int32) @ q_w.astype(np.int32) + q_bias


@wrong
def integer_dense__plus(q_x, zero_point, q_w, q_bias):
    """taken off, not added"""
    return (q_x.astype(np.int32) + zero_point) @ q_w.astype(np.int32) + q_bias


@wrong
def integer_dense__no_bias(q_x, zero_point, q_w, q_bias):
    """bias is missing"""
    return (q_x.astype(np.int32) - zero_point) @ q_w.astype(np.int32)


@wrong
def integer_dense__int8_product(q_x, zero_point, q_w, q_bias):
    """NumPy keeps int8 times int8 in int8"""
    return (q_x @ q_w).astype(np.int32) + q_bias


@wrong
def integer_dense__int8_difference(q_x, zero_point, q_w, q_bias):
    """nine bits"""
    x = (q_x - np.int8(zero_point)).astype(np.int32)
    return x @ q_w.astype(np.int32) + q_bias


@wrong
def integer_dense__floats(q_x, zero_point, q_w, q_bias):
    """The numbers are right, but not their type"""
    return (q_x.astype(np.float64) - zero_point) @ q_w + q_bias


@wrong
def integer_dense__sum_is_int64(q_x, zero_point, q_w, q_bias):
    """cast the result to int32 once more"""
    q_w = q_w.astype(np.int32)
    return q_x.astype(np.int32) @ q_w + q_bias - zero_point * np.sum(q_w, axis=0)


@wrong
def integer_dense__int16(q_x, zero_point, q_w, q_bias):
    """int16 holds each product, but not their sum"""
    return (q_x.astype(np.int16) - zero_point) @ q_w.astype(np.int16) + q_bias


@right
def integer_dense__cast_first(q_x, zero_point, q_w, q_bias):
    return (q_x.astype(np.int32) - zero_point) @ q_w.astype(np.int32) + q_bias


@right
def integer_dense__folded(q_x, zero_point, q_w, q_bias):
    q_w = q_w.astype(np.int32)
    folded = q_bias - zero_point * q_w.sum(axis=0, dtype=np.int32)
    return q_x.astype(np.int32) @ q_w + folded


@right
def integer_dense__loop(q_x, zero_point, q_w, q_bias):
    acc = np.zeros((len(q_x), q_w.shape[1]), dtype=np.int32)
    for i, row in enumerate(q_x.tolist()):
        for j, column in enumerate(q_w.T.tolist()):
            terms = ((a - zero_point) * b for a, b in zip(row, column, strict=True))
            acc[i, j] = sum(terms) + q_bias[j]
    return acc
