"""What a control is given, and how often it is fitted."""

from clipforensics.controls.contract import Control, Fitted
from tests.support.controls import make_known


def test_rows_are_those_of_the_stored_embeddings(tmp_path):
    known = make_known(tmp_path)
    assert known.index is known.embeddings.rows
    assert set(known.train.table["key"]) & set(known.val.table["key"]) == set()


def test_a_control_is_fitted_once_unless_it_says_more():
    control = Control("a", "b", "rival", "c", lambda *_: Fitted(lambda rows: rows, (0.5, 0.5)))
    assert control.draws(None) == 1
