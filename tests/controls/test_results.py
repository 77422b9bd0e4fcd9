"""controls.json: a row a cell, the judged one named, families declared."""

import json

import pytest

from clipforensics.controls.results import judged_cell, summary_line
from tests.support.controls import written_content

HEAD = {"protocol": "grouped", "train_set": "FS", "manipulation": "NT"}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return written_content(tmp_path_factory.mktemp("results"))


def test_a_row_a_protocol_and_manipulation_and_one_for_all_unseen(found):
    places = [(row["protocol"], row["manipulation"]) for row in found["rows"]]
    assert places == [
        (protocol, manipulation)
        for protocol in ("grouped", "grouped_kfold")
        for manipulation in ("NT", "DF", "FS", "unseen")
    ]
    pooled = found["rows"][3]
    assert pooled["manipulations"] == ["DF", "NT"]
    assert pooled["n_fake"] == found["rows"][0]["n_fake"] + found["rows"][1]["n_fake"]
    assert "covers" in pooled["controls"]["metadata"]


def test_folds_are_never_pooled(found):
    for row in found["rows"]:
        kind = "videos and training sets" if row["protocol"] == "grouped_kfold" else "videos"
        assert {one["covers"] for one in row["controls"].values()} == {kind}


def test_it_is_json_and_says_what_each_control_asks(found):
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["enabled"] is True
    assert found["judged"] == HEAD
    assert {name: one["asks"] for name, one in found["controls"].items()} == {
        "unaltered": "anchor", "metadata": "rival", "reencoded": "removal",
    }  # fmt: skip
    assert found["chosen"][0]["chosen"] == {"min_leaf": 1}
    assert "aggregate" not in found["bootstrap"]


def test_families_are_declared_with_their_method(found):
    methods = {one["name"]: one["method"] for one in found["families"]}
    assert methods["controls grouped FS NT"] == "max-t"
    assert methods["controls grouped_kfold FS unseen"] == "holm"
    for one in found["families"]:
        rows = [
            gap
            for row in found["rows"]
            for of in row["differences"].values()
            for gap in of.values()
            if gap.get("family") == one["name"]
        ]
        assert one["n"] == len(rows) > 0
        assert one["n_shown"] == sum(gap["simultaneous"]["p"] < 0.1 for gap in rows)


def test_the_primary_comparison_is_what_first_lines_judge():
    primary = {**HEAD, "protocol": "grouped_kfold", "detector": "lora"}
    assert judged_cell({"primary": primary, "headline": HEAD})["protocol"] == "grouped_kfold"
    assert judged_cell({"primary": None, "headline": HEAD})["protocol"] == "grouped"


def test_the_terminal_has_one_line(found):
    line = summary_line(found)
    assert line.startswith("video AUC of controls on NT, grouped: unaltered 1.000, metadata 0.625, ")
    assert line.count("\n") == 0
