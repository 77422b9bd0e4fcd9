"""What a reader must know of a video before relying on its score."""

from dataclasses import replace

import pytest

from clipforensics.scoring.drawn import Around, Drawn
from clipforensics.scoring.judging import judge
from tests.support.scoring_cases import case
from tests.support.scoring_packages import AROUND

WHOLE = Drawn(n_frames=4, around=None)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"codec": "vp9"}, "its codec is vp9; training and validation had h264"),
        ({"n_frames": 3}, "it is short: 3 frames, the shortest"),
        ({"n_frames": 1}, "it is short: 1 frame, the shortest"),
        ({"unlike": None}, "cannot be told with this detector"),
        ({"n_sampled": 6}, "2 of 6 sampled frames do not show the person"),
    ],
)
def test_what_a_reader_must_know_is_told(validated, changes, text):
    assert any(text in warning for warning in judge(case([0.5] * 4, **changes), WHOLE, validated()).warnings)


def test_a_training_video_is_told_though_chance_is_the_reason(validated):
    known = validated(usable=False)
    own = replace(known, footage={**known.footage, "digests": ["a" * 16]})
    text = "it is one of the videos that the detector was trained or validated on"
    verdict = judge(case([0.5] * 4, sha256="a" * 64), WHOLE, own)
    assert (verdict.outcome, text in verdict.warnings) == ("at chance", True)
    assert text not in judge(case([0.5] * 4, sha256="b" * 64), WHOLE, own).warnings
    usable = replace(own, usable=True)
    assert text not in judge(case([0.5] * 4, sha256="a" * 64), WHOLE, usable).warnings  # it is the reason


def test_small_frames_with_a_large_face_are_told(validated):
    one = case([0.5] * 4, people=[0] * 4, height=20)
    verdict = judge(one, WHOLE, validated(face_size=(40, 200)))
    assert verdict.outcome != "outside"
    assert any("its shorter side has 20 pixels" in text for text in verdict.warnings)


def test_nothing_is_warned_of_where_nothing_is_odd(validated):
    assert judge(case([0.5] * 4), WHOLE, validated()).warnings == ()
    toy = judge(case([0.5] * 4), WHOLE, validated(is_toy=True))
    assert toy.warnings == ("this detector is a toy: it has only ever seen rendered cartoon faces",)


def test_a_mask_that_nobody_has_of_a_new_clip_is_told(validated):
    drawn = Drawn(n_frames=4, around=Around.model_validate(AROUND | {"person": "mask"}))
    verdict = judge(case([0.5] * 4, people=[0] * 4), drawn, validated())
    assert any("the data set's mask" in text for text in verdict.warnings)
