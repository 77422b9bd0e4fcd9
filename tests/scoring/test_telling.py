"""A verdict in words."""

import pytest

from clipforensics.scoring.drawn import Around, Drawn
from clipforensics.scoring.judging import judge
from clipforensics.scoring.results import Evidence, Verdict
from clipforensics.scoring.telling import evidence_words, ratio, tell, tell_all
from tests.support.scoring_cases import case
from tests.support.scoring_packages import AROUND

WHOLE = Drawn(n_frames=4, around=None)


@pytest.mark.parametrize(
    ("llr", "text"),
    [
        (0.0, "1.0"),
        (0.01, "1.0"),
        (-0.01, "1.0"),
        (0.5, "3.2"),
        (-0.5, "1/3.2"),
        (1.0, "10"),
        (0.9985, "10"),
        (-2.3, "1/200"),
    ],
)
def test_a_ratio_to_two_digits(llr, text):
    assert ratio(llr) == text


def test_the_opinion_comes_first_then_what_carries_it(validated):
    known = validated()
    lines = tell(judge(case([0.8, 0.9, 0.85, 0.85]), WHOLE, known), known).splitlines()
    assert lines == [
        "a.mp4: MANIPULATED: of real videos like validation's at most 10% should be called manipulated",
        "  evidence: weak support for H1: likelihood ratio 5.7 (validation bears 1/10 to 10)",
        "    H1: The video was manipulated by FaceSwap, as the manipulated validation videos of mine were.",
        "    H2: The video is unmanipulated footage like the real validation videos of mine.",
        "    neither: a video manipulated otherwise; of that the ratio says nothing",
        "  probability of being manipulated: .850, assuming that 50.0% of the videos in question are"
        " (--prior)",
        "  score: .850 [.812, .888] over frames, at or above .500, the threshold where validation's two error"
        " rates are equal, on which no opinion rests",
        "  seen: 4 of 4 sampled frames, whole frames (this detector looks for no face), h264 64x48, 1.2 s",
    ]


def test_an_lr_at_its_bound_says_that_the_score_alone_would_say_more():
    assert "the score alone would say more" in evidence_words(
        Evidence(1.0, -1.0, 1.0, "moderate support for H1")
    )
    assert "alone" not in evidence_words(Evidence(0.0, 0.0, 0.0, "no support for either"))


def test_everybody_is_told_where_there_are_several(validated):
    known = validated()
    drawn = Drawn(n_frames=2, around=Around.model_validate(AROUND))
    text = tell(judge(case([0.1, 0.2, 0.9, 0.6], people=[3, 3, 7, 7]), drawn, known), known)
    assert "person 3 (judged): score .150" in text
    assert "person 7: score .750" in text
    assert "warning: 2 people are shown" in text


def test_of_several_videos_each_has_a_line(validated):
    known = validated()
    fine, none = (
        judge(case([0.85] * 4), WHOLE, known),
        Verdict(None, "b\x1b[31m", "no opinion", "not scored", "!"),
    )
    lines = tell_all([fine, none], known).splitlines()
    assert lines[1].split() == ["manipulated", "5.7", ".850", "a.mp4"]
    assert "\x1b" not in lines[2]
    assert lines[-1].startswith("2 videos: 1 manipulated, 1 no opinion (not scored). ")


def test_what_was_not_scored_is_a_line(validated):
    none = Verdict(None, "b", "no opinion", "not scored", "is empty (0 bytes); copy it again")
    assert tell_all([none], validated()) == "b: not scored: is empty (0 bytes); copy it again"
