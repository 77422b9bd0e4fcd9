"""The verbal scale at each of its borders, on both sides, and the propositions."""

import math

import pytest

from clipforensics.likelihood.words import in_words, propositions


@pytest.mark.parametrize(
    ("lr", "words"),
    [
        (1, ""), (1.99, ""), (2, "weak support"), (9.9, "weak support"), (10, "moderate support"),
        (99, "moderate support"), (100, "moderately strong support"), (999, "moderately strong support"),
        (1000, "strong support"), (9999, "strong support"), (10_000, "very strong support"),
        (999_999, "very strong support"), (1e6, "extremely strong support"),
    ],
)  # fmt: skip
def test_words_of_the_guideline_for_either_proposition(lr, words):
    assert in_words(math.log10(lr)) == (f"{words} for H1" if words else "no support for either")
    assert in_words(-math.log10(lr)) == (f"{words} for H2" if words else "no support for either")


def test_propositions_name_what_the_ratios_were_fitted_on():
    found = propositions("sample", ["FaceSwap", "Deepfakes"])
    assert "manipulated by FaceSwap or Deepfakes" in found["H1"]
    assert "unmanipulated" in found["H2"]
    assert all("sample" in text for text in found.values())
