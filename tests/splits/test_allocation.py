"""Groups to parts: shares counted, parts filled, a lack mended with the smallest group that can be spared."""

import numpy as np

from clipforensics.splits.allocation import class_shares, fill_parts, mend_parts


def test_shares_are_of_each_class():
    found = class_shares(["real", "FS", "real", "FS", "FS"], np.array([0, 0, 1, 1, 1]))
    np.testing.assert_allclose(found, [[1 / 3, 1 / 2], [2 / 3, 1 / 2]])  # columns: FS, real


def test_equal_groups_are_dealt_by_the_fractions():
    shares = np.full((10, 2), 0.1)
    for seed in range(5):
        parts = fill_parts(shares, [0.6, 0.2, 0.2], seed)
        assert np.bincount(parts).tolist() == [6, 2, 2]
    assert fill_parts(shares, [0.6, 0.2, 0.2], 1).tolist() != fill_parts(shares, [0.6, 0.2, 0.2], 2).tolist()


def test_the_largest_group_goes_where_most_is_lacking():
    shares = np.array([[0.1], [0.7], [0.2]])
    assert fill_parts(shares, [0.2, 0.8], 0).tolist()[1] == 1


def test_a_part_without_a_label_gets_the_smallest_group_that_can_be_spared():
    supply = np.zeros((2, 2, 3), dtype=np.int64)
    supply[:, 0] = [4, 1, 1]  # reals that each group brings, whatever the part
    supply[:, 1] = [4, 2, 1]  # fakes
    parts = np.array([0, 0, 0])
    assert mend_parts(parts, supply).tolist() == [0, 0, 1]
    assert parts.tolist() == [0, 0, 0], "the input is left alone"


def test_a_lack_that_no_group_can_mend_stays():
    supply = np.ones((2, 2, 1), dtype=np.int64)
    assert mend_parts(np.array([0]), supply).tolist() == [0]
