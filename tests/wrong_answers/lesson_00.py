"""Answers that people give to the exercises of lesson 00.

WRONG and RIGHT: {exercise: [functions]}. The docstring of a wrong answer is a part of
the sentence that its check must answer with.
"""

import math

import numpy as np

from tests.wrong_answers import catalogue

WRONG, RIGHT, wrong, right = catalogue()


# --- there_and_back


@wrong
def there_and_back__128(w, largest):
    """The step is largest / 128"""
    step = largest / 128
    code = round(w / step)
    return code, code * step


@wrong
def there_and_back__255(w, largest):
    """The step is largest / 255"""
    step = largest / 255
    code = round(w / step)
    return code, code * step


@wrong
def there_and_back__both_sides(w, largest):
    """half as long or twice as long"""
    step = (largest - -largest) / 255
    code = round(w / step)
    return code, code * step


@wrong
def there_and_back__int(w, largest):
    """The fraction is cut off"""
    step = largest / 127
    code = int(w / step)
    return code, code * step


@wrong
def there_and_back__unrounded(w, largest):
    """The code is not rounded"""
    step = largest / 127
    return w / step, w


@wrong
def there_and_back__error(w, largest):
    """The second number is the error"""
    step = largest / 127
    code = round(w / step)
    return code, w - code * step


@wrong
def there_and_back__itself(w, largest):
    """The second number is the weight itself"""
    return round(w * 127 / largest), w


@wrong
def there_and_back__divided(w, largest):
    """The way back divides by the step"""
    step = largest / 127
    code = round(w / step)
    return code, code / step


@wrong
def there_and_back__swapped(w, largest):
    """The two are swapped"""
    step = largest / 127
    code = round(w / step)
    return code * step, code


@wrong
def there_and_back__uint8(w, largest):
    """The code is 128 too high"""
    step = largest / 127
    code = round(w / step) + 128
    return code, (code - 128) * step


@right
def there_and_back__plain(w, largest):
    step = largest / 127
    code = round(w / step)
    return code, code * step


@right
def there_and_back__numpy(w, largest):
    code = np.rint(127 * w / largest).astype(np.int8)
    return [code, np.float32(code * (largest / 127))]


# --- packed_bytes


@wrong
def packed_bytes__bits(sizes, bits):
    """These are bits"""
    return sum(sizes) * bits


@wrong
def packed_bytes__down(sizes, bits):
    """The last byte of a tensor is lost"""
    return sum(n * bits // 8 for n in sizes)


@wrong
def packed_bytes__as_one(sizes, bits):
    """All tensors are packed as one"""
    return math.ceil(sum(sizes) * bits / 8)


@wrong
def packed_bytes__parts(sizes, bits):
    """Parts of bytes are counted"""
    return sum(sizes) * bits / 8


@wrong
def packed_bytes__nearest(sizes, bits):
    """To the nearest whole byte is not enough"""
    return sum(round(n * bits / 8) for n in sizes)


@wrong
def packed_bytes__a_byte_each(sizes, bits):
    """Each code has bytes of its own"""
    return sum(n * math.ceil(bits / 8) for n in sizes)


@wrong
def packed_bytes__gaps(sizes, bits):
    """so 3 bits leave no gap"""
    if bits >= 8:
        return sum(sizes) * bits // 8
    return sum(math.ceil(n / (8 // bits)) for n in sizes)


@wrong
def packed_bytes__one_more(sizes, bits):
    """One byte too many"""
    return sum(n * bits // 8 + 1 for n in sizes)


@wrong
def packed_bytes__each(sizes, bits):
    """These are the bytes of each tensor"""
    return [math.ceil(n * bits / 8) for n in sizes]


@right
def packed_bytes__ceil(sizes, bits):
    return sum(math.ceil(n * bits / 8) for n in sizes)


@right
def packed_bytes__numpy(sizes, bits):
    return np.sum((np.array(sizes) * bits + 7) // 8)


@right
def packed_bytes__loop(sizes, bits):
    total = 0
    for n in sizes:
        whole, rest = divmod(n * bits, 8)
        total += whole + (rest > 0)
    return total


# --- layer_energy


@wrong
def layer_energy__picojoules(inputs, outputs, mac_pj, byte_pj, bits):
    """This is in picojoules"""
    weights = inputs * outputs
    return weights * mac_pj + weights * bits / 8 * byte_pj


@wrong
def layer_energy__nanojoules(inputs, outputs, mac_pj, byte_pj, bits):
    """This is in nanojoules"""
    weights = inputs * outputs
    return (weights * mac_pj + weights * bits / 8 * byte_pj) / 1000


@wrong
def layer_energy__joules(inputs, outputs, mac_pj, byte_pj, bits):
    """This is in millijoules or joules"""
    weights = inputs * outputs
    return (weights * mac_pj + weights * bits / 8 * byte_pj) * 1e-12


@wrong
def layer_energy__bits(inputs, outputs, mac_pj, byte_pj, bits):
    """Each bit is paid like a byte"""
    weights = inputs * outputs
    return (weights * mac_pj + weights * bits * byte_pj) / 1e6


@wrong
def layer_energy__no_width(inputs, outputs, mac_pj, byte_pj, bits):
    """The width of the weights is left out"""
    return inputs * outputs * (mac_pj + byte_pj) / 1e6


@wrong
def layer_energy__arithmetic(inputs, outputs, mac_pj, byte_pj, bits):
    """Reading the weights is left out"""
    return inputs * outputs * mac_pj / 1e6


@wrong
def layer_energy__memory(inputs, outputs, mac_pj, byte_pj, bits):
    """The arithmetic is left out"""
    return inputs * outputs * bits / 8 * byte_pj / 1e6


@wrong
def layer_energy__added(inputs, outputs, mac_pj, byte_pj, bits):
    """Inputs and outputs are added"""
    return (inputs + outputs) * (mac_pj + bits / 8 * byte_pj) / 1e6


@wrong
def layer_energy__inputs(inputs, outputs, mac_pj, byte_pj, bits):
    """The inputs are read, but not the weights"""
    return (inputs * outputs * mac_pj + inputs * bits / 8 * byte_pj) / 1e6


@right
def layer_energy__plain(inputs, outputs, mac_pj, byte_pj, bits):
    weights = inputs * outputs
    return (weights * mac_pj + weights * bits / 8 * byte_pj) / 1e6


@right
def layer_energy__each(inputs, outputs, mac_pj, byte_pj, bits):
    return np.full((inputs, outputs), mac_pj + byte_pj * bits / 8).sum() * 1e-6


# --- whole_speedup


@wrong
def whole_speedup__time(share, factor):
    """This is the new time as a part of the old one"""
    return (1 - share) + share / factor


@wrong
def whole_speedup__no_rest(share, factor):
    """What does not change is left out"""
    return 1 / (share / factor)


@wrong
def whole_speedup__the_part(share, factor):
    """This is the speed-up of the part alone"""
    return factor


@wrong
def whole_speedup__mean(share, factor):
    """This is a mean of the two speeds"""
    return share * factor + (1 - share) * 1


@wrong
def whole_speedup__other_share(share, factor):
    """The share is taken for the part that does not change"""
    return 1 / (share + (1 - share) / factor)


@wrong
def whole_speedup__slower(share, factor):
    """it becomes shorter, so divide"""
    return 1 / (1 - share + share * factor)


@wrong
def whole_speedup__product(share, factor):
    """This is the share times the factor"""
    return share * factor


@wrong
def whole_speedup__saved(share, factor):
    """This is the time that is saved"""
    return share * (1 - 1 / factor)


@right
def whole_speedup__amdahl(share, factor):
    return 1 / ((1 - share) + share / factor)


@right
def whole_speedup__in_seconds(share, factor):
    before = 10.0
    after = 10.0 * (1 - share) + 10.0 * share / factor
    return before / after


# --- widest


@wrong
def widest__narrowest(weights, flash, reserved):
    """This is the narrowest width"""
    for bits in (2, 4, 8, 16, 32):
        if weights * bits / 8 + reserved <= flash:
            return bits
    return 0


@wrong
def widest__nothing_reserved(weights, flash, reserved):
    """The reserved bytes are left out"""
    for bits in (32, 16, 8, 4, 2):
        if weights * bits / 8 <= flash:
            return bits
    return 0


@wrong
def widest__bits_as_bytes(weights, flash, reserved):
    """A weight is given as many bytes as it has bits"""
    for bits in (32, 16, 8, 4, 2):
        if weights * bits + reserved <= flash:
            return bits
    return 0


@wrong
def widest__less(weights, flash, reserved):
    """What fills the flash to the last byte is refused"""
    for bits in (32, 16, 8, 4, 2):
        if weights * bits / 8 < flash - reserved:
            return bits
    return 0


@wrong
def widest__two_at_least(weights, flash, reserved):
    """Where nothing fits a width is returned all the same"""
    for bits in (32, 16, 8, 4):
        if weights * bits / 8 + reserved <= flash:
            return bits
    return 2


@wrong
def widest__bytes(weights, flash, reserved):
    """These are the bytes"""
    sizes = [weights * bits / 8 for bits in (32, 16, 8, 4, 2)]
    return max([size for size in sizes if size + reserved <= flash], default=0)


@wrong
def widest__any(weights, flash, reserved):
    """This is any number of bits"""
    return (flash - reserved) * 8 // weights


@wrong
def widest__no_16(weights, flash, reserved):
    """16 bits are left out"""
    for bits in (32, 8, 4, 2):
        if weights * bits / 8 + reserved <= flash:
            return bits
    return 0


@wrong
def widest__all(weights, flash, reserved):
    """These are all widths that fit"""
    widths = (32, 16, 8, 4, 2)
    return [bits for bits in widths if weights * bits / 8 + reserved <= flash]


@right
def widest__loop(weights, flash, reserved):
    for bits in (32, 16, 8, 4, 2):
        if weights * bits <= 8 * (flash - reserved):
            return bits
    return 0


@right
def widest__max(weights, flash, reserved):
    room = flash - reserved
    fitting = [bits for bits in (2, 4, 8, 16, 32) if weights * bits / 8 <= room]
    return max(fitting, default=0)
