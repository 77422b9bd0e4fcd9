"""How far a video lies from the training data, and how far is usual."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from clipforensics.core.faults import InputError
from clipforensics.likelihood.likeness import Likeness, fit_likeness, video_embedding


def cloud(n, seed=0, width=8, shift=0.0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, (n, width)) * np.linspace(3, 0.1, width) + shift


def test_distances_are_those_of_probabilistic_pca():
    """scikit-learn's log likelihood is the distance but for a factor and a constant."""
    train, others = cloud(60), cloud(9, seed=1)
    found = fit_likeness(train, cloud(30, seed=2))
    reference = PCA(len(found.components), svd_solver="full").fit(train)
    precision = reference.get_precision()
    apart = others - train.mean(axis=0)
    expected = np.einsum("ij,jk,ik->i", apart, precision, apart)
    np.testing.assert_allclose(found.distances(others), expected, rtol=1e-6)


def test_components_have_the_sign_that_makes_their_largest_entry_positive():
    found = fit_likeness(cloud(60), cloud(30, seed=2))
    largest = np.abs(found.components).argmax(axis=1)
    assert (found.components[np.arange(len(largest)), largest] > 0).all()
    turned = fit_likeness(-cloud(60), -cloud(30, seed=2))
    np.testing.assert_allclose(np.abs(turned.components), np.abs(found.components), atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 9), min_size=1, max_size=40), st.floats(0, 10))
def test_p_counts_validation_videos_as_far_and_the_video_itself(reference, distance):
    likeness = Likeness(np.zeros(1), np.ones((1, 1)), np.ones(1), 1.0, np.sort(reference))
    slow = (1 + sum(one >= distance for one in reference)) / (1 + len(reference))
    assert likeness.p_value(distance) == pytest.approx(slow)


def test_of_videos_like_training_few_count_as_unlike_and_of_others_all():
    found = fit_likeness(cloud(200), cloud(99, seed=1))
    like = [found.p_value(one) for one in found.distances(cloud(400, seed=2)).tolist()]
    assert np.mean(np.array(like) <= 0.05) < 0.1
    far = [found.p_value(one) for one in found.distances(cloud(50, seed=3, shift=20.0)).tolist()]
    assert max(far) == pytest.approx(0.01)


def test_with_few_validation_videos_nothing_can_count_as_unlike():
    assert not fit_likeness(cloud(60), cloud(18, seed=1)).can_tell
    assert fit_likeness(cloud(60), cloud(19, seed=1)).can_tell


def test_a_video_is_the_mean_of_its_frames_of_unit_length():
    assert video_embedding([[3.0, 4.0], [0.0, 2.0]]) == pytest.approx([0.3, 0.9])


def test_too_little_to_fit_is_refused():
    with pytest.raises(InputError, match="1 training videos have no spread"):
        fit_likeness(cloud(1), cloud(3))
    with pytest.raises(InputError, match="all training videos have one embedding"):
        fit_likeness(np.ones((5, 4)), cloud(3, width=4))


def test_more_numbers_than_videos_are_no_hindrance():
    wide = np.random.default_rng(0).normal(0, 1, (6, 40))
    found = fit_likeness(wide, np.random.default_rng(1).normal(0, 1, (25, 40)))
    assert found.components.shape == (1, 40)
    assert found.rest > 0
    assert np.isfinite(found.reference).all()
