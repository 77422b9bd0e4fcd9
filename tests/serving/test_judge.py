"""From an upload to all that is answered: stages, limits, words, and what is said of the model."""

import json

import pytest
from PIL import Image
from pydantic import TypeAdapter

from clipforensics.footage.content import UnreadableVideo
from clipforensics.serving.judge import Judge, check_size, read_card
from clipforensics.serving.models import Answer, Model, Words
from tests.support.clips import make_clip


@pytest.fixture(scope="module")
def judge(package):
    return Judge.open([f"--model={package}"], seconds=5)


def asked(judge, path, **given):
    stages = []
    task = {"name": "b.mp4", "prior": None, "draw": False, **given}
    return judge.answer(path=str(path), on_stage=stages.append, **task), stages


def test_it_answers_with_the_name_that_is_shown_and_nothing_drawn(judge, short_clip):
    found, stages = asked(judge, short_clip)
    answer = TypeAdapter(Answer).validate_python(found["verdict"])
    assert (answer.path, answer.exhibit.path) == ("b.mp4", "b.mp4")
    assert (found["words"], found["figures"], stages) == (None, None, ["reading", "scoring"])
    assert str(short_clip.parent) not in json.dumps(found, allow_nan=False)


def test_what_is_drawn_comes_with_words_and_the_same_verdict(judge, short_clip):
    found, stages = asked(judge, short_clip, draw=True)
    assert stages == ["reading", "scoring", "drawing"]
    assert Words.model_validate(found["words"]).headline
    assert "<svg" in found["figures"]
    assert str(short_clip.parent) not in json.dumps(found)
    assert found["verdict"] == asked(judge, short_clip)[0]["verdict"]


def test_the_prior_is_the_senders(judge, short_clip):
    plain, rare = (asked(judge, short_clip, prior=prior)[0]["verdict"] for prior in (None, 0.001))
    assert (plain["prior"], rare["prior"]) == (0.5, 0.001)
    assert rare["probability"] < plain["probability"]


def test_longer_videos_and_larger_frames_than_it_takes_are_refused(judge, tmp_path):
    with pytest.raises(UnreadableVideo, match="5 s long, and this server takes at most 5 s"):
        asked(judge, make_clip(tmp_path / "long.mp4", n_frames=130))
    Image.new("RGB", (4112, 4096)).save(tmp_path / "wide.png")
    with pytest.raises(UnreadableVideo, match="4112x4096"):
        check_size(tmp_path / "wide.png", 5)
    Image.new("RGB", (4096, 4096)).save(tmp_path / "just.png")
    check_size(tmp_path / "just.png", 5)


def test_of_the_model_all_is_said_but_the_folders_above_it(judge, package):
    about = judge.about["model"]
    assert set(about) == set(Model.model_fields) - {"limits"}
    assert about["model"] == "/".join(package.resolve().parts[-3:])
    assert (about["method"], about["is_toy"], about["cut"]) == (
        "lora",
        False,
        "whole frames; no face is looked for",
    )
    assert (about["validation"]["log10_lr_low"], about["validation"]["log10_lr_high"]) == (-1, 1)
    assert str(package.resolve().parents[2]) not in json.dumps(judge.about)


def test_a_card_is_html_and_none_is_empty(judge, tmp_path):
    assert "A detector" in judge.about["card"]
    assert read_card(tmp_path) == ""
