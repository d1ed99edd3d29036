"""Codes of unequal length: what occurs often gets few bits.

Shannon's entropy says how few bits a code could take on average, Huffman's construction
finds whole lengths that come within one bit of it:

    entropy = sum p log2(1 / p)  <=  sum p length  <  entropy + 1

for two symbols or more.

Introduced in lesson 03, "Bytes, honestly".
"""

import heapq

import numpy as np
from numpy.typing import ArrayLike

from qlib._checked import code_array, count_row, whole_number

LONGEST = 64  # bits of a code that can be written


def entropy_bits(counts: ArrayLike) -> float:
    """Return Shannon's entropy sum p log2(1 / p), in bits a symbol, with p from counts.

    Args:
        counts: how often each symbol occurs, shape (k,); those with 0 add nothing.

    Raises:
        TypeError: counts are no numbers.
        ValueError: counts are not one row, negative, or all 0.

    Source: Shannon 1948, "A Mathematical Theory of Communication", section 6.

    Example:
        >>> entropy_bits([2, 1, 1, 0])
        1.5
    """
    counts = count_row(counts)
    p = counts[counts > 0] / counts.sum()
    return float(np.sum(p * -np.log2(p))) + 0.0


def huffman_lengths(counts: ArrayLike) -> np.ndarray:
    """Return how many bits each symbol gets in a Huffman code; 0 where it never occurs.

    The two rarest symbols are joined to one, again and again; each joining makes the
    codes of all symbols in it one bit longer. A symbol that is alone gets one bit.

    Args:
        counts: how often each symbol occurs, shape (k,).

    Returns:
        int array of shape (k,).

    Raises:
        TypeError, ValueError: as `entropy_bits`.

    Source: Huffman 1952, "A Method for the Construction of Minimum-Redundancy Codes"
    (Proc. IRE 40).

    Example:
        >>> huffman_lengths([5, 1, 0, 2])
        array([1, 2, 0, 2])
    """
    counts = count_row(counts)
    lengths = np.zeros(len(counts), np.int64)
    present = np.flatnonzero(counts)
    if len(present) == 1:
        lengths[present] = 1
        return lengths
    heap = [(float(counts[i]), int(i), [int(i)]) for i in present]
    heapq.heapify(heap)
    while len(heap) > 1:
        rare, rarer = heapq.heappop(heap), heapq.heappop(heap)
        joined = rare[2] + rarer[2]
        lengths[joined] += 1
        heapq.heappush(heap, (rare[0] + rarer[0], min(rare[1], rarer[1]), joined))
    return lengths


def huffman_encode(codes: ArrayLike, lengths: ArrayLike) -> np.ndarray:
    """Return the bits of all codes one after the other, in bytes, highest bit first.

    Args:
        codes: integer array of any shape, from 0 to k - 1.
        lengths: bits of each code, shape (k,), as `huffman_lengths` gives them: all
            a reader needs, for codes of one length count upwards (canonical).

    Returns:
        uint8 array of ceil(total bits / 8) bytes; the bits left over are 0.

    Raises:
        TypeError: codes or lengths are no integers.
        ValueError: a code has no length; lengths are no prefix code, or beyond 64.

    Source: Schwartz and Kallick 1964, "Generating a canonical prefix encoding".

    Example:
        >>> huffman_encode(np.array([0, 3, 0, 1]), [1, 2, 0, 2])
        array([104], dtype=uint8)
    """
    codes = code_array(codes, "codes").reshape(-1)
    words, lengths = _words(lengths)
    if codes.min() < 0 or codes.max() >= len(lengths):
        raise ValueError(
            f"codes run from {codes.min()} to {codes.max()}: there are lengths for 0 "
            f"to {len(lengths) - 1}."
        )
    own = lengths[codes]
    if not own.all():
        raise ValueError(
            f"code {codes[own.argmin()]} has length 0: make the lengths from the "
            "counts of these codes."
        )
    bits = np.repeat(words[codes], own)  # each word once for each of its bits
    place = np.repeat(np.cumsum(own), own) - 1 - np.arange(own.sum())
    return np.packbits((bits >> place.astype(np.uint64)).astype(np.uint8) & 1)


def huffman_decode(packed: ArrayLike, lengths: ArrayLike, n: int) -> np.ndarray:
    """Return the first n codes that `huffman_encode` wrote.

    Args:
        packed: uint8 array of shape (bytes,).
        lengths: as for `huffman_encode`.
        n: number of codes.

    Returns:
        int64 array of shape (n,).

    Raises:
        TypeError: packed is not uint8, lengths are no integers, n no whole number.
        ValueError: the bytes end too early, or lengths are no prefix code.

    Source: as `huffman_encode`.

    Example:
        >>> huffman_decode(np.array([104], np.uint8), [1, 2, 0, 2], n=4)
        array([0, 3, 0, 1])
    """
    packed = code_array(packed, "packed")
    if packed.dtype != np.uint8 or packed.ndim != 1:
        raise TypeError(f"packed is {packed.dtype}: a flat uint8 array is needed.")
    words, lengths = _words(lengths)
    symbols = {
        (int(length), int(word)): symbol
        for symbol, (length, word) in enumerate(zip(lengths, words, strict=True))
        if length
    }
    bits, found, length, word = np.unpackbits(packed).tolist(), [], 0, 0
    n, stream = whole_number(n, "n", 0, 2**40), iter(bits)
    while len(found) < n:
        bit = next(stream, None)
        if bit is None or length == LONGEST:
            raise ValueError(
                f"only {len(found)} of {n} codes were found in {len(packed)} bytes: "
                "are bytes missing, or are these lengths of other codes?"
            )
        length, word = length + 1, 2 * word + bit
        symbol = symbols.get((length, word))
        if symbol is not None:
            found.append(symbol)
            length, word = 0, 0
    return np.array(found, dtype=np.int64)


def _words(lengths: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Return (the word of each symbol, lengths): short ones first, counting upwards."""
    lengths = code_array(lengths, "lengths").astype(np.int64)
    used = lengths[lengths > 0]
    if lengths.ndim != 1 or lengths.min() < 0 or lengths.max() > LONGEST:
        raise ValueError(f"lengths must be one row of 0 to {LONGEST} bits.")
    if not len(used) or sum(2 ** (LONGEST - int(b)) for b in used) > 2**LONGEST:
        raise ValueError(
            "these lengths are no prefix code: sum 2**-length must be above 0 and at "
            "most 1 (Kraft). Make them with huffman_lengths(counts)."
        )
    words, word, before = np.zeros(len(lengths), np.uint64), 0, 0
    for symbol in np.argsort(lengths, kind="stable"):
        if lengths[symbol]:
            word <<= int(lengths[symbol]) - before
            before = int(lengths[symbol])
            words[symbol] = word
            word += 1
    return words, lengths
