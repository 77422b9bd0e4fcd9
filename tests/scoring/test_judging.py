"""What is said of a video, and when nothing is."""

from dataclasses import replace

import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.scoring.drawn import Around, Drawn
from clipforensics.scoring.judging import judge
from tests.support.faces import make_face
from tests.support.scoring_cases import case
from tests.support.scoring_packages import AROUND

WHOLE = Drawn(n_frames=4, around=None)


def test_a_high_score_is_called_manipulated_with_its_evidence(validated):
    known = validated()
    verdict = judge(case([0.8, 0.9, 0.85, 0.85]), WHOLE, known)
    assert (verdict.opinion, verdict.outcome, verdict.exit_code) == ("manipulated", "opinion", 0)
    assert verdict.score == pytest.approx(0.85)
    expected = np.log10(0.85 / 0.15)
    assert verdict.evidence.log10_lr == pytest.approx(expected)
    assert verdict.evidence.words == "weak support for H1"
    assert (verdict.probability, verdict.prior) == (pytest.approx(0.85), 0.5)
    assert verdict.above
    assert verdict.low <= verdict.score <= verdict.high
    assert "at most 10% should be called manipulated" in verdict.reason


def test_a_low_score_is_called_real_and_an_lr_is_held_within_its_bounds(validated):
    verdict = judge(case([0.05] * 4), WHOLE, validated())
    assert verdict.opinion == "real"
    assert verdict.evidence.log10_lr == -1.0
    assert verdict.evidence.at_bound
    assert not verdict.above
    assert verdict.probability == pytest.approx(1 / 11), "as sure as the bound, and no surer"


def test_between_the_classes_there_is_no_opinion_but_evidence(validated):
    scores = [[score, group] for group, score in enumerate(np.linspace(0.1, 0.9, 20).tolist())]
    overlapping = {"alpha": 0.1, "real": scores, "manipulated": [[s, g + 20] for s, g in scores]}
    verdict = judge(case([0.5] * 4), WHOLE, validated(abstention=overlapping))
    assert (verdict.opinion, verdict.outcome, verdict.exit_code) == ("no opinion", "abstains", 5)
    assert verdict.reason.startswith("both real and manipulated validation videos score so")
    assert verdict.evidence.words == "no support for either"


def test_a_score_like_neither_class_is_told_so(validated):
    low, high = ([[0.05 + low + g / 200, g + n] for g in range(20)] for low, n in ((0.0, 0), (0.8, 20)))
    few = {"alpha": 0.1, "real": low, "manipulated": high}
    verdict = judge(case([0.5] * 4), WHOLE, validated(abstention=few))
    assert verdict.reason.startswith("neither real nor manipulated")


def test_too_few_people_promise_nothing(validated):
    few = {"alpha": 0.1, "real": [[0.1, 0], [0.2, 1]], "manipulated": [[0.8, 2], [0.9, 3]]}
    verdict = judge(case([0.99] * 4), WHOLE, validated(abstention=few))
    assert verdict.outcome == "abstains"
    assert "too few people" in verdict.reason


def test_too_few_people_of_one_class_are_not_called_like_it(validated):
    """No real video of validation scores so; there are too few of them to exclude that one would."""
    many = [[0.7 + g / 100, g + 9] for g in range(20)]
    known = validated(abstention={"alpha": 0.1, "real": [[0.1, 0], [0.2, 1]], "manipulated": many})
    assert "too few people" in judge(case([0.95] * 4), WHOLE, known).reason
    assert judge(case([0.15] * 4), WHOLE, known).opinion == "real"


def test_a_detector_at_chance_says_nothing_whatever_the_score(validated):
    verdict = judge(case([0.99] * 4), WHOLE, validated(usable=False))
    assert (verdict.opinion, verdict.outcome, verdict.exit_code) == ("no opinion", "at chance", 3)
    assert "AUC 0.333" in verdict.reason
    assert verdict.evidence is None
    assert verdict.probability is None
    assert verdict.score == pytest.approx(0.99)


def test_what_is_outside_validation_is_not_judged(validated):
    known = validated(face_size=(80, 200))
    cases = {
        "unlike the footage": case([0.9] * 4, people=[0] * 4, faces=_faces(100), unlike=0.03),
        "its face has 50 pixels, and the smallest": case([0.9] * 4, people=[0] * 4, faces=_faces(50)),
        "no face was found in it, and training saw faces": case([0.9] * 4),
    }
    for text, one in cases.items():
        verdict = judge(one, WHOLE, known)
        assert (verdict.outcome, verdict.exit_code) == ("outside", 4)
        assert text in verdict.reason
        assert verdict.evidence is None
        assert verdict.people[0].evidence is None
    fine = judge(case([0.9] * 4, people=[0] * 4, faces=_faces(100)), WHOLE, known)
    assert fine.outcome == "opinion"
    assert fine.people[0].evidence == fine.evidence


@pytest.mark.parametrize("side", [2, 480])
def test_whole_frames_of_sizes_that_training_had_not_are_not_judged(validated, side):
    """A detector of cartoons of 112 pixels called real deepfakes real."""
    verdict = judge(case([0.9] * 4, width=side, height=side), WHOLE, validated())
    assert (verdict.opinion, verdict.outcome) == ("no opinion", "outside")
    assert verdict.reason == f"its shorter side has {side} pixels, that of training and validation 32 to 64"
    assert not any("shorter side" in text for text in verdict.warnings)


def test_a_video_that_the_detector_was_trained_on_is_not_judged(validated):
    known = validated()
    own = replace(known, footage={**known.footage, "digests": ["a" * 16]})
    verdict = judge(case([0.9] * 4, sha256="a" * 64), WHOLE, own)
    assert (verdict.outcome, verdict.evidence) == ("outside", None)
    assert verdict.reason == "it is one of the videos that the detector was trained or validated on"
    assert judge(case([0.9] * 4, sha256="b" * 64), WHOLE, own).outcome == "opinion"


def test_who_stands_too_small_beside_has_a_score_but_no_evidence(validated):
    faces = [
        make_face(0, 0, side, frame=frame, person=p) for p, side in ((0, 100), (1, 40)) for frame in (0, 1)
    ]
    one = case([0.9, 0.9, 0.8, 0.8], people=[0, 0, 1, 1], faces=faces)
    drawn = Drawn(n_frames=2, around=Around.model_validate(AROUND))
    large, small = judge(one, drawn, validated(face_size=(80, 200))).people
    assert large.evidence is not None
    assert (small.score, small.evidence) == (pytest.approx(0.8), None)


@pytest.mark.parametrize("prior", [0, 1, 2.0, float("nan")])
def test_a_prior_that_is_none_is_refused(validated, prior):
    with pytest.raises(InputError, match="must lie between 0 and 1"):
        judge(case([0.9] * 4), WHOLE, validated(), prior=prior)


def _faces(side):
    return [make_face(0, 0, side, frame=frame, person=0) for frame in range(4)]


def test_without_a_face_nothing_is_scored(validated):
    verdict = judge(case([], n_sampled=4), WHOLE, validated())
    assert (verdict.outcome, verdict.exit_code, verdict.score) == ("not scored", 6, None)
    assert verdict.reason == "no face was found in its 4 sampled frames"


def test_a_prior_of_the_case_takes_the_place_of_validations(validated):
    verdict = judge(case([0.85] * 4), WHOLE, validated(), prior=0.01)
    odds = (0.85 / 0.15) * 0.01 / 0.99
    assert verdict.probability == pytest.approx(odds / (1 + odds))
    assert verdict.prior == 0.01


def test_of_several_people_the_first_is_judged_or_the_most_suspect(validated):
    around = Around.model_validate(AROUND)
    one = case([0.1, 0.2, 0.9, 0.6], people=[3, 3, 7, 7])
    largest = judge(one, Drawn(n_frames=2, around=around), validated())
    assert largest.score == pytest.approx(0.15)
    assert [(p.person, p.is_main, p.score) for p in largest.people] == [
        (3, True, pytest.approx(0.15)), (7, False, pytest.approx(0.75)),
    ]  # fmt: skip
    assert any("2 people are shown" in text for text in largest.warnings)
    every = Drawn(n_frames=2, around=around.model_copy(update={"person": "every"}))
    most = judge(one, every, validated())
    assert most.score == pytest.approx(0.75)
    assert [p.is_main for p in most.people] == [False, False]
    assert (most.n_scored, largest.n_scored) == (2, 2)


def test_of_several_people_a_detector_of_whom_a_mask_marked_judges_nobody(validated):
    """Validation judged the marked one; who would be marked here, nothing says."""
    mask = Drawn(n_frames=2, around=Around.model_validate(AROUND | {"person": "mask"}))
    two = judge(case([0.9, 0.9, 0.1, 0.1], people=[3, 3, 7, 7]), mask, validated())
    assert (two.opinion, two.outcome, two.evidence) == ("no opinion", "outside", None)
    assert two.reason == "2 people are shown, and validation judged the one whom the data set's mask marks"
    assert [one.evidence for one in two.people] == [None, None]
    assert judge(case([0.9, 0.9], people=[3, 3]), mask, validated()).outcome == "opinion"
