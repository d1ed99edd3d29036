"""qlib.distortions: digits move as they are told, and nothing is changed in place."""

import numpy as np
import pytest

from qlib import distortions
from qlib.data import load_mnist

DIGITS = load_mnist()[1][0][:50]


def test_a_shift_moves_pixels_and_fills_with_black():
    moved = distortions.shifted(DIGITS, right=3, down=-2)
    np.testing.assert_array_equal(moved[:, :-2, 3:], DIGITS[:, 2:, :-3])
    assert not moved[:, -2:].any() and not moved[:, :, :3].any()
    back = distortions.shifted(moved, right=-3, down=2)
    np.testing.assert_array_equal(back[:, 2:, :-3], DIGITS[:, 2:, :-3])


def test_a_shift_by_nothing_changes_nothing_and_a_far_one_leaves_no_digit():
    np.testing.assert_array_equal(distortions.shifted(DIGITS, 0), DIGITS)
    assert not distortions.shifted(DIGITS[:, :9, :9], right=9).any()


def test_a_turn_is_counter_clockwise_and_four_quarters_are_none():
    np.testing.assert_array_equal(distortions.turned(DIGITS, 0.0), DIGITS)
    quarter = distortions.turned(DIGITS, 90.0)
    np.testing.assert_array_equal(quarter, np.rot90(DIGITS, axes=(1, 2)))
    half = distortions.turned(quarter, 90.0)
    np.testing.assert_array_equal(half, DIGITS[:, ::-1, ::-1])


def test_noise_has_the_spread_that_was_asked_for_and_repeats():
    grey = np.full((20, 28, 28), 128, np.uint8)
    noisy = distortions.noisy(grey, 20.0, seed=1)
    assert abs(noisy.std() - 20) < 0.5 and abs(noisy.mean() - 128) < 0.5
    np.testing.assert_array_equal(noisy, distortions.noisy(grey, 20.0, seed=1))
    assert (noisy != distortions.noisy(grey, 20.0, seed=2)).any()
    np.testing.assert_array_equal(distortions.noisy(grey, 0.0), grey)


def test_noise_stops_at_black_and_white():
    black = distortions.noisy(np.zeros((5, 28, 28), np.uint8), 50.0)
    assert black.min() == 0 and 0.4 < np.mean(black == 0) < 0.6


@pytest.mark.parametrize("change", [distortions.shifted, distortions.turned,
                                    distortions.noisy])  # fmt: skip
def test_the_images_given_stay_as_they_are_and_the_result_is_uint8(change):
    before = DIGITS.copy()
    before.flags.writeable = False
    result = change(before, 5)
    assert result.dtype == np.uint8 and result.shape == DIGITS.shape
    np.testing.assert_array_equal(before, DIGITS)


CHANGES = (distortions.shifted, distortions.turned, distortions.noisy)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (DIGITS / 255, TypeError, "images has dtype float64: uint8"),
        (DIGITS.astype(np.int64), TypeError, "images has dtype int64"),
        (DIGITS[0], ValueError, r"images has shape \(28, 28\)"),
        (DIGITS[..., None], ValueError, r"images has shape \(50, 28, 28, 1\)"),
        (DIGITS[:0], ValueError, "at least one image"),
        (None, TypeError, "images"),
        ("digits", TypeError, "images"),
        (np.ma.masked_equal(DIGITS, 0), TypeError, "masked"),
    ],
)
def test_what_are_no_images_is_named(change, images, error, message):
    with pytest.raises(error, match=message):
        change(images, 1)


@pytest.mark.parametrize(
    ("change", "by", "error", "message"),
    [
        (distortions.shifted, 1.5, TypeError, "right is 1.5"),
        (distortions.shifted, 28, ValueError, "right is 28: allowed are -27 to 27"),
        (distortions.turned, 181.0, ValueError, "degrees is 181.0: allowed are -180"),
        (distortions.turned, np.nan, ValueError, "degrees is nan"),
        (distortions.turned, "10", TypeError, "degrees"),
        (distortions.noisy, -1.0, ValueError, "spread is -1.0: allowed are 0 to 255"),
        (distortions.noisy, np.inf, ValueError, "spread is inf"),
        (distortions.noisy, [1.0, 2.0], TypeError, "spread is"),
        (distortions.noisy, True, TypeError, "spread is True"),
    ],
)
def test_a_change_that_cannot_be_is_named(change, by, error, message):
    with pytest.raises(error, match=message):
        change(DIGITS, by)
