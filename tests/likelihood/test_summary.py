"""The whole of likelihood.json: rows of everybody, curves and conditions of the headline's first seed."""

import json

import pandas as pd
import pytest

from clipforensics.core.files import json_ready
from clipforensics.likelihood.summary import summarise
from tests.support.scored_models import assessed, model


@pytest.fixture(scope="module")
def found():
    bad = model(3, {"usable": False, "reason": "at chance"})
    everybody = [
        assessed(model(1), detector="a"),
        assessed(bad, detector="b"),
        assessed(model(2), detector="a", seed=2),
        assessed(model(3), detector="b", seed=2),
    ]
    keys = sorted({key for one in everybody for m in one.models for key in m.test.keys.tolist()})
    videos = pd.DataFrame({"compression": ["c23", "c40"] * (len(keys) // 2)}, index=keys)
    return summarise(everybody, videos, "made-up")


def test_rows_are_of_all_and_the_rest_of_the_headlines_seed(found):
    content, _ = found
    assert {(row["detector"], row["seed"]) for row in content["rows"]} == {
        (d, s) for d in "ab" for s in (1, 2)
    }
    assert content["headline"] == {
        "protocol": "grouped", "split": "grouped", "train_set": "FS", "seed": 1, "manipulation": "NT",
    }  # fmt: skip
    assert "FS" in content["propositions"]["H1"]
    for rows in (content["conditions"], content["abstention"]["rows"]):
        assert [(row["detector"], row["manipulation"], row["seed"]) for row in rows] == [
            (d, m, 1) for d in "ab" for m in ("NT", "FS")
        ]
    json.dumps(json_ready(content), allow_nan=False)


def test_curves_are_of_those_that_give_ratios(found):
    content, curves = found
    assert content["tippett"].keys() == content["ece"].keys() == {"a"}
    assert curves["tippett"].columns.tolist() == ["detector", "llr", "share"]
    assert curves["tippett"]["detector"].unique().tolist() == ["a, manipulated", "a, real"]
    assert curves["ece"]["detector"].unique().tolist() == ["a", "a, best rising map", "a, without LR"]
    real = curves["tippett"][curves["tippett"]["detector"] == "a, real"]
    assert real["share"].tolist() == content["tippett"]["a"]["h2"]
    assert real["llr"].tolist() == content["tippett"]["a"]["llr"]


def test_the_test_that_is_looked_at_is_the_primary_comparisons():
    leaking = assessed(model(1), detector="a", split="per_class")
    everybody = [leaking, assessed(model(2), detector="a")]
    keys = sorted({key for one in everybody for m in one.models for key in m.test.keys.tolist()})
    videos = pd.DataFrame({"compression": "c23"}, index=keys)

    def head(primary):
        return summarise(everybody, videos, "made-up", primary)[0]["headline"]

    clean = {"protocol": "grouped", "train_set": "FS", "manipulation": "FS"}
    assert (head(clean)["protocol"], head(clean)["manipulation"]) == ("grouped", "FS")
    assert head({})["protocol"] == head({**clean, "protocol": "official"})["protocol"] == "per_class"
    assert head({**clean, "manipulation": "DF"})["manipulation"] == "NT", "the first that is tested"


def test_where_nobody_gives_ratios_the_tables_are_empty():
    bad = assessed(model(3, {"usable": False, "reason": "at chance"}))
    keys = bad.models[0].test.keys
    videos = pd.DataFrame({"compression": "c23"}, index=keys)
    content, curves = summarise([bad], videos, "made-up")
    assert content["tippett"] == {}
    assert curves["ece"].to_csv(index=False) == "detector,prior,bits\n"
