"""The shuffles of repeats: stable, and unlike one another."""

from clipforensics.splits.repeats import repeat_seed


def test_a_repeats_seed_is_what_it_was():
    """As numpy gives them on every platform; other numbers here would move every published repeat."""
    assert [repeat_seed(42, repeat) for repeat in (1, 2, 3)] == [3329053876, 955475868, 2541583436]


def test_neither_neighbours_nor_seeds_share_a_shuffle():
    found = {repeat_seed(seed, repeat) for seed in range(30) for repeat in range(1, 30)}
    assert len(found) == 30 * 29, "seed + repeat, for one, would give 58"
