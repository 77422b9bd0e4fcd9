"""Permuted labels: by video, within a part, seeded; at chance whatever embeddings hold."""

import numpy as np
import pytest

from clipforensics.controls.kinds import permuted, unaltered
from clipforensics.controls.kinds.permuted import CONTROL
from tests.support.controls import auc_on_test, controls_section, make_known


def test_it_is_at_chance_where_true_labels_separate(tmp_path):
    known = make_known(tmp_path, shift=3.0)
    section = controls_section()
    assert auc_on_test(unaltered.fit(known, section, 1), known) > 0.99
    aucs = [auc_on_test(permuted.fit(known, section, draw), known) for draw in range(1, 31)]
    assert np.mean(aucs) == pytest.approx(0.5, abs=3 * np.std(aucs) / np.sqrt(30))
    assert np.std(aucs) > 0.1, "the classes lie far apart, so each draw leans to one side"


def test_draws_differ_and_are_the_same_again(tmp_path):
    known, rows = make_known(tmp_path, shift=1.0), np.arange(30)
    scores = [permuted.fit(known, controls_section(), draw).score(rows) for draw in (1, 2, 1)]
    assert (scores[0] == scores[2]).all()
    assert (scores[0] != scores[1]).any()
    other = permuted.fit(known, controls_section(seed=1), 1).score(rows)
    assert (scores[0] != other).any()


def test_labels_move_between_videos_of_a_part_and_keep_their_numbers(tmp_path, monkeypatch):
    known, seen = make_known(tmp_path), {}
    monkeypatch.setattr(permuted, "fit_on", lambda *_, **labels: seen.update(labels))
    permuted.fit(known, controls_section(), 1)
    for part, name in ((known.train, "train_labels"), (known.val, "val_labels")):
        true = part.table["label"].to_numpy()
        assert sorted(seen[name]) == sorted(true)
        assert (seen[name] != true).any()


def test_the_settings_say_how_many_draws():
    assert CONTROL.draws(controls_section(permuted={"draws": 7})) == 7
