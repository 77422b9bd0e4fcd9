"""The linear probe: scikit-learn's optimum, chosen on validation."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from clipforensics.adaptation.linear_probe import fit_probe
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
    model = LogisticRegression(C=1.0, class_weight="balanced", max_iter=1000).fit(x, y)
    probe = fit(inverse_l2=(1.0,))
    other, _ = make(20, 5)
    np.testing.assert_allclose(probe.score(other), model.predict_proba(other)[:, 1], atol=1e-9)


def test_the_candidate_best_on_validation_is_kept_and_ties_take_the_strongest_penalty():
    probe = fit(inverse_l2=(10.0, 0.1, 1.0))
    assert [row["inverse_l2"] for row in probe.curve] == [0.1, 1.0, 10.0]
    ranks = [(row["val_video_auc"], row["val_frame_auc"]) for row in probe.curve]
    best = [row["inverse_l2"] for row, rank in zip(probe.curve, ranks, strict=True) if rank == max(ranks)]
    assert probe.inverse_l2 == min(best)


def test_class_weight_moves_the_scores():
    assert fit(class_weight="none", inverse_l2=(1.0,)).bias > fit(inverse_l2=(1.0,)).bias
