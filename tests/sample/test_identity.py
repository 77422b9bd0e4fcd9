"""People: they differ, and repeat."""

import numpy as np

from clipforensics.sample import face
from clipforensics.sample.identity import Identity, draw_identity


def person(seed: int = 0) -> Identity:
    return draw_identity(np.random.default_rng(seed))


def test_identities_differ_and_repeat() -> None:
    first, again, other = (face.paint_skin(person(seed), 48).maps for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.02
