"""The probe on other labels: the same rows, weights and choice as with true ones."""

import numpy as np
import pytest
import yaml
from sklearn.linear_model import LogisticRegression

from clipforensics.controls.probing import fit_on, read_probe_settings
from clipforensics.core.faults import InputError
from tests.support.controls import N_FRAMES, SHIPPED, make_known


def test_given_labels_are_those_of_videos(tmp_path):
    known = make_known(tmp_path, shift=0.5)
    rng = np.random.default_rng(0)
    train, val = (rng.permutation(part.table["label"].to_numpy()) for part in (known.train, known.val))
    fitted = fit_on(known.embeddings, known, train_labels=train, val_labels=val)
    x = known.embeddings.read(known.train.rows).astype(np.float64)
    model = LogisticRegression(C=fitted.chosen["inverse_l2"], class_weight="balanced", max_iter=10_000)
    model.set_params(tol=1e-12)
    model.fit(x, train.repeat(N_FRAMES))
    rows = np.arange(40, 60)
    expected = model.predict_proba(known.embeddings.read(rows).astype(np.float64))[:, 1]
    np.testing.assert_allclose(fitted.score(rows), expected, atol=1e-6)


@pytest.mark.parametrize("sampling", ["all", "balanced", "paired"])
def test_true_labels_given_are_true_labels(tmp_path, sampling):
    known = make_known(tmp_path, shift=0.5, sampling=sampling)
    labels = {f"{name}_labels": getattr(known, name).table["label"].to_numpy() for name in ("train", "val")}
    rows = np.arange(30)
    found = fit_on(known.embeddings, known, **labels).score(rows)
    np.testing.assert_array_equal(found, fit_on(known.embeddings, known).score(rows))


def test_settings_are_the_baselines(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(SHIPPED))
    found = read_probe_settings(path, 7)
    assert list(found.inverse_l2) == SHIPPED["methods"]["baseline"]["inverse_l2"]
    assert (found.class_weight, found.sampling, found.seed) == ("balanced", "all", 7)


def test_of_candidates_for_iterations_the_most_is_taken_and_a_missing_section_is_told(tmp_path):
    path = tmp_path / "params.yaml"
    baseline = {**SHIPPED["methods"]["baseline"], "max_iterations": [50, 3000, 100]}
    path.write_text(yaml.safe_dump({**SHIPPED, "methods": {"baseline": baseline}}))
    assert read_probe_settings(path, 7).max_iterations == 3000
    path.write_text(yaml.safe_dump({**SHIPPED, "methods": {}}))
    with pytest.raises(InputError, match=r"section `methods\.baseline` is missing"):
        read_probe_settings(path, 7)
