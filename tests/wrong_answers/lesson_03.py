"""Answers that people give to the exercises of lesson 03.

WRONG and RIGHT: {exercise: [functions]}. The docstring of a wrong answer is a part of
the sentence that its check must answer with.
"""

import math
from collections import Counter

import numpy as np

from tests.wrong_answers import catalogue

WRONG, RIGHT, wrong, right = catalogue()


# --- reach_for


@wrong
def reach_for__signs(x, percentile):
    """The signs are left in"""
    return np.percentile(x, percentile)


@wrong
def reach_for__magnitude_at_the_end(x, percentile):
    """so sort the magnitudes"""
    return abs(sorted(x.ravel())[math.ceil(percentile * x.size / 100) - 1])


@wrong
def reach_for__blend(x, percentile):
    """np.percentile blends them"""
    return np.percentile(np.abs(x), percentile)


@wrong
def reach_for__higher(x, percentile):
    """counts the n - 1 steps"""
    return np.percentile(np.abs(x), percentile, method="higher")


@wrong
def reach_for__clipped_index(x, percentile):
    """the third value has index 2"""
    ordered = np.sort(np.abs(x).ravel())
    return ordered[min(int(percentile / 100 * x.size), x.size - 1)]


@wrong
def reach_for__index_error(x, percentile):
    """your function raised IndexError"""
    return np.sort(np.abs(x).ravel())[int(percentile / 100 * x.size)]


@wrong
def reach_for__below(x, percentile):
    """you returned nothing"""
    magnitudes = np.abs(x)
    for reach in np.sort(magnitudes, axis=None):
        if 100 * np.sum(magnitudes < reach) >= percentile * x.size:
            return float(reach)


@wrong
def reach_for__one_too_far(x, percentile):
    """the value number k has index k - 1"""
    k = math.ceil(percentile * x.size / 100)
    return np.append(np.sort(np.abs(x), axis=None), np.abs(x).max())[k]


@wrong
def reach_for__rounds_down(x, percentile):
    """rounds p percent of n down"""
    return np.sort(np.abs(x), axis=None)[int(percentile * x.size / 100) - 1]


@wrong
def reach_for__rounds(x, percentile):
    """to the nearest number"""
    return np.sort(np.abs(x), axis=None)[round(percentile * x.size / 100) - 1]


@wrong
def reach_for__fraction(x, percentile):
    """whatever the percentile"""
    return np.sort(np.abs(x), axis=None)[min(int(percentile * x.size), x.size) - 1]


@wrong
def reach_for__the_rest(x, percentile):
    """This leaves p percent out"""
    ordered = np.sort(np.abs(x), axis=None)[::-1]
    return ordered[math.ceil(percentile * x.size / 100) - 1]


@wrong
def reach_for__two_ends(x, percentile):
    """half of the rest at either end"""
    rest = (100 - percentile) / 2
    low, high = np.percentile(x, rest), np.percentile(x, 100 - rest)
    return max(abs(low), abs(high))


@wrong
def reach_for__of_the_maximum(x, percentile):
    """percent of the largest magnitude"""
    return np.abs(x).max() * percentile / 100


@wrong
def reach_for__rows(x, percentile):
    """This counts len(x)"""
    ordered = np.sort(np.abs(x), axis=None)
    return ordered[math.ceil(percentile * len(x) / 100) - 1]


@wrong
def reach_for__distinct(x, percentile):
    """Each magnitude counts once"""
    magnitudes = np.unique(np.abs(x))
    return magnitudes[math.ceil(percentile * len(magnitudes) / 100) - 1]


@right
def reach_for__ceil(x, percentile):
    return np.sort(np.abs(x), axis=None)[math.ceil(percentile * x.size / 100) - 1]


@right
def reach_for__inverted_cdf(x, percentile):
    return float(np.percentile(np.abs(x), percentile, method="inverted_cdf"))


@right
def reach_for__loop(x, percentile):
    values = [abs(v) for v in x.ravel().tolist()]
    for reach in sorted(values):
        if sum(v <= reach for v in values) * 100 >= percentile * len(values):
            return reach


@right
def reach_for__cumulative(x, percentile):
    values, counts = np.unique(np.abs(x), return_counts=True)
    return values[np.argmax(100 * np.cumsum(counts) >= percentile * x.size)]


# --- halve


def pairs(counts):
    return np.append(counts, [0] * (len(counts) % 2)).reshape(-1, 2).astype(int)


def aligned(start, counts):
    return pairs(np.append([0] * (start % 2), counts))


@wrong
def halve__from_the_first(start, counts):
    """The pairs begin at the first bin"""
    return start // 2, pairs(counts).sum(axis=1)


@wrong
def halve__drops_the_last(start, counts):
    """A last bin without a partner is dropped"""
    if start % 2:
        counts = np.insert(counts, 0, 0)
    n = len(counts) // 2
    return start // 2, counts[: 2 * n].reshape(n, 2).sum(1)


@wrong
def halve__odd_length(start, counts):
    """A zero goes in front when the number of bins is odd"""
    if len(counts) % 2:
        counts = np.insert(counts, 0, 0)
    return start // 2, counts[::2] + counts[1::2]


@wrong
def halve__towards_zero(start, counts):
    """A negative start is cut off towards 0"""
    return int(start / 2), aligned(start, counts).sum(axis=1)


@wrong
def halve__start_stays(start, counts):
    """The start is left as it is"""
    return start, aligned(start, counts).sum(axis=1)


@wrong
def halve__half_a_bin(start, counts):
    """The start is a fraction"""
    return start / 2, aligned(start, counts).sum(axis=1)


@wrong
def halve__rounds_up(start, counts):
    """one too far up"""
    return math.ceil(start / 2), aligned(start, counts).sum(axis=1)


@wrong
def halve__mean(start, counts):
    """This takes means"""
    return start // 2, aligned(start, counts).mean(axis=1)


@wrong
def halve__every_second(start, counts):
    """takes every second bin"""
    return start // 2, counts[::2]


@wrong
def halve__added_once(start, counts):
    """np.add.at adds all"""
    owner = (start + np.arange(len(counts))) // 2 - start // 2
    new = np.zeros(owner[-1] + 1, np.int64)
    new[owner] += counts
    return start // 2, new


@wrong
def halve__one_too_long(start, counts):
    """an empty bin too many at the upper end"""
    new = np.zeros(len(counts) // 2 + 1, np.int64)
    for i, count in enumerate(counts):
        new[(start + i) // 2 - start // 2] += count
    return start // 2, new


@wrong
def halve__empty_first(start, counts):
    """an empty bin too many at the lower end"""
    return start // 2 - 1, np.insert(aligned(start, counts).sum(axis=1), 0, 0)


@wrong
def halve__swapped(start, counts):
    """the start comes first"""
    return aligned(start, counts).sum(axis=1), start // 2


@wrong
def halve__counts_alone(start, counts):
    """a tuple of 2 values is expected"""
    return aligned(start, counts).sum(axis=1)


@right
def halve__padded(start, counts):
    return start // 2, aligned(start, counts).sum(axis=1)


@right
def halve__add_at(start, counts):
    owner = (start + np.arange(len(counts))) // 2 - start // 2
    new = np.zeros(owner[-1] + 1, counts.dtype)
    np.add.at(new, owner, counts)
    return np.int64(start // 2), new


@right
def halve__weights(start, counts):
    owner = np.arange(start, start + len(counts)) // 2
    return int(owner[0]), np.bincount(owner - owner[0], weights=counts)


@right
def halve__loop(start, counts):
    bins = {}
    for i, count in enumerate(counts.tolist()):
        number = math.floor((start + i) / 2)
        bins[number] = bins.get(number, 0) + count
    return [min(bins), [bins[number] for number in sorted(bins)]]


# --- kl


def shares(p, q):
    return p / p.sum(), q / q.sum()


@wrong
def kl__nan(p, q):
    """An empty bin of p becomes NaN"""
    p, q = shares(p, q)
    return np.sum(p * np.log(p / q))


@wrong
def kl__left_out(p, q):
    """Bins where q is 0 and p is not are left out"""
    total = 0.0
    for a, b in zip(*shares(p, q), strict=True):
        if a == 0 or b == 0:
            continue
        total += a * math.log(a / b)
    return total


@wrong
def kl__zero_for_infinity(p, q):
    """nothing else is further away"""
    if np.any((q == 0) & (p > 0)):
        return 0.0
    p, q = shares(p, q)
    return np.nansum(p * np.log(p / q))


@wrong
def kl__counts(p, q):
    """not divided by their sums"""
    return np.nansum(p * np.log(p / q))


@wrong
def kl__q_as_it_is(p, q):
    """Only p is divided by its sum"""
    p = p / p.sum()
    return np.nansum(p * np.log(p / q))


@wrong
def kl__bits(p, q):
    """This is in bits"""
    p, q = shares(p, q)
    return np.nansum(p * np.log2(p / q))


@wrong
def kl__swapped(p, q):
    """The two are swapped"""
    p, q = shares(p, q)
    return np.sum(q * np.log(q / p))


@wrong
def kl__minus(p, q):
    """The sign is turned"""
    p, q = shares(p, q)
    return -np.sum(p * np.log(p / q))


@wrong
def kl__no_weight(p, q):
    """The weight p in front"""
    p, q = shares(p, q)
    return np.sum(np.log(p) - np.log(q))


@wrong
def kl__mean(p, q):
    """This is a mean"""
    p, q = shares(p, q)
    return np.nansum(p * np.log(p / q)) / len(p)


@wrong
def kl__cross_entropy(p, q):
    """This is the cross-entropy"""
    p, q = shares(p, q)
    return -np.sum(p * np.log(q))


@wrong
def kl__total_variation(p, q):
    """This adds up |p - q|"""
    p, q = shares(p, q)
    return np.abs(p - q).sum()


@wrong
def kl__jensen_shannon(p, q):
    """This is the Jensen-Shannon divergence"""
    p, q = shares(p, q)
    m = (p + q) / 2
    return np.nansum(p * np.log(p / m)) / 2 + np.nansum(q * np.log(q / m)) / 2


@wrong
def kl__both_directions(p, q):
    """Both directions are added up"""
    p, q = shares(p, q)
    return np.sum((p - q) * np.log(p / q))


@wrong
def kl__epsilon_added(p, q):
    """A small number stands in for 0"""
    p, q = shares(p, q)
    return np.sum(np.where(p > 0, p * np.log(p / (q + 1e-10)), 0))


@wrong
def kl__epsilon_in_both(p, q):
    """a finite result where q is 0 and p is not"""
    p, q = shares(p + 1e-8, q + 1e-8)
    return np.sum(p * np.log(p / q))


@wrong
def kl__epsilon_as_least(p, q):
    """stands in for 0 so that nothing divides by it"""
    p, q = shares(p, q)
    p, q = np.clip(p, 1e-12, 1), np.clip(q, 1e-12, 1)
    return (p * (np.log(p) - np.log(q))).sum()


@wrong
def kl__division_by_zero(p, q):
    """your function raised ZeroDivisionError"""
    p, q = (p / p.sum()).tolist(), (q / q.sum()).tolist()
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a)


@right
def kl__nansum(p, q):
    p, q = shares(p, q)
    return np.nansum(p * np.log(p / q))


@right
def kl__masked(p, q):
    used = p > 0
    if (q[used] == 0).any():
        return np.inf
    p, q = shares(p, q)
    return float(np.sum(p[used] * (np.log(p[used]) - np.log(q[used]))))


@right
def kl__loop(p, q):
    total = 0.0
    for a, b in zip(*(h.tolist() for h in shares(p, q)), strict=True):
        if a > 0:
            total += a * math.log(a / b) if b > 0 else math.inf
    return total


@right
def kl__entropies(p, q):
    p, q = shares(p, q)
    logs = np.zeros_like(p)
    np.log(q, out=logs, where=p > 0)
    return np.sum(p[p > 0] * np.log(p[p > 0])) - np.sum(p * logs, where=p > 0)


# --- candidate


def merged(counts, levels, fill):
    rows = [fill(group) for group in counts.reshape(levels, -1).astype(float)]
    return np.concatenate(rows)


@wrong
def candidate__all_bins(counts, levels):
    """spread over all of its bins"""
    size = len(counts) // levels
    return np.repeat(counts.reshape(levels, size).sum(axis=1) / size, size)


@wrong
def candidate__mean_of_all(counts, levels):
    """and counts get lost"""
    means = counts.reshape(levels, -1).mean(axis=1)
    return np.where(counts > 0, np.repeat(means, len(counts) // levels), 0)


@wrong
def candidate__nan(counts, levels):
    """A group without counts becomes NaN"""
    groups = counts.reshape(levels, -1)
    full = groups > 0
    return (full * (groups.sum(1) / full.sum(1))[:, None]).ravel()


@wrong
def candidate__last_group(counts, levels):
    """The last group is left out"""
    new, size = np.zeros(len(counts)), len(counts) // levels
    for i in range(levels - 1):
        group = counts[i * size : (i + 1) * size]
        if group.any():
            share = group.sum() / np.count_nonzero(group)
            new[i * size : (i + 1) * size] = np.where(group > 0, share, 0)
    return new


@wrong
def candidate__last_bin(counts, levels):
    """The last bin of each group is left out"""
    new, size = np.zeros(len(counts)), len(counts) // levels
    for start in range(0, len(counts), size):
        group = counts[start : start + size - 1]
        if group.any():
            share = group.sum() / np.count_nonzero(group)
            new[start : start + size - 1] = np.where(group > 0, share, 0)
    return new


@wrong
def candidate__short_groups(counts, levels):
    """The groups are of `levels` bins each"""
    groups = counts.reshape(-1, levels)
    used = np.maximum((groups > 0).sum(axis=1, keepdims=True), 1)
    return np.where(groups > 0, groups.sum(axis=1, keepdims=True) / used, 0).ravel()


@wrong
def candidate__every_other(counts, levels):
    """Each group takes every levels-th bin"""
    new = np.zeros(len(counts))
    for i in range(levels):
        group = counts[i::levels]
        if group.any():
            new[i::levels] = (group > 0) * group.sum() / np.count_nonzero(group)
    return new


@wrong
def candidate__sums(counts, levels):
    """Each bin gets the whole sum"""
    return merged(counts, levels, lambda g: g.sum() * (g > 0))


@wrong
def candidate__one_for_each(counts, levels):
    """one number for each group"""
    return counts.reshape(levels, -1).sum(axis=1)


@wrong
def candidate__normalised(counts, levels):
    """The result is divided by its sum"""
    new = merged(counts, levels, lambda g: (g > 0) * g.sum() / max((g > 0).sum(), 1))
    return new / new.sum()


@wrong
def candidate__integers(counts, levels):
    """This is cut to whole numbers"""
    new = np.zeros_like(counts)
    size = len(counts) // levels
    for start in range(0, len(counts), size):
        group = counts[start : start + size]
        if group.any():
            share = group.sum() / np.count_nonzero(group)
            new[start : start + size][group > 0] = share
    return new


@wrong
def candidate__unchanged(counts, levels):
    """The counts come back as they were"""
    return counts.astype(float)


@wrong
def candidate__largest(counts, levels):
    """the largest count of its group"""
    return merged(counts, levels, lambda g: g.max() * (g > 0))


@wrong
def candidate__in_place(counts, levels):
    """changes its argument"""
    for group in counts.reshape(levels, -1):
        if group.any():
            group[group > 0] = group.sum() // np.count_nonzero(group)
    return counts


@right
def candidate__vectorised(counts, levels):
    groups = counts.reshape(levels, -1)
    used = np.maximum((groups > 0).sum(axis=1, keepdims=True), 1)
    return np.where(groups > 0, groups.sum(axis=1, keepdims=True) / used, 0.0).ravel()


@right
def candidate__mean_of_full(counts, levels):
    new = counts.astype(np.float64)
    for group in new.reshape(levels, -1):
        full = group > 0
        if full.any():
            group[full] = group[full].mean()
    return new


@right
def candidate__loop(counts, levels):
    new, size = [], len(counts) // levels
    for start in range(0, len(counts), size):
        group = counts[start : start + size].tolist()
        used = sum(count > 0 for count in group)
        new += [sum(group) / used if count else 0.0 for count in group]
    return new


@right
def candidate__nan_to_num(counts, levels):
    groups = counts.reshape(levels, -1)
    shares_ = np.nan_to_num(groups.sum(1) / np.count_nonzero(groups, axis=1))
    return np.repeat(shares_, groups.shape[1]) * (counts > 0)


# --- lloyd_step


def nearest(x, centers):
    return np.abs(x[:, None] - centers[None, :]).argmin(axis=1)


def stepped(x, centers, place, cells=nearest):
    new, cell = centers.copy(), cells(x, centers)
    for j in range(len(centers)):
        if np.any(cell == j):
            new[j] = place(x[cell == j], centers[j])
    return new


@wrong
def lloyd_step__nan(x, centers):
    """A center without values becomes NaN"""
    cell = nearest(x, centers)
    return np.array([x[cell == j].mean() for j in range(len(centers))])


@wrong
def lloyd_step__zero(x, centers):
    """A center without values becomes 0"""
    cell, k = nearest(x, centers), len(centers)
    sums = np.bincount(cell, weights=x, minlength=k)
    return sums / np.maximum(np.bincount(cell, minlength=k), 1)


@wrong
def lloyd_step__removed(x, centers):
    """A center without values is removed"""
    cell = nearest(x, centers)
    return [x[cell == j].mean() for j in range(len(centers)) if np.any(cell == j)]


@wrong
def lloyd_step__median(x, centers):
    """the median of their values"""
    return stepped(x, centers, lambda part, _: np.median(part))


@wrong
def lloyd_step__middle(x, centers):
    """the middle between the ends"""
    return stepped(x, centers, lambda part, _: (part.min() + part.max()) / 2)


@wrong
def lloyd_step__midpoints(x, centers):
    """These are the midpoints between the centers"""
    return (centers[:-1] + centers[1:]) / 2


@wrong
def lloyd_step__digitize(x, centers):
    """Values go to the next center below"""
    return stepped(
        x,
        centers,
        lambda part, _: part.mean(),
        lambda x, c: np.clip(np.digitize(x, c) - 1, 0, len(c) - 1),
    )


@wrong
def lloyd_step__searchsorted(x, centers):
    """Values go to the next center above"""
    return stepped(
        x,
        centers,
        lambda part, _: part.mean(),
        lambda x, c: np.clip(np.searchsorted(c, x), 0, len(c) - 1),
    )


@wrong
def lloyd_step__signed(x, centers):
    """The distance has its sign"""
    return stepped(
        x,
        centers,
        lambda part, _: part.mean(),
        lambda x, c: (x[:, None] - c).argmin(axis=1),
    )


@wrong
def lloyd_step__half_way(x, centers):
    """Centers move only half of the way"""
    return stepped(x, centers, lambda part, center: 0.5 * (center + part.mean()))


@wrong
def lloyd_step__sums(x, centers):
    """These are sums"""
    return stepped(x, centers, lambda part, _: part.sum())


@wrong
def lloyd_step__equal_shares(x, centers):
    """This divides by len(x) / k"""
    return stepped(x, centers, lambda part, _: part.sum() * len(centers) / len(x))


@wrong
def lloyd_step__of_all(x, centers):
    """This divides by len(x):"""
    cell = nearest(x, centers)
    return [np.where(cell == j, x, 0).mean() for j in range(len(centers))]


@wrong
def lloyd_step__first_only(x, centers):
    """Only the first center moves"""
    new, cell = centers.copy(), nearest(x, centers)
    for j in range(len(centers)):
        if np.any(cell == j):
            new[j] = x[cell == j].mean()
        return new


@wrong
def lloyd_step__while_moving(x, centers):
    """with the old centers"""
    new = centers.copy()
    for j in range(len(new)):
        mine = nearest(x, new) == j
        if mine.any():
            new[j] = x[mine].mean()
    return new


@wrong
def lloyd_step__until_it_ends(x, centers):
    """goes on until nothing moves"""
    while True:
        new = stepped(x, centers, lambda part, _: part.mean())
        if np.array_equal(new, centers):
            return new
        centers = new


@wrong
def lloyd_step__numbers(x, centers):
    """the numbers of the nearest centers"""
    return nearest(x, centers)


@wrong
def lloyd_step__both(x, centers):
    """The centers alone are asked"""
    return nearest(x, centers), stepped(x, centers, lambda part, _: part.mean())


@wrong
def lloyd_step__values(x, centers):
    """replaced by its center"""
    return centers[nearest(x, centers)]


@wrong
def lloyd_step__in_place(x, centers):
    """changes its argument"""
    cell = nearest(x, centers)
    for j in set(cell.tolist()):
        centers[j] = x[cell == j].mean()
    return centers


@right
def lloyd_step__copy(x, centers):
    return stepped(x, centers, lambda part, _: part.mean())


@right
def lloyd_step__bincount(x, centers):
    cell = np.searchsorted((centers[1:] + centers[:-1]) / 2, x)
    counts = np.bincount(cell, minlength=len(centers))
    sums = np.bincount(cell, weights=x, minlength=len(centers))
    return np.where(counts > 0, sums / counts, centers)


@right
def lloyd_step__loop(x, centers):
    cells = [[] for _ in centers]
    for value in x.tolist():
        j = min(range(len(centers)), key=lambda j: abs(value - centers[j]))
        cells[j].append(value)
    pairs = zip(cells, centers, strict=True)
    return [sum(cell) / len(cell) if cell else float(c) for cell, c in pairs]


# --- codebook_bytes


def index_bits(k):
    return (k - 1).bit_length()


@wrong
def codebook_bytes__no_codebook(n, k):
    """The codebook is left out"""
    return math.ceil(n * math.ceil(math.log2(k)) / 8)


@wrong
def codebook_bytes__whole_bytes(n, k):
    """Each index takes whole bytes"""
    return n + 4 * k


@wrong
def codebook_bytes__floor(n, k):
    """The bits are rounded down"""
    return math.ceil(n * int(math.log2(k)) / 8) + 4 * k


@wrong
def codebook_bytes__fraction(n, k):
    """An index takes a fraction of a bit"""
    return math.ceil(n * np.log2(k) / 8) + 4 * k


@wrong
def codebook_bytes__bits(n, k):
    """These are bits"""
    return n * index_bits(k) + 32 * k


@wrong
def codebook_bytes__bits_and_bytes(n, k):
    """The indices are counted in bits"""
    return n * index_bits(k) + 4 * k


@wrong
def codebook_bytes__rounded_down(n, k):
    """have no room"""
    return n * index_bits(k) // 8 + 4 * k


@wrong
def codebook_bytes__not_rounded(n, k):
    """not rounded up to whole bytes"""
    return n * index_bits(k) / 8 + 4 * k


@wrong
def codebook_bytes__always_one_more(n, k):
    """always takes a byte more"""
    return n * index_bits(k) // 8 + 1 + 4 * k


@wrong
def codebook_bytes__small_centers(n, k):
    """A center takes one byte"""
    return math.ceil(n * index_bits(k) / 8) + k


@wrong
def codebook_bytes__packed_centers(n, k):
    """as few bits as the indices"""
    return math.ceil((n * index_bits(k) + k * index_bits(k)) / 8)


@wrong
def codebook_bytes__float64(n, k):
    """A center takes 8 bytes"""
    return math.ceil(n * index_bits(k) / 8) + np.zeros(k).nbytes


@wrong
def codebook_bytes__codebook_in_bits(n, k):
    """The codebook is counted in bits"""
    return math.ceil(n * index_bits(k) / 8) + 32 * k


@wrong
def codebook_bytes__one_too_many(n, k):
    """A power of two gets one bit too many"""
    return math.ceil(n * k.bit_length() / 8) + 4 * k


@wrong
def codebook_bytes__at_least_one(n, k):
    """A codebook of one center needs no indices"""
    return math.ceil(n * max(1, index_bits(k)) / 8) + 4 * k


@wrong
def codebook_bytes__k_bits(n, k):
    """takes k for the number of bits"""
    return (n * k + 7) // 8 + 4 * k


@wrong
def codebook_bytes__natural(n, k):
    """This is the natural logarithm"""
    return math.ceil(n * math.ceil(math.log(k)) / 8) + 4 * k


@wrong
def codebook_bytes__floats(n, k):
    """This is n float32 values"""
    return np.zeros(n, np.float32).nbytes


@right
def codebook_bytes__ceil(n, k):
    return math.ceil(n * math.ceil(math.log2(k)) / 8) + 4 * k


@right
def codebook_bytes__integers(n, k):
    return (n * (k - 1).bit_length() + 7) // 8 + 4 * k


@right
def codebook_bytes__floating(n, k):
    return np.ceil(n * np.ceil(np.log2(k)) / 8) + 4.0 * k


@right
def codebook_bytes__counted(n, k):
    bits = 0
    while 2**bits < k:
        bits += 1
    packed = np.packbits(np.zeros(n * bits, np.uint8))
    return packed.nbytes + np.zeros(k, np.float32).nbytes


# --- code_entropy


def code_shares(q):
    return np.unique(q, return_counts=True)[1] / q.size


@wrong
def code_entropy__nats(q):
    """This is in nats"""
    p = code_shares(q)
    return -np.sum(p * np.log(p))


@wrong
def code_entropy__base_ten(q):
    """the logarithm to base 10"""
    return -sum(p * math.log10(p) for p in code_shares(q))


@wrong
def code_entropy__distinct(q):
    """if all of them were equally frequent"""
    return math.log2(len(set(q.ravel().tolist())))


@wrong
def code_entropy__range(q):
    """a code of the whole range"""
    return math.log2(int(q.max()) - int(q.min()) + 1)


@wrong
def code_entropy__counts(q):
    """The counts are not divided"""
    counts = np.unique(q, return_counts=True)[1]
    return -np.sum(counts * np.log2(counts))


@wrong
def code_entropy__nan(q):
    """Codes that never occur make this NaN"""
    p = np.bincount((q.astype(int) - q.min()).ravel()) / q.size
    return -np.sum(p * np.log2(p))


@wrong
def code_entropy__negative_codes(q):
    """your function raised ValueError"""
    p = np.bincount(q.ravel()) / q.size
    return -np.sum(p[p > 0] * np.log2(p[p > 0]))


@wrong
def code_entropy__no_minus(q):
    """The minus sign is missing"""
    p = code_shares(q)
    return np.sum(p * np.log2(p))


@wrong
def code_entropy__total(q):
    """the bits of all codes together"""
    counts = np.unique(q, return_counts=True)[1]
    return np.sum(counts * np.log2(q.size / counts))


@wrong
def code_entropy__unweighted(q):
    """each counted once"""
    return np.mean(-np.log2(code_shares(q)))


@wrong
def code_entropy__no_weights(q):
    """The weights are missing"""
    return -np.log2(code_shares(q)).sum()


@wrong
def code_entropy__mean(q):
    """the shares weigh already"""
    p = code_shares(q)
    return -np.mean(p * np.log2(p))


@wrong
def code_entropy__histogram(q):
    """The 10 bins of np.histogram"""
    counts, _ = np.histogram(q)
    p = counts[counts > 0] / counts.sum()
    return -np.sum(p * np.log2(p))


@wrong
def code_entropy__codes_as_counts(q):
    """The codes themselves are taken for counts"""
    p = q / q.sum()
    return -np.sum(p * np.log2(p))


@wrong
def code_entropy__signs(q):
    """Codes of opposite sign"""
    p = np.bincount(np.abs(q.astype(int)).ravel()) / q.size
    return -np.sum(p[p > 0] * np.log2(p[p > 0]))


@wrong
def code_entropy__rows(q):
    """the rows of an array"""
    p = np.unique(q, return_counts=True)[1] / len(q)
    return -np.sum(p * np.log2(p))


@right
def code_entropy__unique(q):
    _, counts = np.unique(q, return_counts=True)
    p = counts / counts.sum()
    return -np.sum(p * np.log2(p))


@right
def code_entropy__counter(q):
    values = q.ravel().tolist()
    counts = Counter(values).values()
    return sum(c / len(values) * math.log2(len(values) / c) for c in counts)


@right
def code_entropy__bincount(q):
    p = np.bincount((q.astype(np.int64) - int(q.min())).ravel()) / q.size
    p = p[p > 0]
    return float(-(p @ np.log2(p)))


@right
def code_entropy__loop(q):
    total = 0
    for code in set(q.ravel().tolist()):
        share = np.mean(q == code)
        total -= share * np.log(share) / np.log(2)
    return total


# --- two_means


def cuts(x):
    x = np.sort(x)
    return [(x[:i], x[i:]) for i in range(1, len(x))]


def best(x, cost, center=np.mean):
    parts = min(cuts(x), key=lambda parts: sum(cost(part) for part in parts))
    return [center(part) for part in parts]


def lloyd(x, a, b):
    while True:
        low = np.abs(x - a) <= np.abs(x - b)
        new = x[low].mean(), x[~low].mean()
        if new == (a, b):
            return new
        a, b = new


def sides(x, cut):
    return x[x <= cut].mean(), x[x > cut].mean()


def squares(part):
    return np.var(part) * len(part)


@wrong
def two_means__lloyd_from_the_ends(x):
    """begun at the smallest and the largest value"""
    return lloyd(x, x.min(), x.max())


@wrong
def two_means__lloyd_from_quartiles(x):
    """begun at the quartiles"""
    return lloyd(x, *np.percentile(x, [25, 75]))


@wrong
def two_means__lloyd_from_two(x):
    """begun at two of the values"""
    return lloyd(x, *np.sort(x[[0, -1]]))


@wrong
def two_means__median(x):
    """This cuts at the median"""
    ordered = np.sort(x)
    half = (len(x) + 1) // 2
    return ordered[:half].mean(), ordered[half:].mean()


@wrong
def two_means__mean(x):
    """This cuts at the mean"""
    return sides(x, x.mean())


@wrong
def two_means__middle(x):
    """in the middle of the range"""
    return sides(x, (x.min() + x.max()) / 2)


@wrong
def two_means__gap(x):
    """at the widest gap"""
    ordered = np.sort(x)
    i = np.diff(ordered).argmax() + 1
    return ordered[:i].mean(), ordered[i:].mean()


@wrong
def two_means__deviations(x):
    """the sum of two standard deviations"""
    return best(x, np.std)


@wrong
def two_means__variances(x):
    """the sum of two variances"""
    return best(x, np.var)


@wrong
def two_means__magnitudes(x):
    """the sum of |x - center| least"""
    return best(x, lambda part: np.abs(part - np.median(part)).sum(), np.median)


@wrong
def two_means__medians(x):
    """The cut is right"""
    return best(x, squares, np.median)


@wrong
def two_means__ends(x):
    """These are the smallest and the largest"""
    return x.min(), x.max()


@wrong
def two_means__quartiles(x):
    """These are the quartiles"""
    return np.percentile(x, [25, 75])


@wrong
def two_means__the_cut(x):
    """the cut between the two sides"""
    return min(cuts(x), key=lambda parts: sum(map(squares, parts)))[0][-1]


@wrong
def two_means__swapped(x):
    """the lower center comes first"""
    return best(x, squares)[::-1]


@wrong
def two_means__not_sorted(x):
    """sort them first"""
    parts = [(x[:i], x[i:]) for i in range(1, len(x))]
    parts = min(parts, key=lambda pair: sum(map(squares, pair)))
    return tuple(part.mean() for part in parts)


@wrong
def two_means__distinct(x):
    """Each value counts once"""
    return best(np.unique(x), squares)


@wrong
def two_means__last_cut(x):
    """The last cut is not tried"""
    parts = min(cuts(x)[:-1], key=lambda pair: sum(map(squares, pair)))
    return [part.mean() for part in parts]


@wrong
def two_means__empty_side(x):
    """you returned (nan"""
    x = np.sort(x)
    errors = [squares(x[:i]) + squares(x[i:]) for i in range(len(x))]
    i = int(np.argmin(errors))
    return x[:i].mean(), x[i:].mean()


@right
def two_means__every_cut(x):
    return tuple(best(x, squares))


@right
def two_means__cumulative(x):
    x = np.sort(x)
    n, total = np.arange(1, len(x)), np.cumsum(x)[:-1]
    rest = x.sum() - total
    i = np.argmax(total**2 / n + rest**2 / (len(x) - n))
    return np.array([total[i] / n[i], rest[i] / (len(x) - n[i])])


@right
def two_means__lloyd_from_all_pairs(x):
    values = np.unique(x)
    ends = [lloyd(x, a, b) for a in values for b in values if a < b]
    return min(ends, key=lambda c: np.minimum((x - c[0]) ** 2, (x - c[1]) ** 2).sum())


@right
def two_means__loop(x):
    values, least, answer = sorted(x.tolist()), math.inf, None
    for i in range(1, len(values)):
        a, b = sum(values[:i]) / i, sum(values[i:]) / (len(values) - i)
        error = sum(min((v - a) ** 2, (v - b) ** 2) for v in values)
        if error < least:
            least, answer = error, (a, b)
    return answer
