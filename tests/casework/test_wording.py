"""What the pages say in sentences."""

from dataclasses import replace

import pytest

from clipforensics.casework import wording
from clipforensics.likelihood.words import in_words
from clipforensics.scoring.results import EXIT_CODES, Evidence, Verdict

NOTHING = Verdict(None, "a.mp4", "no opinion", "not scored", "no face was found")


def evidence(llr, low=-1.0, high=1.0):
    return Evidence(llr, low, high, in_words(llr))


def test_every_outcome_has_a_headline():
    for outcome in EXIT_CODES:
        said = wording.headline(replace(NOTHING, outcome=outcome, opinion="real"))
        assert said.startswith("No opinion: ") == (outcome != "opinion")
    assert wording.headline(replace(NOTHING, outcome="opinion", opinion="real")).endswith("this video real")
    assert wording.reason(NOTHING) == "No face was found."


@pytest.mark.parametrize(
    ("llr", "words"),
    [
        (0.5, "3.2 times as likely under H1 as under H2 (likelihood ratio 3.2): weak support for H1."),
        (-0.5, "3.2 times as likely under H2 as under H1 (likelihood ratio 1/3.2): weak support for H2."),
        (
            1.0,
            "Likelihood ratio 10, the furthest that validation bears: the score counts as 10 times as likely",
        ),
        (0.0, "about as likely under H1 as under H2 (likelihood ratio 1.0): no support for either."),
    ],
)
def test_a_likelihood_ratio_in_a_sentence(llr, words):
    assert words in wording.weight(evidence(llr))


def test_bounds_say_where_they_held_the_score_back():
    assert wording.bounds(evidence(0.5)) == "Validation bears likelihood ratios from 1/10 to 10, none beyond."
    assert wording.bounds(evidence(1.0)).endswith("that is not claimed.")


def test_the_probability_names_the_share_that_it_hangs_on(whole):
    validated = whole.detector.validated
    said = [*wording.worth(replace(whole.seen.verdict, probability=0.25, prior=0.005), validated)]
    assert "is .250, if of the videos in question 0.5% were" in said[-1]


def test_without_evidence_it_is_said_why(whole):
    validated = whole.detector.validated
    assert [*wording.worth(NOTHING, validated)] == ["No likelihood ratio: there is no score."]
    (said,) = wording.worth(replace(NOTHING, outcome="outside", score=0.4), validated)
    assert said == "No likelihood ratio and no probability: validation does not carry them for this video."


def test_validation_in_sentences(whole):
    model = whole.record["model"]
    first, rates, trained = wording.of_validation(model["validation"], whole.detector.validated, 0.955)
    assert first.startswith("On 15 real videos of 15 people and 15 manipulated of 15 people, it ranked")
    assert "in 96% of pairs (AUC .955; guessing is 50%)" in first
    assert "it called 10% of the real videos manipulated, and found 90%" in rates
    assert trained == (
        "It was trained and validated on 30 videos: h264, shorter side 32 to 64 pixels, 8 to 30 frames."
    )


def test_where_nobody_knows_who_is_shown_no_people_are_counted(whole):
    validated = whole.detector.validated
    unknown = replace(validated, footage={**validated.footage, "n_unknown": 7})
    first, *_, last = wording.of_validation(whole.record["model"]["validation"], unknown, 0.955)
    assert first.startswith("On 15 real videos and 15 manipulated, it ranked a manipulated one above a real")
    assert last.startswith("Who is in 7 of these videos is not known: the same people may have been trained")


@pytest.mark.parametrize(("value", "text"), [(0.5, "50%"), (0.005, "0.5%"), (0.001, "0.1%")])
def test_shares(value, text):
    assert wording.share(value) == text
