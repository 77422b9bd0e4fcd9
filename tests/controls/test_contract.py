"""What a control is given, and how often it is fitted."""

from types import SimpleNamespace

import pytest

from clipforensics.controls.contract import Control, Fitted, Inputs
from clipforensics.core.faults import InputError
from tests.support.controls import make_known


def test_rows_are_those_of_the_stored_embeddings(tmp_path):
    known = make_known(tmp_path)
    assert known.index is known.embeddings.rows
    assert set(known.train.table["key"]) & set(known.val.table["key"]) == set()


def test_a_control_is_fitted_once_unless_it_says_more():
    control = Control("a", "b", "rival", "c", lambda *_: Fitted(lambda rows: rows, (0.5, 0.5)))
    assert control.draws(None) == 1


@pytest.mark.parametrize("what", ["weights_sha256", "config_sha256"])
def test_views_of_another_encoder_than_the_embeddings_are_refused(what):
    about = {"weights_sha256": "1", "config_sha256": "2"}
    stores = [SimpleNamespace(meta=meta) for meta in (about, about, {**about, what: "3"})]
    Inputs(stores[0], {"face": stores[1]}, None, None)
    with pytest.raises(InputError, match=f"the frames of face were embedded with another {what}"):
        Inputs(stores[0], {"face": stores[2], "reencoded": stores[1]}, None, None)
