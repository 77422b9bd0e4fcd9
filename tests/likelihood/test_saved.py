"""What a package keeps of its validation says the same when it is read again."""

import json

import numpy as np
import pytest

from clipforensics.likelihood.abstention import fit_abstainer
from clipforensics.likelihood.models import Ratios, Videos, fit_ratios
from clipforensics.likelihood.saved import (
    abstention_as_json,
    abstention_from_json,
    ratios_as_json,
    ratios_from_json,
)
from tests.support.scored_models import model

SCORES = np.linspace(0.001, 0.999, 97)


@pytest.mark.parametrize("method", ["logistic", "pav"])
def test_likelihood_ratios_are_the_same_again(method):
    ratios = fit_ratios(model(), method)
    again = ratios_from_json(json.loads(json.dumps(ratios_as_json(ratios))))
    assert again == ratios
    np.testing.assert_array_equal(again.bounded(SCORES), ratios.bounded(SCORES))


def test_where_there_are_none_the_reason_is_kept():
    again = ratios_from_json(ratios_as_json(Ratios(None, None, "at chance")))
    assert (again.bounds, again.reason) == (None, "at chance")


def test_what_is_damaged_is_refused():
    for saved in ({"method": "logistic", "slope": 1.0}, {"method": "magic", "low": 0, "high": 1}, {}):
        with pytest.raises((KeyError, ValueError)):
            ratios_from_json(saved)


def test_abstention_decides_the_same_again_and_names_nobody():
    val: Videos = model().val
    kept = abstention_as_json(val, 0.2)
    again = abstention_from_json(json.loads(json.dumps(kept)))
    first = fit_abstainer(val.scores, val.labels, val.groups, alpha=0.2)
    np.testing.assert_array_equal(again.decide(SCORES), first.decide(SCORES))
    assert again.can_call == first.can_call
    assert {len(row) for name in ("real", "manipulated") for row in kept[name]} == {2}
    groups = {row[1] for name in ("real", "manipulated") for row in kept[name]}
    assert groups == set(range(len(groups)))
