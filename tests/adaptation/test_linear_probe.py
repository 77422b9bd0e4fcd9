"""The linear probe: scikit-learn's optimum, chosen on validation."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from clipforensics.adaptation.linear_probe import Whitened, fit_probe
from clipforensics.core.faults import InputError
from clipforensics.training.validation import Validation


def make(n, seed, shift=1.0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3 > 0  # two fakes a real
    x = rng.normal(size=(n, 6)) + shift * labels[:, None]
    return x / np.linalg.norm(x, axis=1, keepdims=True), labels.astype(int)


def fit(inverse_l2=(0.1, 1.0, 10.0), class_weight="balanced", val_seed=1):
    x, y = make(90, 0)
    val_x, val_y = make(30, val_seed)
    validation = Validation(val_y, np.arange(30))
    return fit_probe(
        x, y, validation, val_x, inverse_l2=inverse_l2, class_weight=class_weight, max_iterations=1000
    )


def test_scores_are_the_probabilities_of_scikit_learn():
    x, y = make(90, 0)
    model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=10_000, tol=1e-12).fit(x, y)
    probe = fit(inverse_l2=(1.0,))
    other, _ = make(20, 5)
    np.testing.assert_allclose(probe.score(other), model.predict_proba(other)[:, 1], atol=1e-6)


def test_the_candidate_best_on_validation_is_kept_and_ties_take_the_strongest_penalty():
    probe = fit(inverse_l2=(10.0, 0.1, 1.0))
    assert [row["inverse_l2"] for row in probe.curve] == [0.1, 1.0, 10.0]
    ranks = [(row["val_video_auc"], row["val_frame_auc"]) for row in probe.curve]
    best = [row["inverse_l2"] for row, rank in zip(probe.curve, ranks, strict=True) if rank == max(ranks)]
    assert probe.inverse_l2 == min(best)


def test_class_weight_moves_the_scores():
    assert fit(class_weight="none", inverse_l2=(1.0,)).bias > fit(inverse_l2=(1.0,)).bias


N_VIDEOS, N_FRAMES, WIDTH = 30, 8, 12


def embeddings(seed=0, tell=0.0):
    """Unit-length, along few directions, as an encoder's are; labels by video, which `tell` moves apart."""
    rng = np.random.default_rng(seed)
    spread = np.arange(1, WIDTH + 1) ** -1.5
    videos = rng.normal(size=(N_VIDEOS, 1, WIDTH)) * spread
    x = (2 * spread + videos + 0.3 * rng.normal(size=(N_VIDEOS, N_FRAMES, WIDTH)) * spread).reshape(-1, WIDTH)
    labels = rng.permutation(np.arange(N_VIDEOS) % 3 == 0).astype(np.int64).repeat(N_FRAMES)
    x[:, -1] += tell * labels
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), labels


def plain(x, labels, strength, class_weight):
    weight = None if class_weight == "none" else class_weight
    model = LogisticRegression(C=strength, class_weight=weight, max_iter=100_000, tol=1e-10)
    return model.fit(x.astype(np.float64), labels)


@pytest.mark.parametrize("class_weight", ["balanced", "none"])
@pytest.mark.parametrize("strength", [0.001, 1.0, 100.0])
@pytest.mark.parametrize("tell", [0.0, 0.05])
def test_it_agrees_with_the_plain_fit(tell, strength, class_weight):
    x, labels = embeddings(tell=tell)
    probe = Whitened(x, labels, class_weight).fit(strength, 2000)
    model = plain(x, labels, strength, class_weight)
    np.testing.assert_allclose(probe.score(x), model.predict_proba(x)[:, 1], atol=1e-5)
    scale = np.abs(model.coef_).max()
    np.testing.assert_allclose(probe.weight / scale, model.coef_[0] / scale, atol=1e-4)


def test_the_candidate_before_decides_where_a_fit_starts_and_not_where_it_ends():
    x, labels = embeddings()
    after = Whitened(x, labels, "balanced")
    after.fit(1000.0, 2000)
    found, alone = after.fit(0.1, 2000), Whitened(x, labels, "balanced").fit(0.1, 2000)
    np.testing.assert_allclose(found.score(x), alone.score(x), atol=1e-6)


def test_few_steps_are_taken_where_plain_coordinates_need_many():
    x, labels = embeddings()
    assert Whitened(x, labels, "balanced").fit(100.0, 2000).iterations < 40
    assert plain(x, labels, 100.0, "balanced").n_iter_[0] > 80, "else these embeddings show nothing"


def test_directions_in_which_nothing_varies_do_no_harm():
    x, labels = embeddings()
    flat = np.concatenate([x, np.full((len(x), 3), 0.5, np.float32)], axis=1)
    probe = Whitened(flat, labels, "balanced").fit(10.0, 2000)
    expected = Whitened(x, labels, "balanced").fit(10.0, 2000).score(x)
    np.testing.assert_allclose(probe.score(flat), expected, atol=1e-6)


def test_a_fit_that_is_not_at_its_optimum_is_one_line():
    x, labels = embeddings()
    with pytest.raises(InputError, match=r"inverse_l2 100 is not at its optimum after 2 iterations; raise"):
        Whitened(x, labels, "balanced").fit(100.0, 2)


def test_where_nearly_no_loss_is_left_the_optimum_is_reached_all_the_same():
    """Two points, parted: by symmetry log odds are t and -t, with t = C n expit(-t) / 2."""
    n, strength = 50, 1e9
    labels = np.repeat([0, 1], n // 2)
    probe = Whitened(np.eye(2, dtype=np.float32)[labels], labels, "none").fit(strength, 2000)
    odds = float(probe.weight[1] + probe.bias)
    assert odds == pytest.approx(strength * n / 2 / (1 + np.exp(odds)), rel=1e-4)


def test_embeddings_that_do_not_vary_leave_the_share_of_each_class():
    labels = np.arange(40) % 4 // 3
    same = np.full((40, 4), 0.5, np.float32)
    probe = Whitened(same, labels, "none").fit(1000.0, 2000)
    np.testing.assert_allclose(probe.score(same), 0.25, atol=1e-6)


def test_more_numbers_than_frames():
    x, labels = embeddings()
    x, labels = x[::24], labels[::24]  # 10 frames of 12 numbers
    probe, model = Whitened(x, labels, "none").fit(100.0, 2000), plain(x, labels, 100.0, "none")
    np.testing.assert_allclose(probe.score(x), model.predict_proba(x)[:, 1], atol=1e-5)
