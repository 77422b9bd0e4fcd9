"""A verdict as a record."""

import json

import pytest

from clipforensics.scoring.drawn import Around, Drawn
from clipforensics.scoring.judging import judge
from clipforensics.scoring.results import EXIT_CODES, Verdict
from tests.support.scoring_cases import case, exhibit
from tests.support.scoring_packages import AROUND


def test_a_verdict_goes_through_json_and_back(validated):

    around = Around.model_validate(AROUND)
    made = judge(
        case([0.1, 0.2, 0.9, 0.6], people=[3, 3, 7, 7]), Drawn(n_frames=2, around=around), validated()
    )
    assert Verdict.from_dict(json.loads(json.dumps(made.to_dict()))) == made
    none = Verdict(None, "a", "no opinion", "not scored", "broken")
    assert Verdict.from_dict(json.loads(json.dumps(none.to_dict()))) == none


def test_every_outcome_has_a_status_of_its_own_beside_those_of_any_command():
    assert sorted(EXIT_CODES.values()) == [0, 3, 4, 5, 6]


def test_what_is_missing_is_refused():
    with pytest.raises(KeyError):
        Verdict.from_dict({"path": "a"})


def test_without_a_frame_rate_there_is_no_duration():
    assert exhibit(frame_rate=0.0).seconds is None
    assert exhibit().seconds == pytest.approx(1.2)
