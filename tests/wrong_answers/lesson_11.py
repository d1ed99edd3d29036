"""Answers that people give to the exercises of lesson 11.

WRONG and RIGHT: {exercise: [functions]}. The docstring of a wrong answer is a part of
the sentence that its check must answer with.
"""

import math

import numpy as np

from qlib import linear
from tests.wrong_answers import catalogue

WRONG, RIGHT, wrong, right = catalogue()


# --- catches_wrap


@wrong
def catches_wrap__inside(to_codes):
    """Your test lets every function pass"""
    x = np.linspace(-12, 12, 9)
    return not np.array_equal(to_codes(x, 0.1), np.round(x / 0.1))


@wrong
def catches_wrap__turned(to_codes):
    """Your verdicts are turned"""
    q = to_codes(np.array([12.8, -12.9, 4000.0]), 0.1)
    return bool((q == [127, -128, 127]).all())


@wrong
def catches_wrap__unclipped(to_codes):
    """Your test refuses every function"""
    x = np.array([500.0, -500.0])
    return not np.array_equal(to_codes(x, 1.0), x)


@wrong
def catches_wrap__upper(to_codes):
    """looks at the upper end alone"""
    return bool(to_codes(np.array([1e6]), 1.0)[0] != 127) or bool(
        np.any(to_codes(np.arange(0, 40_000.0, 3), 0.5) < 0)
    )


@wrong
def catches_wrap__lower(to_codes):
    """looks at the lower end alone"""
    q = to_codes(-np.array([1.0, 3.0, 5.0, 7.0, 1000.0]), 0.01)
    return bool(np.any(q[1:] != -128))


@wrong
def catches_wrap__lucky_million(to_codes):
    """1,000,000 is 16,960, and stops at 127 by luck"""
    q = to_codes(np.array([1e6, -1e6, 128.0, -129.0]), 1.0)
    return q.tolist() != [127, -128, 127, -128]


@right
def catches_wrap__far(to_codes):
    x = np.array([128.0, 500.0, 40_000.0, 1e6])
    return np.any(to_codes(x, 1.0) != 127) or np.any(to_codes(-x, 1.0) != -128)


@right
def catches_wrap__never_falls(to_codes):
    q = to_codes(np.arange(-100_000.0, 100_000.0), 1.0)
    return bool(np.any(np.diff(q.astype(int)) < 0))


@right
def catches_wrap__loop(to_codes):
    for steps in range(130, 70_000, 7):
        for sign, end in ((1, 127), (-1, -128)):
            if to_codes(np.array([0.5 * sign * steps]), 0.5)[0] != end:
                return True
    return False


# --- levels_lost


def grey(kind=np.float32):
    return np.arange(256).astype(kind) / kind(255)


@wrong
def levels_lost__kept(to_codes):
    """These are the levels that come back right"""
    return int(np.sum(to_codes(grey()) == np.arange(256)))


@wrong
def levels_lost__sum(to_codes):
    """This adds the differences up"""
    return int(np.abs(to_codes(grey()).astype(int) - np.arange(256)).sum())


@wrong
def levels_lost__255(to_codes):
    """The largest level is left out"""
    return int(np.sum(to_codes(grey()[:255]) != np.arange(255)))


@wrong
def levels_lost__float64(to_codes):
    """The levels are float64 here"""
    return int(np.sum(to_codes(np.arange(256) / 255) != np.arange(256)))


@wrong
def levels_lost__any(to_codes):
    """This says whether any level is lost"""
    return not np.array_equal(to_codes(grey()), np.arange(256))


@wrong
def levels_lost__share(to_codes):
    """This is a share"""
    return float(np.mean(to_codes(grey()) != np.arange(256)))


@wrong
def levels_lost__too_low(to_codes):
    """Only codes too low are counted"""
    return int(np.sum(to_codes(grey()) < np.arange(256)))


@right
def levels_lost__compare(to_codes):
    return np.count_nonzero(to_codes(grey()) != np.arange(256))


@right
def levels_lost__loop(to_codes):
    lost = 0
    for level in range(256):
        lost += to_codes(np.array([level], np.float32) / np.float32(255))[0] != level
    return lost


# --- grid_levels


@wrong
def grid_levels__one_too_many(low, high, bits):
    """One level too many"""
    return low + (high - low) / 2**bits * np.arange(2**bits + 1)


@wrong
def grid_levels__no_end(low, high, bits):
    """The upper end is missing"""
    return low + (high - low) / 2**bits * np.arange(2**bits)


@wrong
def grid_levels__one_too_few(low, high, bits):
    """One level too few"""
    return np.linspace(low, high, 2**bits - 1)


@wrong
def grid_levels__codes(low, high, bits):
    """These are codes"""
    return np.arange(2**bits)


@wrong
def grid_levels__from_zero(low, high, bits):
    """The levels begin at 0"""
    return np.linspace(0, high - low, 2**bits)


@wrong
def grid_levels__middles(low, high, bits):
    """half a step inside"""
    step = (high - low) / 2**bits
    return np.array([low + step * (code + 0.5) for code in range(2**bits)])


@wrong
def grid_levels__downwards(low, high, bits):
    """run downwards"""
    return np.linspace(low, high, 2**bits)[::-1]


@right
def grid_levels__linspace(low, high, bits):
    return np.linspace(low, high, 2**bits)


@right
def grid_levels__step(low, high, bits):
    step = (high - low) / (2**bits - 1)
    return [low + step * code for code in range(2**bits)]


# --- catches_offset


@wrong
def catches_offset__symmetric(dequantize):
    """Your test lets every function pass"""
    q = np.array([-3, 0, 3], np.int8)
    return not np.allclose(dequantize(q, 1.0, 0), q)


@wrong
def catches_offset__sum(dequantize):
    """Your test asks for q * scale + zero_point itself"""
    q = np.array([100], np.int8)
    return not np.allclose(dequantize(q, 0.5, 20), 70.0)


@wrong
def catches_offset__impossible(dequantize):
    """Your test refuses every function"""
    q = np.array([100], np.int8)
    return not np.allclose(dequantize(q, 0.5, 20), q)


@wrong
def catches_offset__small(dequantize):
    """overlooks a difference in int8"""
    q = np.array([-3, 1, 8], np.int8)
    return not np.allclose(dequantize(q, 0.25, 5), [-2.0, -1.0, 0.75])


@wrong
def catches_offset__exact(dequantize):
    """Your test refuses float32"""
    q = np.arange(-128, 128).astype(np.int8)
    return bool(np.any(dequantize(q, 0.1, -128) != 0.1 * np.arange(256)))


@wrong
def catches_offset__turned(dequantize):
    """Your verdicts are turned"""
    q = np.array([-128, 127, 3], np.int8)
    return np.allclose(dequantize(q, 0.5, -100), 0.5 * (q.astype(float) + 100))


@right
def catches_offset__all_codes(dequantize):
    q = np.arange(-128, 128).astype(np.int8)
    return not np.allclose(dequantize(q, 0.1, -128), 0.1 * np.arange(256), atol=1e-4)


@right
def catches_offset__zero_and_end(dequantize):
    at_zero, at_end = dequantize(np.array([-100, 127], np.int8), 0.01, -100)
    return abs(at_zero) > 1e-4 or abs(at_end - 2.27) > 1e-4


# --- catches_clamp


def comes_back(choose, low, high, any_zero_point=False):
    scale, zero_point = choose(low, high)
    x = np.linspace(low, high, 50)
    q = np.clip(np.round(x / scale) + zero_point, -128, 127)
    near = np.abs(scale * (q - zero_point) - x).max() <= 1.01 * scale
    return near and (any_zero_point or -128 <= zero_point <= 127)


@wrong
def catches_clamp__around_zero(choose):
    """Your test lets every function pass"""
    return not comes_back(choose, -1.0, 1.0)


@wrong
def catches_clamp__above(choose):
    """tries no range below 0"""
    return not comes_back(choose, 5.0, 6.0)


@wrong
def catches_clamp__below(choose):
    """tries no range above 0"""
    return not comes_back(choose, -6.0, -5.0)


@wrong
def catches_clamp__any_zero_point(choose):
    """lets a zero point pass that int8 does not hold"""
    ranges = ((5.0, 6.0), (-6.0, -5.0))
    return not all(comes_back(choose, *ends, any_zero_point=True) for ends in ranges)


@wrong
def catches_clamp__never_symmetric(choose):
    """Your test refuses a symmetric grid"""
    ranges = ((5.0, 6.0), (-6.0, -5.0))
    wide = any(255 * choose(low, high)[0] > 6.001 for low, high in ranges)
    return wide or not all(comes_back(choose, *ends) for ends in ranges)


@wrong
def catches_clamp__turned(choose):
    """Your verdicts are turned"""
    return comes_back(choose, 5.0, 6.0) and comes_back(choose, -6.0, -5.0)


@right
def catches_clamp__both_sides(choose):
    return not all(comes_back(choose, *e) for e in ((5, 6), (-6, -5), (-1, 2)))


@right
def catches_clamp__range_of_the_codes(choose):
    for low, high in ((2.0, 3.0), (-3.0, -2.0)):
        scale, z = choose(low, high)
        if not (scale * (-128.5 - z) <= low and high <= scale * (127.5 - z)):
            return True
        if z < -128 or z > 127:
            return True
    return False


# --- wasted_bits


@wrong
def wasted_bits__not_widened(x, low, high):
    """The data's range must hold 0"""
    return np.log2((high - low) / (x.max() - x.min()))


@wrong
def wasted_bits__natural(x, low, high):
    """This is the natural logarithm"""
    return math.log((high - low) / (max(x.max(), 0) - min(x.min(), 0)))


@wrong
def wasted_bits__turned(x, low, high):
    """The sign is turned"""
    return math.log2((max(x.max(), 0) - min(x.min(), 0)) / (high - low))


@wrong
def wasted_bits__times(x, low, high):
    """This is how many times too wide the grid is"""
    return (high - low) / (max(x.max(), 0) - min(x.min(), 0))


@wrong
def wasted_bits__magnitude(x, low, high):
    """The data count as symmetric here"""
    return np.log2((high - low) / (2 * np.abs(x).max()))


@wrong
def wasted_bits__upper(x, low, high):
    """Only the upper ends are compared"""
    return np.log2(high / x.max())


@wrong
def wasted_bits__whole(x, low, high):
    """Half a bit is a loss too"""
    return math.floor(math.log2((high - low) / (max(x.max(), 0) - min(x.min(), 0))))


@right
def wasted_bits__log2(x, low, high):
    return np.log2((high - low) / (max(x.max(), 0) - min(x.min(), 0)))


@right
def wasted_bits__with_zero(x, low, high):
    return np.log2(high - low) - np.log2(np.ptp(np.append(x, 0.0)))


# --- catches_search


def spikes(length=40):
    counts = np.zeros(length, int)
    counts[0], counts[-1] = 90, 10
    return counts


@wrong
def catches_search__too_many(search):
    """Your test lets every function pass"""
    return search(spikes(), 8) > 40


@wrong
def catches_search__bell(search):
    """Your test refuses every function"""
    counts = np.round(1000 * np.exp(-(np.arange(60) ** 2) / 50)).astype(int)
    counts[-1] = 1
    return search(counts, 4) < 60


@wrong
def catches_search__one_less(search):
    """Your test looks for one bin less"""
    return search(np.full(64, 5), 16) == 63


@wrong
def catches_search__nearly_all(search):
    """Your test overlooks a search that forgets what it cuts off"""
    return 40 < search(np.full(64, 5), 16) < 64


@wrong
def catches_search__turned(search):
    """Your verdicts are turned"""
    return search(spikes(), 8) == 40


@wrong
def catches_search__number(search):
    """you returned"""
    return search(spikes(), 8)


@right
def catches_search__spikes(search):
    return search(spikes(), 8) != 40


@right
def catches_search__flat(search):
    return search(np.full(64, 5), 16) < 64


# --- is_blind

BIAS = np.array([0.3, -0.7, 1.1, 0.2])


def changed(place, by):
    after = BIAS.copy()
    after[place] += by
    return after


@wrong
def is_blind__zeros(check):
    """Your damage is too coarse"""
    return check(BIAS, np.zeros(4))


@wrong
def is_blind__signs(check):
    """Your damage leaves the order as it was"""
    return check(BIAS, -BIAS) or check(BIAS, changed(3, 0.01))


@wrong
def is_blind__order(check):
    """Your damage leaves the signs as they were"""
    return check(BIAS, BIAS[::-1]) or check(BIAS, changed(3, 0.01))


@wrong
def is_blind__large(check):
    """Your damage is too large"""
    return any(check(BIAS, a) for a in (-BIAS, np.roll(BIAS, 1), changed(3, 5.0)))


@wrong
def is_blind__tiny(check):
    """Your damage is too small"""
    damaged = -BIAS, np.roll(BIAS, 1), changed(3, 0.01), changed(0, 1e-10)
    return any(check(BIAS, after) for after in damaged)


@wrong
def is_blind__same(check):
    """Your test refuses every function"""
    return check(BIAS, BIAS.copy())


@wrong
def is_blind__never(check):
    """Your test lets every function pass"""
    return not check(BIAS, BIAS.copy())


@right
def is_blind__four_damages(check):
    damaged = -BIAS, BIAS[::-1], changed(3, 0.01)
    return any(check(BIAS, after) for after in damaged)


@right
def is_blind__each_place(check):
    if check(BIAS, np.roll(BIAS, 1)) or check(BIAS, -1 * BIAS):
        return True
    return any(check(BIAS, changed(place, 0.01)) for place in range(4))


# --- worst_share


@wrong
def worst_share__magnitudes(x, x_hat):
    """These are magnitudes"""
    e = np.abs(x - x_hat)
    return e.max() / e.sum() if e.any() else 0.0


@wrong
def worst_share__largest_value(x, x_hat):
    """This is the error of the largest value"""
    e = (x - x_hat) ** 2
    at = np.unravel_index(np.argmax(np.abs(x)), x.shape)
    return e[at] / e.sum() if e.any() else 0.0


@wrong
def worst_share__mean(x, x_hat):
    """This divides by the mean"""
    e = (x - x_hat) ** 2
    return e.max() / e.mean() if e.any() else 0.0


@wrong
def worst_share__others(x, x_hat):
    """This is the share of all others"""
    e = (x - x_hat) ** 2
    return 1 - e.max() / e.sum() if e.any() else 0.0


@wrong
def worst_share__nan(x, x_hat):
    """An exact copy has no error to share"""
    e = (x - x_hat) ** 2
    return e.max() / e.sum()


@wrong
def worst_share__signed(x, x_hat):
    """The sign is kept until the maximum"""
    e = x - x_hat
    return e.max() ** 2 / (e**2).sum() if e.any() else 0.0


@right
def worst_share__numpy(x, x_hat):
    e = np.square(x - x_hat)
    return e.max() / e.sum() if e.any() else 0


@right
def worst_share__loop(x, x_hat):
    squares = [(a - b) ** 2 for a, b in zip(x.flat, x_hat.flat, strict=True)]
    return max(squares) / sum(squares) if sum(squares) else 0.0


# --- reported


@wrong
def reported__flattered(seen, fresh):
    """The score is from the digits that the choice was made on"""
    i = np.argmax(seen)
    return i, seen[i], seen[i] - fresh[i]


@wrong
def reported__by_fresh(seen, fresh):
    """The winner is chosen on the fresh digits"""
    i = np.argmax(fresh)
    return i, fresh[i], seen[i] - fresh[i]


@wrong
def reported__by_both(seen, fresh):
    """The winner is chosen on both together"""
    i = np.argmax((seen + fresh) / 2)
    return i, fresh[i], seen[i] - fresh[i]


@wrong
def reported__best_fresh(seen, fresh):
    """This is the best fresh score of all"""
    i = np.argmax(seen)
    return i, max(fresh), seen[i] - max(fresh)


@wrong
def reported__sign(seen, fresh):
    """The sign of the third value is turned"""
    i = np.argmax(seen)
    return i, fresh[i], fresh[i] - seen[i]


@wrong
def reported__magnitude(seen, fresh):
    """The third value has lost its sign"""
    i = np.argmax(seen)
    return i, fresh[i], abs(seen[i] - fresh[i])


@right
def reported__argmax(seen, fresh):
    i = np.argmax(seen)
    return i, fresh[i], seen[i] - fresh[i]


@right
def reported__list(seen, fresh):
    i = max(range(len(seen)), key=lambda j: seen[j])
    return [i, float(fresh[i]), float(seen[i] - fresh[i])]


# --- watch_and_round


@wrong
def watch_and_round__observer(x, low, high):
    """this layer only observes"""
    return x, min(low, x.min()), max(high, x.max())


@wrong
def watch_and_round__old_range(x, low, high):
    """The values are rounded on the old range"""
    x_hat = linear.fake_quantize(x, linear.choose_params(low, high))
    return x_hat, min(low, x.min()), max(high, x.max())


@wrong
def watch_and_round__replaced(x, low, high):
    """The range is replaced"""
    low, high = float(x.min()), float(x.max())
    return linear.fake_quantize(x, linear.choose_params(low, high)), low, high


@wrong
def watch_and_round__fixed(x, low, high):
    """The range stays as it was"""
    return linear.fake_quantize(x, linear.choose_params(low, high)), low, high


@wrong
def watch_and_round__codes(x, low, high):
    """These are codes"""
    low, high = min(low, float(x.min())), max(high, float(x.max()))
    q = linear.quantize(x, linear.choose_params(low, high, signed=False))
    return q.astype(np.float32), low, high


@wrong
def watch_and_round__upper(x, low, high):
    """Only the upper end is widened"""
    high = max(high, float(x.max()))
    return linear.fake_quantize(x, linear.choose_params(low, high)), low, high


@right
def watch_and_round__qlib(x, low, high):
    low, high = min(low, float(x.min())), max(high, float(x.max()))
    return linear.fake_quantize(x, linear.choose_params(low, high)), low, high


@right
def watch_and_round__by_hand(x, low, high):
    low, high = min(low, x.min()), max(high, x.max())
    scale = (high - low) / 255
    zero_point = np.round(-low / scale)
    q = np.clip(np.round(x / scale) + zero_point, 0, 255)
    return (scale * (q - zero_point)).astype(np.float32), low, high


# --- loss_from_logits


def softmax(z, axis=1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def rows(labels):
    return np.arange(len(labels)), labels


@wrong
def loss_from_logits__twice(scores, labels):
    """Softmax is taken twice"""
    return -np.mean(np.log(softmax(softmax(scores))[rows(labels)]))


@wrong
def loss_from_logits__never(scores, labels):
    """Softmax is not taken"""
    return -np.mean(np.log(scores[rows(labels)]))


@wrong
def loss_from_logits__overflow(scores, labels):
    """Large scores overflow"""
    e = np.exp(scores)
    return -np.mean(np.log(e[rows(labels)] / e.sum(axis=1)))


@wrong
def loss_from_logits__tiny(scores, labels):
    """A small number inside the logarithm hides the large losses"""
    return -np.mean(np.log(softmax(scores)[rows(labels)] + 1e-7))


@wrong
def loss_from_logits__sum(scores, labels):
    """The losses are added up"""
    return loss_from_logits__logarithm(scores, labels) * len(labels)


@wrong
def loss_from_logits__sign(scores, labels):
    """The sign is turned"""
    return -loss_from_logits__logarithm(scores, labels)


@wrong
def loss_from_logits__base_2(scores, labels):
    """This is the logarithm to base 2"""
    return loss_from_logits__logarithm(scores, labels) / math.log(2)


@right
def loss_from_logits__logarithm(scores, labels):
    z = scores - scores.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(z).sum(axis=1)) - z[rows(labels)])


@right
def loss_from_logits__loop(scores, labels):
    losses = [
        np.logaddexp.reduce(z) - z[label]
        for z, label in zip(scores, labels, strict=True)
    ]
    return sum(losses) / len(losses)


# --- input_codes


@wrong
def input_codes__view(images, scale, zero_point):
    """The bytes are read as int8"""
    return images.view(np.int8)[..., np.newaxis]


@wrong
def input_codes__cast(images, scale, zero_point):
    """The values from 0 to 1 are cast as they are"""
    return (images / 255).astype(np.int8)[..., np.newaxis]


@wrong
def input_codes__no_zero_point(images, scale, zero_point):
    """The zero point is missing"""
    q = np.clip(np.round(images / 255 / scale), -128, 127)
    return q.astype(np.int8)[..., np.newaxis]


@wrong
def input_codes__no_255(images, scale, zero_point):
    """The grey levels run up to 255"""
    q = np.clip(np.round(images / scale) + zero_point, -128, 127)
    return q.astype(np.int8)[..., np.newaxis]


@wrong
def input_codes__minus_128(images, scale, zero_point):
    """128 is taken off, whatever the file says"""
    return (images.astype(np.int16) - 128).astype(np.int8)[..., np.newaxis]


@wrong
def input_codes__no_channel(images, scale, zero_point):
    """The channel axis is missing"""
    return linear_codes(images, scale, zero_point).astype(np.int8)


@wrong
def input_codes__cut(images, scale, zero_point):
    """Fractions are cut off"""
    q = np.clip((images / 255 / scale).astype(int) + zero_point, -128, 127)
    return q.astype(np.int8)[..., np.newaxis]


@wrong
def input_codes__int64(images, scale, zero_point):
    """their type is not"""
    return linear_codes(images, scale, zero_point).astype(int)[..., np.newaxis]


def linear_codes(images, scale, zero_point):
    return np.clip(np.round(images / 255 / scale) + zero_point, -128, 127)


@right
def input_codes__numpy(images, scale, zero_point):
    return linear_codes(images, scale, zero_point).astype(np.int8)[..., None]


@right
def input_codes__table(images, scale, zero_point):
    table = linear_codes(np.arange(256), scale, zero_point).astype(np.int8)
    return table[images].reshape(*images.shape, 1)


# --- true_ratio


def index_bits(k):
    return math.ceil(math.log2(k))


@wrong
def true_ratio__no_books(sizes, k):
    """The codebooks are left out"""
    return 4 * sum(sizes) / sum(math.ceil(n * index_bits(k) / 8) for n in sizes)


@wrong
def true_ratio__one_book(sizes, k):
    """One codebook is counted for all layers"""
    codes = sum(math.ceil(n * index_bits(k) / 8) for n in sizes)
    return 4 * sum(sizes) / (codes + 4 * k)


@wrong
def true_ratio__byte_centers(sizes, k):
    """A center counts as one byte"""
    codes = sum(math.ceil(n * index_bits(k) / 8) for n in sizes)
    return 4 * sum(sizes) / (codes + k * len(sizes))


@wrong
def true_ratio__mean(sizes, k):
    """This is the mean of the layers' ratios"""
    return np.mean([true_ratio__bytes([n], k) for n in sizes])


@wrong
def true_ratio__upside_down(sizes, k):
    """The fraction is upside down"""
    return 1 / true_ratio__bytes(sizes, k)


@wrong
def true_ratio__whole_bytes(sizes, k):
    """Each index takes a whole byte here"""
    return 4 * sum(sizes) / (sum(sizes) + 4 * k * len(sizes))


@wrong
def true_ratio__parts_of_bytes(sizes, k):
    """round the bytes up"""
    bits = sum(sizes) * index_bits(k) + 32 * k * len(sizes)
    return 32 * sum(sizes) / bits


@right
def true_ratio__bytes(sizes, k):
    after = sum(math.ceil(n * index_bits(k) / 8) + 4 * k for n in sizes)
    return 4 * sum(sizes) / after


@right
def true_ratio__loop(sizes, k):
    bits = 0
    while 2**bits < k:
        bits += 1
    before = after = 0
    for n in sizes:
        before += 4 * n
        after += (n * bits + 7) // 8 + 4 * k
    return before / after
