"""A fitting survives meta.json, tells two alike from two that differ, and names the settings that make it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.core.fitting import Fitting
from clipforensics.crops.extraction import ExtractSection

fittings = st.builds(
    lambda size, resample, squash, more: Fitting(size, resample, squash, size + more),
    st.integers(1, 512),
    st.sampled_from(["bilinear", "bicubic"]),
    st.booleans(),
    st.integers(0, 64),
)


@given(fittings)
def test_meta_json_keeps_it(fitting):
    assert Fitting.of_store(fitting.as_meta()) == fitting


def test_the_default_is_what_stores_have_always_said():
    assert Fitting(64).as_meta() == {"size": 64, "resample": "bicubic", "crop": "center"}
    assert Fitting(64) == Fitting(64, edge=64) != Fitting(64, edge=65)


@given(fittings)
def test_the_settings_that_it_names_make_it(fitting):
    words = fitting.as_settings().replace(",", " ").replace(" and", " ").split()
    told = dict(zip(words[0::3], words[2::3], strict=True))
    found = ExtractSection(
        n_frames=1,
        frame_size=int(told["extract_frames.frame_size"]),
        resample=told["resample"],
        squash=told["squash"] == "true",
        resize_edge=int(told["resize_edge"]),
        codec="none",
        max_skipped=0.0,
        person="largest",
        min_share=0.25,
        margin=1.3,
        align=False,
        without_face="skip",
        max_without_face=0.0,
    )
    assert found.fitting == fitting


@pytest.mark.parametrize(
    ("fitting", "words"),
    [
        (Fitting(224), "shorter side to 224, bicubic, then the central square"),
        (Fitting(224, edge=256), "shorter side to 256, bicubic, then the central square of 224"),
        (Fitting(224, "bilinear", squash=True), "both sides to 224, bilinear"),
        (
            Fitting(224, "bilinear", squash=True, edge=256),
            "both sides to 256, bilinear, then the central square of 224",
        ),
    ],
)
def test_words(fitting, words):
    assert fitting.in_words() == words


@pytest.mark.parametrize(
    "meta",
    [
        {"size": 64, "resample": "nearest", "crop": "center"},
        {"size": 64, "resample": "bicubic", "crop": "corner"},
    ],
)
def test_what_is_unknown_is_refused(meta):
    with pytest.raises(ValueError, match="unknown"):
        Fitting.of_store(meta)
