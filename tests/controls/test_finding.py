"""Every file of the two folders is a control that keeps the contract."""

import numpy as np
import pytest

from clipforensics.controls.contract import ANCHOR
from clipforensics.controls.finding import KINDS, known_controls
from clipforensics.controls.view import VIEWS
from tests.support.controls import controls_section, make_known


def test_all_files_are_found_the_anchor_first():
    files = {path.stem for folder in (KINDS, VIEWS) for path in folder.glob("[a-z]*.py")}
    assert set(known_controls()) == files
    assert next(iter(known_controls())) == ANCHOR
    assert [name for name, one in known_controls().items() if one.asks == "anchor"] == [ANCHOR]


@pytest.mark.parametrize("name", known_controls())
def test_a_control_keeps_the_contract(name, tmp_path):
    control, known = known_controls()[name], make_known(tmp_path, shift=0.5)
    rows = np.arange(len(known.index))
    assert control.title[0].islower(), "it stands within a sentence"
    assert not control.title.endswith(".")
    assert control.about[0].isupper()
    assert bool(control.said) == (control.asks != "anchor")
    assert not control.said.endswith(".")
    assert control.about.endswith(".")
    fitted = control.fit(known, controls_section(), 1)
    scores = fitted.score(rows)
    assert scores.shape == rows.shape
    assert scores.dtype == np.float64
    assert ((scores >= 0) & (scores <= 1)).all()
    assert (control.fit(known, controls_section(), 1).score(rows[5:9]) == scores[5:9]).all()
    assert all(0 <= auc <= 1 for auc in fitted.rank)


def test_a_view_is_scored_on_its_own_embeddings(tmp_path):
    known = make_known(tmp_path, shift=0.5)
    rows = np.arange(30)
    scores = {
        name: known_controls()[name].fit(known, controls_section(), 1).score(rows)
        for name in (ANCHOR, "reencoded")
    }
    assert (scores[ANCHOR] != scores["reencoded"]).all()
