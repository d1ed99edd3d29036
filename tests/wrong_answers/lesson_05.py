"""Answers that people give to the exercises of lesson 05.

WRONG and RIGHT: {exercise: [functions]}. The docstring of a wrong answer is a part of
the sentence that its check must answer with.
"""

import math
from itertools import pairwise

import numpy as np

from tests.wrong_answers import catalogue

WRONG, RIGHT, wrong, right = catalogue()


# --- representative


@wrong
def representative__unscaled(images, indices):
    """The grey levels run up to 255"""
    return [
        [images[i][np.newaxis, ..., np.newaxis].astype(np.float32)] for i in indices
    ]


@wrong
def representative__bytes(images, indices):
    """The grey levels run up to 255: the network was trained on 0 to 1, so divide"""
    return [[images[i].reshape(1, 28, 28, 1)] for i in indices]


@wrong
def representative__by_256(images, indices):
    """The levels are divided by 256"""
    return [[images[i].reshape(1, 28, 28, 1) / np.float32(256)] for i in indices]


@wrong
def representative__by_its_maximum(images, indices):
    """or by the brightest of an image"""
    scaled = [images[i].astype(np.float32) / images[i].max() for i in indices]
    return [[image[None, :, :, None]] for image in scaled]


@wrong
def representative__minus_one_to_one(images, indices):
    """The levels are shifted, such as to -1 to 1"""
    return [[images[i].reshape(1, 28, 28, 1) / 127.5 - 1] for i in indices]


@wrong
def representative__codes(images, indices):
    """These are codes, 128 below the grey levels"""
    codes = (images.astype(np.int16) - 128).astype(np.int8)
    return [[codes[i][np.newaxis, ..., np.newaxis]] for i in indices]


@wrong
def representative__cast_back(images, indices):
    """The levels are cut to whole numbers"""
    scaled = (images / 255).astype(np.uint8)
    return [[scaled[i][np.newaxis, ..., np.newaxis]] for i in indices]


@wrong
def representative__float64(images, indices):
    """These arrays are float64"""
    return [[images[i][np.newaxis, ..., np.newaxis] / 255] for i in indices]


@wrong
def representative__no_batch(images, indices):
    """The batch axis is missing"""
    return [[images[i][..., np.newaxis] / np.float32(255)] for i in indices]


@wrong
def representative__no_channel(images, indices):
    """The channel axis is missing"""
    return [[images[i : i + 1] / np.float32(255)] for i in indices]


@wrong
def representative__two_axes(images, indices):
    """Two axes are missing"""
    return [[(images[i] / 255).astype(np.float32)] for i in indices]


@wrong
def representative__channel_first(images, indices):
    """The channel stands in second place"""
    return [[images[i].reshape(1, 1, 28, 28) / np.float32(255)] for i in indices]


@wrong
def representative__bare(images, indices):
    """These items are bare arrays"""
    return [images[i].reshape(1, 28, 28, 1) / np.float32(255) for i in indices]


@wrong
def representative__the_first(images, indices):
    """These are the first images, whatever was asked for"""
    return [
        [images[i].reshape(1, 28, 28, 1) / np.float32(255)] for i in range(len(indices))
    ]


@wrong
def representative__one_array(images, indices):
    """This is one array that holds all images"""
    return images[indices][..., np.newaxis] / np.float32(255)


@wrong
def representative__one_item(images, indices):
    """All images are in one item"""
    return [[images[i].reshape(1, 28, 28, 1) / np.float32(255) for i in indices]]


@wrong
def representative__one_batch(images, indices):
    """All images are in one item: each gets a list of its own"""
    chosen = [images[i] for i in indices]
    return [[np.array(chosen, np.float32)[..., np.newaxis] / 255]]


@wrong
def representative__generator(images, indices):
    """returns a generator: put its values in a list"""
    for i in indices:
        yield [images[i][np.newaxis, ..., np.newaxis] / np.float32(255)]


@right
def representative__comprehension(images, indices):
    real = images[..., np.newaxis] / np.float32(255)
    return [[real[i : i + 1]] for i in indices]


@right
def representative__loop(images, indices):
    items = []
    for i in indices:
        batch = np.zeros((1, 28, 28, 1), np.float32)
        batch[0, :, :, 0] = images[i] / 255
        items.append([batch])
    return items


@right
def representative__tuples(images, indices):
    real = images[np.asarray(indices)].astype("float32") / 255
    return tuple((image.reshape(1, 28, 28, 1),) for image in real)


# --- dequantize_weights


@wrong
def dequantize_weights__last_axis(q, scale, axis):
    """along the last axis, whatever axis says"""
    return q.astype(np.float32) * scale


@wrong
def dequantize_weights__first_axis(q, scale, axis):
    """along the first axis, whatever axis says"""
    return q * scale.reshape(-1, *[1] * (q.ndim - 1))


@wrong
def dequantize_weights__divided(q, scale, axis):
    """This divides by the scale"""
    return np.moveaxis(np.moveaxis(q, axis, -1) / scale, -1, axis)


@wrong
def dequantize_weights__first_scale(q, scale, axis):
    """All codes get the same scale"""
    return q * scale[0]


@wrong
def dequantize_weights__mean_scale(q, scale, axis):
    """All codes get the same scale: each place along the axis has its own"""
    return q * np.mean(scale)


@wrong
def dequantize_weights__not_moved_back(q, scale, axis):
    """axis was moved, so move it back"""
    return np.moveaxis(q, axis, -1) * scale


@wrong
def dequantize_weights__stacked(q, scale, axis):
    """The axes of the result are in another order"""
    return np.stack([np.take(q, c, axis) * s for c, s in enumerate(scale)])


@wrong
def dequantize_weights__int8(q, scale, axis):
    """The real weights are cut to whole numbers"""
    real = np.zeros_like(q)
    for c in range(len(scale)):
        at = (slice(None),) * axis + (c,)
        real[at] = np.clip(q[at] * scale[c], -128, 127)
    return real


@wrong
def dequantize_weights__integer_scale(q, scale, axis):
    """The scales are cut to whole numbers"""
    return np.moveaxis(np.moveaxis(q, axis, -1) * scale.astype(np.int8), -1, axis)


@wrong
def dequantize_weights__minus_128(q, scale, axis):
    """A zero point is taken off: that of weights is 0"""
    shifted = np.moveaxis(q, axis, -1).astype(np.float32) - 128
    return np.moveaxis(shifted * scale, -1, axis)


@wrong
def dequantize_weights__plus_128_in_int8(q, scale, axis):
    """A zero point is taken off"""
    shifted = np.moveaxis(q - np.int8(-128), axis, -1)
    return np.moveaxis(shifted * scale, -1, axis)


@wrong
def dequantize_weights__float64(q, scale, axis):
    """The result is float64"""
    return np.moveaxis(np.moveaxis(q.astype(float), axis, -1) * scale, -1, axis)


@wrong
def dequantize_weights__length_of_the_first_axis(q, scale, axis):
    """raised"""
    shape = [1] * q.ndim
    shape[axis] = len(q)
    return q * scale.reshape(shape)


@right
def dequantize_weights__reshape(q, scale, axis):
    shape = [1] * q.ndim
    shape[axis] = len(scale)
    return q * scale.reshape(shape)


@right
def dequantize_weights__moved(q, scale, axis):
    return np.swapaxes(np.swapaxes(q, axis, -1) * scale, axis, -1)


@right
def dequantize_weights__loop(q, scale, axis):
    real = np.zeros(q.shape, np.float32)
    for place in np.ndindex(q.shape):
        real[place] = q[place] * scale[place[axis]]
    return real


@right
def dequantize_weights__slices(q, scale, axis):
    parts = [np.take(q, [c], axis) * scale[c] for c in range(len(scale))]
    return np.concatenate(parts, axis)


# --- accumulate


@wrong
def accumulate__twice(window, weights, bias, zero_point):
    """The zero point is taken off twice"""
    x, w = window.astype(np.int32), weights.astype(np.int32)
    folded = bias - zero_point * w.sum()
    return int(((x - zero_point) * w).sum() + folded)


@wrong
def accumulate__all_in_int8(window, weights, bias, zero_point):
    """The products are in int8"""
    return int(np.sum((window - zero_point) * weights)) + bias


@wrong
def accumulate__differences_in_int8(window, weights, bias, zero_point):
    """The differences are in int8"""
    less = (window - zero_point).astype(np.int32)
    return int(np.sum(less * weights.astype(np.int32))) + bias


@wrong
def accumulate__sum_in_int8(window, weights, bias, zero_point):
    """The sum is in int8 or int16"""
    less = (window - zero_point).ravel()
    return int(np.dot(less, weights.ravel())) + bias


@wrong
def accumulate__sum_in_int16(window, weights, bias, zero_point):
    """its upper bits are lost: it needs int32"""
    products = (window.astype(np.int16) - zero_point) * weights
    return int(products.sum(dtype=np.int16)) + bias


@wrong
def accumulate__no_zero_point(window, weights, bias, zero_point):
    """The zero point is forgotten"""
    return int(np.vdot(window.astype(int), weights.astype(int))) + bias


@wrong
def accumulate__added(window, weights, bias, zero_point):
    """The zero point is added"""
    return int(np.sum((window.astype(int) + zero_point) * weights)) + bias


@wrong
def accumulate__weights_as_well(window, weights, bias, zero_point):
    """The zero point is taken off the weights as well"""
    window, weights = window.astype(int) - zero_point, weights.astype(int) - zero_point
    return int(np.sum(window * weights)) + bias


@wrong
def accumulate__weights_alone(window, weights, bias, zero_point):
    """The zero point is taken off the weights alone"""
    return int(np.sum(window * (weights.astype(int) - zero_point))) + bias


@wrong
def accumulate__products(window, weights, bias, zero_point):
    """The zero point is taken off the products"""
    return int(np.sum(window.astype(int) * weights - zero_point)) + bias


@wrong
def accumulate__once(window, weights, bias, zero_point):
    """The zero point is taken off once, at the end"""
    return int(np.sum(window.astype(int) * weights)) - zero_point + bias


@wrong
def accumulate__no_bias(window, weights, bias, zero_point):
    """The bias is forgotten"""
    total = 0
    for q_x, q_w in zip(window.flat, weights.flat, strict=True):
        total += (int(q_x) - zero_point) * int(q_w)
    return total


@wrong
def accumulate__minus_bias(window, weights, bias, zero_point):
    """The bias is subtracted"""
    return int(np.sum((window.astype(int) - zero_point) * weights)) - bias


@wrong
def accumulate__bias_less_zero_point(window, weights, bias, zero_point):
    """The zero point changes the bias"""
    total = np.sum((window.astype(int) - zero_point) * weights)
    return int(total) + (bias - zero_point)


@wrong
def accumulate__bias_times_zero_point(window, weights, bias, zero_point):
    """an int32 number of its own, with the zero point 0"""
    total = np.sum((window.astype(int) - zero_point) * weights)
    return int(total) + bias * zero_point


@wrong
def accumulate__bias_each_time(window, weights, bias, zero_point):
    """The bias is added to each product"""
    return int(np.sum((window.astype(int) - zero_point) * weights + bias))


@wrong
def accumulate__mean(window, weights, bias, zero_point):
    """This is a mean"""
    return int(np.mean((window.astype(int) - zero_point) * weights)) + bias


@wrong
def accumulate__matrix_product(window, weights, bias, zero_point):
    """This is a matrix product"""
    return int(np.sum((window.astype(int) - zero_point) @ weights.astype(int))) + bias


@wrong
def accumulate__turned(window, weights, bias, zero_point):
    """The weights are turned round"""
    turned = np.flip(weights).astype(int)
    return int(np.sum((window.astype(int) - zero_point) * turned)) + bias


@wrong
def accumulate__products_alone(window, weights, bias, zero_point):
    """These are the products"""
    return (window.astype(np.int32) - zero_point) * weights + bias


@wrong
def accumulate__float(window, weights, bias, zero_point):
    """The result is a float"""
    return np.sum((window.astype(float) - zero_point) * weights) + bias


@right
def accumulate__int32(window, weights, bias, zero_point):
    q_x, q_w = window.astype(np.int32), weights.astype(np.int32)
    return int(np.sum((q_x - zero_point) * q_w)) + bias


@right
def accumulate__loop(window, weights, bias, zero_point):
    total = bias
    for q_x, q_w in zip(window.ravel(), weights.ravel(), strict=True):
        total += (int(q_x) - zero_point) * int(q_w)
    return total


@right
def accumulate__folded(window, weights, bias, zero_point):
    q_w = weights.astype(int)
    return np.vdot(window.astype(int), q_w) + (bias - zero_point * q_w.sum())


# --- multiplier


@wrong
def multiplier__cut_off(real):
    """The mantissa is not rounded to the nearest"""
    fraction, shift = math.frexp(real)
    return int(fraction * 2**31), shift


@wrong
def multiplier__up(real):
    """neither down nor up alone"""
    fraction, shift = math.frexp(real)
    mantissa = math.ceil(fraction * 2**31)
    return (2**30, shift + 1) if mantissa == 2**31 else (mantissa, shift)


@wrong
def multiplier__no_carry(real):
    """the mantissa becomes 2**31, which int32 does not hold"""
    fraction, shift = math.frexp(real)
    return round(fraction * 2**31), shift


@wrong
def multiplier__logarithm_up(real):
    """then take 2**30, and a shift one more"""
    shift = math.ceil(math.log2(real))
    return int(np.round(real / 2.0**shift * 2**31)), shift


@wrong
def multiplier__shift_stays(real):
    """the mantissa is halved to 2**30 and the shift is not one more"""
    fraction, shift = math.frexp(real)
    mantissa = round(fraction * 2**31)
    if mantissa == 2**31:
        mantissa //= 2
    return mantissa, shift


@wrong
def multiplier__held(real):
    """the mantissa is held at 2**31 - 1"""
    fraction, shift = math.frexp(real)
    return min(round(fraction * 2**31), 2**31 - 1), shift


@wrong
def multiplier__one_to_two(real):
    """The mantissa has 32 bits"""
    shift = 0
    while real < 1:
        real, shift = real * 2, shift - 1
    mantissa = round(real * 2**31)
    return (2**30, shift + 1) if mantissa == 2**31 and real != 1 else (mantissa, shift)


@wrong
def multiplier__twice(real):
    """so the pair stands for twice the factor"""
    fraction, shift = math.frexp(real)
    mantissa = round(fraction * 2**32)
    return (2**30, shift + 1) if mantissa == 2**32 else (mantissa, shift)


@wrong
def multiplier__half(real):
    """so the pair stands for half the factor"""
    fraction, shift = math.frexp(real)
    mantissa = round(fraction * 2**30)
    return (2**30, shift + 1) if mantissa == 2**30 else (mantissa, shift)


@wrong
def multiplier__right_shift(real):
    """The sign of the shift is turned"""
    mantissa, shift = multiplier__frexp(real)
    return mantissa, -shift


@wrong
def multiplier__minus_31(real):
    """The 31 is in the shift already"""
    mantissa, shift = multiplier__frexp(real)
    return mantissa, shift - 31


@wrong
def multiplier__31_minus(real):
    """so return the exponent of frexp"""
    mantissa, shift = multiplier__frexp(real)
    return mantissa, 31 - shift


@wrong
def multiplier__swapped(real):
    """The two are swapped"""
    mantissa, shift = multiplier__frexp(real)
    return shift, mantissa


@wrong
def multiplier__always_zero(real):
    """The shift is always 0"""
    return round(real * 2**31), 0


@wrong
def multiplier__fraction(real):
    """This is the fraction that frexp returns"""
    return math.frexp(real)


@wrong
def multiplier__float32(real):
    """The factor was rounded to float32"""
    fraction, shift = np.frexp(np.float32(real))
    return int(np.round(fraction * np.float32(2**31))), int(shift)


@wrong
def multiplier__float(real):
    """The pair holds a float"""
    fraction, shift = math.frexp(real)
    mantissa = np.round(fraction * 2**31)
    return (2.0**30, shift + 1) if mantissa == 2**31 else (mantissa, shift)


@wrong
def multiplier__mantissa_alone(real):
    """a tuple of 2 values is expected"""
    return multiplier__frexp(real)[0]


@right
def multiplier__frexp(real):
    fraction, shift = math.frexp(real)
    mantissa = round(fraction * 2**31)
    return (2**30, shift + 1) if mantissa == 2**31 else (mantissa, shift)


@right
def multiplier__loop(real):
    shift = 0
    while real < 0.5:
        real, shift = real * 2, shift - 1
    mantissa = int(real * 2**31 + 0.5)
    if mantissa == 2**31:
        mantissa, shift = mantissa // 2, shift + 1
    return mantissa, shift


@right
def multiplier__numpy(real):
    fraction, shift = np.frexp(real)
    mantissa = np.rint(fraction * 2.0**31).astype(np.int64)
    full = mantissa >> 31
    return [mantissa >> full, shift + full]


# --- requantize


def high_mul(a, mantissa):
    return (a.astype(np.int64) * mantissa + 2**30) >> 31


def ties_up(x, n):
    return (x + ((1 << n) >> 1)) >> n


def ties_away(x, n):
    return np.sign(x) * ties_up(np.abs(x), n)


def int32(*arrays):
    return tuple(np.asarray(array).astype(np.int32) for array in arrays)


@wrong
def requantize__product_in_int32(acc, mantissa, shift):
    """The product is in int32, which does not hold it"""
    high = (acc * mantissa + 2**30) >> 31
    return int32(ties_away(high, -shift), ties_up(high, -shift))


@wrong
def requantize__int64_too_late(acc, mantissa, shift):
    """turn acc into int64 first"""
    high = ((acc * mantissa).astype(np.int64) + 2**30) >> 31
    return int32(ties_away(high, -shift), ties_up(high, -shift))


@wrong
def requantize__floor(acc, mantissa, shift):
    """The division does not round"""
    high = high_mul(acc, mantissa)
    return int32(high >> -shift, high >> -shift)


@wrong
def requantize__up_is_floor(acc, mantissa, shift):
    """>> alone goes down, so add half of 2**n first"""
    high = high_mul(acc, mantissa)
    return int32(ties_away(high, -shift), np.floor(high / 2**-shift))


@wrong
def requantize__cut_off(acc, mantissa, shift):
    """The division cuts off, toward zero"""
    high = high_mul(acc, mantissa)
    return int32(np.trunc(high / 2**-shift), ties_up(high, -shift))


@wrong
def requantize__half_even(acc, mantissa, shift):
    """Ties go to the even neighbour"""
    high = high_mul(acc, mantissa)
    return int32(np.round(high / 2**-shift), ties_up(high, -shift))


@wrong
def requantize__both_half_even(acc, mantissa, shift):
    """as np.round has it"""
    high = high_mul(acc, mantissa)
    return int32(np.round(high / 2**-shift), np.round(high / 2**-shift))


@wrong
def requantize__both_up(acc, mantissa, shift):
    """Both take ties up"""
    high = high_mul(acc, mantissa)
    return int32(ties_up(high, -shift), np.floor(high / 2.0**-shift + 0.5))


@wrong
def requantize__both_away(acc, mantissa, shift):
    """Both take ties away from zero"""
    away = ties_away(high_mul(acc, mantissa), -shift)
    return int32(away, away)


@wrong
def requantize__swapped(acc, mantissa, shift):
    """The two are swapped"""
    high = high_mul(acc, mantissa)
    return int32(ties_up(high, -shift), ties_away(high, -shift))


@wrong
def requantize__minus_half(acc, mantissa, shift):
    """Below 0 this subtracts half, and then >> goes down once more"""
    high = high_mul(acc, mantissa)
    half = (1 << -shift) >> 1
    away = np.where(high < 0, high - half, high + half) >> -shift
    return int32(away, ties_up(high, -shift))


@wrong
def requantize__no_sign(acc, mantissa, shift):
    """The sign is lost"""
    high = high_mul(acc, mantissa)
    return int32(ties_up(np.abs(high), -shift), ties_up(high, -shift))


@wrong
def requantize__ceil(acc, mantissa, shift):
    """Every fraction goes up"""
    high = high_mul(acc, mantissa)
    return int32(ties_away(high, -shift), np.ceil(high / 2**-shift))


@wrong
def requantize__once(acc, mantissa, shift):
    """This rounds once, by 31 - shift bits"""
    product = acc.astype(np.int64) * mantissa
    return int32(ties_away(product, 31 - shift), ties_up(product, 31 - shift))


@wrong
def requantize__up_once(acc, mantissa, shift):
    """these kernels round twice"""
    product = acc.astype(np.int64) * mantissa
    away = ties_away(high_mul(acc, mantissa), -shift)
    return int32(away, (product + (1 << (30 - shift))) >> (31 - shift))


@wrong
def requantize__in_floats(acc, mantissa, shift):
    """first in high_mul, then in the division"""
    real = np.round(acc * (mantissa / 2**31) * 2.0**shift)
    return int32(real, real)


@wrong
def requantize__high_floor(acc, mantissa, shift):
    """The first step does not round"""
    high = (acc.astype(np.int64) * mantissa) >> 31
    return int32(ties_away(high, -shift), ties_up(high, -shift))


@wrong
def requantize__high_half_even(acc, mantissa, shift):
    """The first step has another rule for ties"""
    high = np.round(acc * (mantissa / 2**31)).astype(np.int64)
    return int32(ties_away(high, -shift), ties_up(high, -shift))


@wrong
def requantize__thirty(acc, mantissa, shift):
    """The mantissa is taken as if 2**30 were 1"""
    high = (acc.astype(np.int64) * mantissa + 2**29) >> 30
    return int32(ties_away(high, -shift), ties_up(high, -shift))


@wrong
def requantize__no_mantissa(acc, mantissa, shift):
    """The mantissa is left out"""
    return int32(ties_away(acc, -shift), ties_up(acc, -shift))


@wrong
def requantize__no_division(acc, mantissa, shift):
    """The division is left out"""
    return int32(high_mul(acc, mantissa), high_mul(acc, mantissa))


@wrong
def requantize__left(acc, mantissa, shift):
    """This multiplies by 2**(-shift)"""
    high = high_mul(acc, mantissa)
    return int32(high * 2**-shift, high << -shift)


@wrong
def requantize__int64(acc, mantissa, shift):
    """and their type is not"""
    high = high_mul(acc, mantissa)
    return ties_away(high, -shift), ties_up(high, -shift)


@wrong
def requantize__half_of_nothing(acc, mantissa, shift):
    """negative shift count"""
    high, n = high_mul(acc, mantissa), -shift
    half = 1 << (n - 1)
    away = np.sign(high) * ((np.abs(high) + half) >> n)
    return int32(away, (high + half) >> n)


@wrong
def requantize__one_array(acc, mantissa, shift):
    """a tuple of 2 values is expected"""
    high = high_mul(acc, mantissa)
    return np.stack(int32(ties_away(high, -shift), ties_up(high, -shift)))


@right
def requantize__shifts(acc, mantissa, shift):
    x, n = (acc.astype(np.int64) * mantissa + 2**30) >> 31, -shift
    half = (1 << n) >> 1
    away = np.where(x < 0, -((-x + half) >> n), (x + half) >> n)
    return away.astype(np.int32), ((x + half) >> n).astype(np.int32)


@right
def requantize__loop(acc, mantissa, shift):
    away, up = np.zeros_like(acc), np.zeros_like(acc)
    for i, value in enumerate(acc.tolist()):
        high = (value * mantissa + 2**30) >> 31
        size = math.floor(abs(high) / 2**-shift + 0.5)
        away[i] = size if high >= 0 else -size
        up[i] = math.floor(high / 2**-shift + 0.5)
    return away, up


@right
def requantize__remainder(acc, mantissa, shift):
    high, n = high_mul(acc, mantissa), -shift
    mask = (1 << n) - 1
    rest, limit = high & mask, mask >> 1
    away = (high >> n) + (rest > limit + (high < 0))
    return [np.int32(away), np.int32((high >> n) + (rest > limit))]


# --- first_difference


@wrong
def first_difference__int8(ours, theirs):
    """The difference is in int8, or uint8"""
    places = np.argwhere(ours != theirs)
    if len(places) == 0:
        return 0, None, 0
    place = tuple(places[0])
    return len(places), place, int((ours - theirs)[place])


@wrong
def first_difference__uint8(ours, theirs):
    """127 - (-128) is 255, so make both values Python ints first"""
    count, place, by = first_difference__argwhere(ours, theirs)
    return count, place, int(np.uint8(by % 256))


@wrong
def first_difference__turned(ours, theirs):
    """The sign is turned"""
    count, place, by = first_difference__argwhere(ours, theirs)
    return count, place, -by


@wrong
def first_difference__no_sign(ours, theirs):
    """The sign is lost"""
    count, place, by = first_difference__argwhere(ours, theirs)
    return count, place, abs(by)


@wrong
def first_difference__equal(ours, theirs):
    """This counts the values that are equal"""
    _, place, by = first_difference__argwhere(ours, theirs)
    return int(np.sum(ours == theirs)), place, by


@wrong
def first_difference__sum(ours, theirs):
    """This adds the differences up"""
    _, place, by = first_difference__argwhere(ours, theirs)
    return int(np.abs(ours.astype(int) - theirs).sum()), place, by


@wrong
def first_difference__positive(ours, theirs):
    """Only one sign is counted"""
    _, place, by = first_difference__argwhere(ours, theirs)
    return int(np.sum(ours > theirs)), place, by


@wrong
def first_difference__images(ours, theirs):
    """This counts the images that differ"""
    _, place, by = first_difference__argwhere(ours, theirs)
    differ = [not np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True)]
    return sum(differ), place, by


@wrong
def first_difference__last(ours, theirs):
    """This is the last place that differs"""
    count, found, by = 0, None, 0
    for place in np.ndindex(ours.shape):
        if ours[place] != theirs[place]:
            count, found = count + 1, place
            by = int(ours[place]) - int(theirs[place])
    return count, found, by


@wrong
def first_difference__largest(ours, theirs):
    """This is the largest difference"""
    by = ours.astype(int) - theirs
    if not by.any():
        return 0, None, 0
    place = np.unravel_index(np.argmax(np.abs(by)), by.shape)
    return np.count_nonzero(by), place, by[place]


@wrong
def first_difference__largest_in_int8(ours, theirs):
    """the first one is asked, whatever its size"""
    by = ours.astype(int) - theirs
    if not by.any():
        return 0, None, 0
    place = np.unravel_index(np.argmax(np.abs(ours - theirs)), by.shape)
    return np.count_nonzero(by), place, by[place]


@wrong
def first_difference__channels_first(ours, theirs):
    """The axes are looked at in another order"""
    count, found, by = 0, None, 0
    n, rows, columns, channels = ours.shape
    for i, c, y, x in np.ndindex(n, channels, rows, columns):
        if ours[i, y, x, c] != theirs[i, y, x, c]:
            count += 1
            if found is None:
                found = (i, y, x, c)
                by = int(ours[found]) - int(theirs[found])
    return count, found, by


@wrong
def first_difference__reordered(ours, theirs):
    """The index is in another order"""
    count, place, by = first_difference__argwhere(ours, theirs)
    return (count, place, by) if place is None else (count, place[::-1], by)


@wrong
def first_difference__flat(ours, theirs):
    """The place is one number, counted along memory"""
    a, b = ours.ravel().astype(int), theirs.ravel().astype(int)
    if np.array_equal(a, b):
        return 0, None, 0
    place = int(np.argmax(a != b))
    return int(np.sum(a != b)), place, int(a[place] - b[place])


@wrong
def first_difference__all_places(ours, theirs):
    """These are all places that differ"""
    count, place, by = first_difference__argwhere(ours, theirs)
    return count, None if place is None else np.argwhere(ours != theirs), by


@wrong
def first_difference__argmax_of_nothing(ours, theirs):
    """Where nothing differs this still names a place"""
    by = ours.astype(int) - theirs
    place = np.unravel_index(np.argmax(by != 0), by.shape)
    return np.count_nonzero(by), place, by[place]


@wrong
def first_difference__no_place(ours, theirs):
    """return (0, None, 0)"""
    count, place, by = first_difference__argwhere(ours, theirs)
    return count, place or (), by


@wrong
def first_difference__crash(ours, theirs):
    """raised IndexError"""
    places = np.argwhere(ours != theirs)
    place = tuple(places[0])
    return len(places), place, int(ours[place]) - int(theirs[place])


@wrong
def first_difference__nothing(ours, theirs):
    """you returned nothing"""
    if np.array_equal(ours, theirs):
        return None
    return first_difference__argwhere(ours, theirs)


@right
def first_difference__argwhere(ours, theirs):
    places = np.argwhere(ours != theirs)
    if len(places) == 0:
        return 0, None, 0
    place = tuple(map(int, places[0]))
    return len(places), place, int(ours[place]) - int(theirs[place])


@right
def first_difference__loop(ours, theirs):
    count, first, by = 0, None, 0
    for place in np.ndindex(ours.shape):
        difference = int(ours[place]) - int(theirs[place])
        if difference:
            count += 1
            if first is None:
                first, by = place, difference
    return count, first, by


@right
def first_difference__argmax(ours, theirs):
    by = ours.astype(np.int32) - theirs
    if not by.any():
        return [0, None, 0]
    place = np.unravel_index(np.argmax(by != 0), by.shape)
    return [np.count_nonzero(by), list(place), by[place]]


# --- table_softmax


def table(scale):
    return np.exp(-np.float32(scale) * np.arange(256, dtype=np.float32))


def shares(parts):
    total = parts.sum(axis=1, keepdims=True)
    return parts * (np.float32(1) / (total * np.float32(1 / 256)))


def below(scores):
    return scores.max(axis=1, keepdims=True).astype(int) - scores


def as_codes(values):
    return np.clip(np.floor(values + np.float32(0.5)) - 128, -128, 127).astype(np.int8)


@wrong
def table_softmax__int8_distances(scores, scale):
    """The distances are in int8"""
    distance = scores.max(axis=1, keepdims=True) - scores
    return as_codes(shares(np.exp(-np.float32(scale) * distance)))


@wrong
def table_softmax__no_maximum(scores, scale):
    """The largest score is not taken off"""
    real = np.exp(scale * scores.astype(float))
    return as_codes(real / real.sum(axis=1, keepdims=True) * 256)


@wrong
def table_softmax__largest_of_all(scores, scale):
    """This counts from the same score in all rows"""
    return as_codes(shares(table(scale)[scores.max().astype(int) - scores]))


@wrong
def table_softmax__largest_of_the_column(scores, scale):
    """The largest of each column is taken off"""
    real = np.exp(np.float32(scale) * (scores.astype(int) - scores.max(axis=0)))
    return as_codes(shares(real))


@wrong
def table_softmax__half_even(scores, scale):
    """Halves go to the even neighbour"""
    codes = np.round(shares(table(scale)[below(scores)])) - 128
    return np.clip(codes, -128, 127).astype(np.int8)


@wrong
def table_softmax__no_half(scores, scale):
    """Fractions are cut off"""
    codes = np.floor(shares(table(scale)[below(scores)])) - 128
    return np.clip(codes, -128, 127).astype(np.int8)


@wrong
def table_softmax__cast(scores, scale):
    """The cast cuts off toward zero"""
    codes = shares(table(scale)[below(scores)]) + 0.5 - 128
    return np.clip(codes, -128, 127).astype(np.int8)


@wrong
def table_softmax__no_zero_point(scores, scale):
    """The zero point is missing"""
    codes = np.floor(shares(table(scale)[below(scores)]) + 0.5)
    return np.clip(codes, -128, 127).astype(np.int8)


@wrong
def table_softmax__uint8(scores, scale):
    """a probability of 0 has the code -128"""
    codes = np.floor(shares(table(scale)[below(scores)]) + 0.5)
    return np.clip(codes, 0, 255).astype(np.uint8)


@wrong
def table_softmax__not_cut(scores, scale):
    """A class that is certain gets 128"""
    codes = np.floor(shares(table(scale)[below(scores)]) + 0.5).astype(int)
    return (codes - 128).astype(np.int8)


@wrong
def table_softmax__not_cut_either(scores, scale):
    """which int8 turns into -128: cut to -128 and 127 first"""
    return np.floor(shares(table(scale)[below(scores)]) + 0.5).astype(int) - 128


@wrong
def table_softmax__steps_of_255(scores, scale):
    """The codes are in steps of 1/255"""
    return as_codes(shares(table(scale)[below(scores)]) / 256 * 255)


@wrong
def table_softmax__probabilities(scores, scale):
    """These are probabilities"""
    parts = table(scale)[below(scores)]
    return parts / parts.sum(axis=1, keepdims=True)


@wrong
def table_softmax__no_scale(scores, scale):
    """The scale is left out"""
    return as_codes(shares(np.exp(-below(scores).astype(np.float32))))


@wrong
def table_softmax__growing(scores, scale):
    """The sign of the exponent is turned"""
    growing = np.exp(np.float32(scale) * np.arange(256, dtype=np.float32))
    with np.errstate(all="ignore"):
        return as_codes(np.nan_to_num(shares(growing[below(scores)]), nan=127.5))


@wrong
def table_softmax__powers_of_two(scores, scale):
    """These are powers of 2"""
    return as_codes(shares(np.exp2(-np.float32(scale) * below(scores))))


@wrong
def table_softmax__sum_over_images(scores, scale):
    """The sum goes over the images"""
    parts = table(scale)[below(scores)]
    return as_codes(parts / parts.sum(axis=0) * 256)


@wrong
def table_softmax__sum_over_all(scores, scale):
    """so sum with axis=1"""
    parts = table(scale)[below(scores)]
    return as_codes(256 * parts / parts.sum())


@wrong
def table_softmax__not_divided(scores, scale):
    """The entries are not divided by their sum"""
    return as_codes(256 * table(scale)[below(scores)])


@wrong
def table_softmax__int64(scores, scale):
    """int8 is expected"""
    return as_codes(shares(table(scale)[below(scores)])).astype(int)


@right
def table_softmax__float32(scores, scale):
    return as_codes(shares(table(scale)[below(scores)]))


@right
def table_softmax__float64(scores, scale):
    parts = np.exp(-scale * below(scores))
    share = 256 * parts / parts.sum(axis=1, keepdims=True)
    return np.minimum(np.floor(share + 0.5) - 128, 127).astype(np.int8)


@right
def table_softmax__loop(scores, scale):
    entries = [np.float32(math.exp(-scale * d)) for d in range(256)]
    codes = np.zeros_like(scores)
    for row, found in zip(scores, codes, strict=True):
        parts = [entries[int(row.max()) - int(q)] for q in row]
        total = np.float32(0)
        for part in parts:
            total += part
        inverse = np.float32(1) / (total * np.float32(1 / 256))
        for c, part in enumerate(parts):
            code = math.floor(part * inverse + np.float32(0.5)) - 128
            found[c] = max(-128, min(127, code))
    return codes


@right
def table_softmax__wrapped_index(scores, scale):
    distance = scores.max(axis=1, keepdims=True) - scores  # -1 is entry 255
    return as_codes(shares(table(scale)[distance]))


# --- peak_ram


@wrong
def peak_ram__all(sizes):
    """This adds up all tensors"""
    return sum(sizes)


@wrong
def peak_ram__largest(sizes):
    """This is the largest tensor alone"""
    return max(sizes)


@wrong
def peak_ram__twice(sizes):
    """This is twice the largest tensor"""
    return 2 * max(sizes)


@wrong
def peak_ram__two_largest(sizes):
    """These are the two largest tensors"""
    *_, second, largest = sorted(sizes)
    return second + largest


@wrong
def peak_ram__two_buffers(sizes):
    """This is what two buffers take"""
    return max(sizes[0::2]) + max(sizes[1::2])


@wrong
def peak_ram__beside_the_largest(sizes):
    """This looks at the largest tensor and its neighbours"""
    at = int(np.argmax(sizes))
    return sizes[at] + max([*sizes[max(at - 1, 0) : at], *sizes[at + 1 : at + 2]])


@wrong
def peak_ram__no_input(sizes):
    """The input is left out"""
    return max(a + b for a, b in pairwise(sizes[1:]))


@wrong
def peak_ram__no_output(sizes):
    """The output is left out"""
    return max(sizes[i] + sizes[i + 1] for i in range(len(sizes) - 2))


@wrong
def peak_ram__inside(sizes):
    """Input and output are left out"""
    return max(sizes[i] + sizes[i + 1] for i in range(1, len(sizes) - 2))


@wrong
def peak_ram__three(sizes):
    """This takes three tensors in a row"""
    return max(sum(sizes[i : i + 3]) for i in range(len(sizes) - 2))


@wrong
def peak_ram__apart(sizes):
    """These pairs do not overlap"""
    return max(sizes[i] + sizes[i + 1] for i in range(0, len(sizes) - 1, 2))


@wrong
def peak_ram__smallest(sizes):
    """This is the smallest pair"""
    return min(a + b for a, b in pairwise(sizes))


@wrong
def peak_ram__first(sizes):
    """This is what one layer needs"""
    return sizes[0] + sizes[1]


@wrong
def peak_ram__mean(sizes):
    """This is a mean over the layers"""
    return np.mean([a + b for a, b in pairwise(sizes)])


@wrong
def peak_ram__all_pairs(sizes):
    """These are the sums of all pairs"""
    return [a + b for a, b in pairwise(sizes)]


@wrong
def peak_ram__in_place(sizes):
    """changes its argument"""
    largest = sizes[0] + sizes[1]
    while len(sizes) > 1:
        largest = max(largest, sizes.pop() + sizes[-1])
    return largest


@right
def peak_ram__neighbours(sizes):
    return max(a + b for a, b in pairwise(sizes))


@right
def peak_ram__numpy(sizes):
    sizes = np.array(sizes)
    return np.max(sizes[:-1] + sizes[1:])


@right
def peak_ram__loop(sizes):
    peak, before = 0, sizes[0]
    for size in sizes[1:]:
        if before + size > peak:
            peak = before + size
        before = size
    return peak
