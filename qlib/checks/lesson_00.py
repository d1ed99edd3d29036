"""The exercises of lesson 00: what is right, and the mistakes that people make."""

import math

from qlib.checks.exercise import Exercise, mistakes_of, progress_over

WIDTHS = (32, 16, 8, 4, 2)


# --- Exercise 1: one weight w, the largest size a


def _trip(
    step=lambda a: a / 127,
    whole=round,
    code=lambda q: q,
    back=lambda q, s, w: q * s,
):
    """Return (code, what comes back) with one step done another way."""

    def trip(w, a):
        s = step(a)
        q = code(whole(w / s))
        return q, back(q, s, w)

    return trip


_there_and_back = _trip()

_THERE_AND_BACK_MISTAKES = {
    "The step is largest / 128: the codes run from -127 to 127, so 127 steps lead from "
    "0 to the largest weight.": _trip(lambda a: a / 128),
    "The step is largest / 255, so large weights get codes that int8 does not hold: "
    "there are 127 steps on each side of 0.": _trip(lambda a: a / 255),
    "The step is half as long or twice as long as it should be: 127 steps lead from 0 "
    "to the largest weight.": [
        _trip(lambda a: a / 254),
        _trip(lambda a: 2 * a / 127),
        _trip(lambda a: 2 * a / 255),
    ],
    "The fraction is cut off: take the nearest whole number.": [
        _trip(whole=math.trunc),
        _trip(whole=math.floor),
        _trip(whole=math.ceil),
    ],
    "The code is not rounded: a code is a whole number, and that is where the error "
    "comes from.": _trip(whole=lambda v: v),
    "The weight is rounded before it is divided: count the steps first, then "
    "round.": lambda w, a: (round(w) / (a / 127), round(w)),
    "The second number is the error: return what comes back, code times step.": [
        _trip(back=lambda q, s, w: w - q * s),
        _trip(back=lambda q, s, w: q * s - w),
        _trip(back=lambda q, s, w: abs(w - q * s)),
    ],
    "The second number is the weight itself: only the code is stored, so what comes "
    "back is code times step.": _trip(back=lambda q, s, w: w),
    "The way back divides by the step: multiply.": _trip(back=lambda q, s, w: q / s),
    "The second number is the step: multiply the code by it.": _trip(
        back=lambda q, s, w: s
    ),
    "The code is 128 too high, as for uint8: 0 has the code 0 here.": [
        _trip(code=lambda q: q + 128),
        _trip(code=lambda q: q + 128, back=lambda q, s, w: (q - 128) * s),
    ],
    "The two are swapped: the code comes first.": lambda w, a: _there_and_back(w, a)[
        ::-1
    ],
    "The sign is lost: negative weights have negative codes.": _trip(
        whole=lambda v: round(abs(v))
    ),
}

there_and_back = Exercise(
    "Exercise 1",
    _there_and_back,
    [(0.3, 1.0), (-0.7, 1.0), (1.0, 1.0), (-2.6, 8.0), (0.0045, 0.5), (3.3, 4.0)],
    mistakes_of(_THERE_AND_BACK_MISTAKES),
    praise="right: eight bits are stored, and the error is at most half a step.",
)


# --- Exercise 2: (sizes, bits) are n (a list), b


def _up(bits):
    return -(-bits // 8)


def _whole(n, b):
    return sum(_up(size * b) for size in n)


_PACKED_BYTES_MISTAKES = {
    "These are bits: a byte holds eight of them.": lambda n, b: sum(n) * b,
    "The last byte of a tensor is lost where it is not full: round up.": [
        lambda n, b: sum(size * b // 8 for size in n),
        lambda n, b: sum(n) * b // 8,
    ],
    "All tensors are packed as one: each begins with a byte of its own, so round up "
    "for each.": lambda n, b: _up(sum(n) * b),
    "Parts of bytes are counted: memory has whole bytes, so round up.": lambda n, b: (
        sum(n) * b / 8
    ),
    "To the nearest whole byte is not enough: a byte that is begun is taken "
    "whole.": lambda n, b: sum(round(size * b / 8) for size in n),
    "Each code has bytes of its own: small codes share one, so round up once for a "
    "tensor, not for every code.": lambda n, b: sum(n) * _up(b),
    "No code reaches over the end of a byte here: they follow each other bit by bit, "
    "so 3 bits leave no gap.": lambda n, b: sum(
        -(-size // (8 // b)) if b < 8 else size * b // 8 for size in n
    ),
    "One byte too many: where the last byte is full, none is added.": lambda n, b: sum(
        size * b // 8 + 1 for size in n
    ),
    "The number of tensors is taken for their sizes: add up the sizes.": lambda n, b: (
        _up(len(n) * b)
    ),
    "This is the first tensor alone: add up all.": lambda n, b: _up(n[0] * b),
    "These are the bytes of each tensor: add them up.": lambda n, b: tuple(
        _up(size * b) for size in n
    ),
    "These are words of 4 bytes: round up to whole bytes.": lambda n, b: sum(
        -(-size * b // 32) * 4 for size in n
    ),
}

packed_bytes = Exercise(
    "Exercise 2",
    _whole,
    [
        ([3, 5], 4),
        ([10], 2),
        ([7, 9, 1], 3),
        ([7, 7], 3),
        ([288, 346_112, 640], 8),
        ([288, 346_112, 640], 4),
        ([5, 6], 16),
        ([4, 11], 32),
        ([1, 1, 1], 2),
    ],
    mistakes_of(_PACKED_BYTES_MISTAKES),
    rtol=1e-9,
    praise="right: small codes share bytes, and tensors do not.",
)


# --- Exercise 3: (inputs, outputs, mac_pj, byte_pj, bits) are i, o, m, p, b


def _energy(
    count=lambda i, o: i * o,
    arithmetic=1,
    size=lambda n, b: n * b / 8,
    unit=1e-6,
):
    """Return the energy of a layer with one part of the sum done another way."""

    def energy(i, o, m, p, b):
        n = count(i, o)
        return unit * (arithmetic * n * m + size(n, b) * p)

    return energy


_LAYER_ENERGY_MISTAKES = {
    "This is in picojoules: a microjoule is a million of them.": _energy(unit=1),
    "This is in nanojoules: a microjoule is a million picojoules.": _energy(unit=1e-3),
    "This is in millijoules or joules: a microjoule is a million picojoules.": [
        _energy(unit=1e-9),
        _energy(unit=1e-12),
    ],
    "This multiplies by a million: the picojoule is the smaller unit, so "
    "divide.": _energy(unit=1e6),
    "Each bit is paid like a byte: divide the bits by 8.": _energy(
        size=lambda n, b: n * b
    ),
    "The width of the weights is left out: a weight takes bits / 8 bytes.": _energy(
        size=lambda n, b: n
    ),
    "All weights are read as 4 bytes: a weight takes bits / 8.": _energy(
        size=lambda n, b: 4 * n
    ),
    "Reading the weights is left out: it costs most of all.": _energy(
        size=lambda n, b: 0
    ),
    "The arithmetic is left out: each weight is multiplied once.": _energy(
        arithmetic=0
    ),
    "Inputs and outputs are added: each output has a weight for each input, so "
    "multiply them.": _energy(lambda i, o: i + o),
    "These are the weights of one output: there are inputs times outputs.": _energy(
        lambda i, o: i
    ),
    "Multiply-adds are counted twice: mac_pj is the price of both parts.": _energy(
        arithmetic=2
    ),
    "The bits are turned round: bytes are bits / 8.": _energy(
        size=lambda n, b: n * 8 / b
    ),
    "The inputs are read, but not the weights: a layer has inputs times outputs "
    "weights.": lambda i, o, m, p, b: 1e-6 * (i * o * m + i * b / 8 * p),
}

layer_energy = Exercise(
    "Exercise 3",
    _energy(),
    [
        (100, 10, 4.6, 162.5, 32),
        (100, 10, 0.3, 162.5, 8),
        (5408, 64, 0.3, 1.25, 8),
        (5408, 64, 0.3, 162.5, 4),
        (64, 10, 1.5, 12.5, 16),
        (1000, 1000, 2.0, 100.0, 2),
    ],
    mistakes_of(_LAYER_ENERGY_MISTAKES),
    praise="right: and nearly all of it is the memory.",
)


# --- Exercise 4: (share, factor) are s, f

_WHOLE_SPEEDUP_MISTAKES = {
    "This is the new time as a part of the old one: the speed-up is 1 divided by "
    "it.": lambda s, f: 1 - s + s / f,
    "What does not change is left out: the rest, 1 - share, takes as long as before.": [
        lambda s, f: f / s,
        lambda s, f: s / f,
    ],
    "The rest is counted whole: it is 1 - share.": lambda s, f: 1 / (1 + s / f),
    "This is the speed-up of the part alone: the rest takes as long as "
    "before.": lambda s, f: f,
    "This is a mean of the two speeds: add the times, not the speeds.": lambda s, f: (
        1 - s + s * f
    ),
    "The share is taken for the part that does not change: share is what becomes "
    "faster.": lambda s, f: 1 / (s + (1 - s) / f),
    "The time of the part is multiplied by the factor: it becomes shorter, so "
    "divide.": lambda s, f: 1 / (1 - s + s * f),
    "This is the speed-up for an endless factor: the part still takes share / "
    "factor.": lambda s, f: 1 / (1 - s),
    "This is the time that is saved: the speed-up is the old time divided by the "
    "new.": lambda s, f: s - s / f,
    "This is the share times the factor: add up the new times of both parts and divide "
    "1 by the sum.": [lambda s, f: s * f, lambda s, f: 1 + s * f],
    "This is a per cent: return the old time divided by the new.": [
        lambda s, f: 100 / (1 - s + s / f),
        lambda s, f: 100 * (1 / (1 - s + s / f) - 1),
    ],
    "1 is taken off: twice as fast is a speed-up of 2.": lambda s, f: (
        1 / (1 - s + s / f) - 1
    ),
}

whole_speedup = Exercise(
    "Exercise 4",
    lambda s, f: 1 / (1 - s + s / f),
    [(0.5, 4), (0.8, 4), (0.99, 4), (0.1, 4), (0.95, 16), (0.3, 0.5), (0.47, 1.0)],
    mistakes_of(_WHOLE_SPEEDUP_MISTAKES),
    praise="right: what stays slow decides.",
)


# --- Exercise 5: (weights, flash, reserved) are w, f, r


def _width(
    widths=WIDTHS,
    fits=lambda w, b, f, r: w * b / 8 + r <= f,
    none=0,
):
    """Return the first of the widths that fits, or none."""

    def width(w, f, r):
        return next((b for b in widths if fits(w, b, f, r)), none)

    return width


_WIDEST_MISTAKES = {
    "This is the narrowest width: of those that fit the widest is asked, so begin with "
    "32.": _width(WIDTHS[::-1]),
    "The reserved bytes are left out: the program takes its part of the flash.": _width(
        fits=lambda w, b, f, r: w * b / 8 <= f
    ),
    "The reserved bytes are added to the flash: they are taken away from it.": _width(
        fits=lambda w, b, f, r: w * b / 8 <= f + r
    ),
    "A weight is given as many bytes as it has bits: divide by 8.": _width(
        fits=lambda w, b, f, r: w * b + r <= f
    ),
    "What fills the flash to the last byte is refused: it fits.": _width(
        fits=lambda w, b, f, r: w * b / 8 + r < f
    ),
    "Where nothing fits a width is returned all the same: return 0.": _width(none=2),
    "Where nothing fits, 0 is asked: not -1.": _width(none=-1),
    "16 bits are left out: the widths are 32, 16, 8, 4 and 2.": _width((32, 8, 4, 2)),
    "The widths below 8 bits are left out: codes of 4 and 2 bits share bytes.": _width(
        (32, 16, 8)
    ),
    "These are the bytes: return the bits a weight.": lambda w, f, r: next(
        (w * b / 8 for b in WIDTHS if w * b / 8 + r <= f), 0
    ),
    "This is any number of bits: take one of 32, 16, 8, 4 and 2.": [
        lambda w, f, r: max(0, (f - r) * 8 // w),
        lambda w, f, r: max(0, min(32, (f - r) * 8 // w)),
    ],
    "These are all widths that fit: return the widest.": lambda w, f, r: tuple(
        b for b in WIDTHS if w * b / 8 + r <= f
    ),
}

widest = Exercise(
    "Exercise 5",
    _width(),
    [
        (1000, 3000, 500),
        (1000, 4500, 500),
        (347_040, 512 * 1024, 60 * 1024),
        (347_040, 1024 * 1024, 60 * 1024),
        (347_040, 64 * 1024, 60 * 1024),
        (347_040, 2048 * 1024, 60 * 1024),
        (1000, 900, 500),
        (1000, 1100, 850),
        (1000, 1450, 500),
    ],
    mistakes_of(_WIDEST_MISTAKES),
    rtol=1e-9,
    praise="right: as many bits as the flash allows.",
)

EXERCISES: dict[str, Exercise] = {
    "there_and_back": there_and_back,
    "packed_bytes": packed_bytes,
    "layer_energy": layer_energy,
    "whole_speedup": whole_speedup,
    "widest": widest,
}

progress = progress_over(EXERCISES)
