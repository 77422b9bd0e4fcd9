"""What a package knows of its own worth."""

import json

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json, write_json
from clipforensics.scoring.validated import read_validated
from tests.support.scoring_packages import write_scoring_package


@pytest.fixture
def folder(tmp_path):
    return write_scoring_package(tmp_path / "package")


def test_everything_is_read(folder):
    found = read_validated(folder)
    assert (found.pooling, found.rule, found.threshold, found.usable) == ("mean", "eer", 0.5, True)
    assert found.prior == 0.5
    assert found.ratios.bounds == (-1.0, 1.0)
    assert found.abstainer.alpha == 0.1


@pytest.mark.parametrize(
    ("file", "key"), [("operating_point.json", "video"), ("validation.json", "abstention")]
)
def test_what_is_missing_is_told(folder, file, key):
    content = read_json(folder / file)
    write_json(folder / file, {name: value for name, value in content.items() if name != key})
    with pytest.raises(InputError, match=f"`{key}` is missing; add it; copy the package again"):
        read_validated(folder)


@pytest.mark.parametrize(
    ("file", "where", "value"),
    [
        ("operating_point.json", ("video", "threshold"), float("nan")),
        ("operating_point.json", ("video", "threshold"), "0.5"),
        ("operating_point.json", ("video", "usable"), "no"),
        ("operating_point.json", ("video", "prior"), 1),
        ("operating_point.json", ("pooling",), "most"),
        ("operating_point.json", ("rule",), "taste"),
        ("validation.json", ("footage", "n_frames"), []),
        ("validation.json", ("footage", "face_size"), 9),
        ("validation.json", ("is_toy",), 0),
        ("validation.json", ("abstention", "real"), [[2.0, 1]]),
        ("validation.json", ("abstention", "alpha"), 1),
        ("validation.json", ("abstention", "real"), 10**400),
        ("validation.json", ("likelihood", "low"), 0.5),
        ("validation.json", ("likelihood", "high"), float("inf")),
        ("validation.json", ("likelihood", "slope"), -1.0),
        ("validation.json", ("likelihood", "slope"), 1e308),
        ("validation.json", ("likelihood", "method"), "guess"),
        (
            "validation.json",
            ("likelihood",),
            {"method": "pav", "at": [1.0, 0.0], "probabilities": [0.2, 0.8], "low": -1.0, "high": 1.0},
        ),
        (
            "validation.json",
            ("likelihood",),
            {"method": "pav", "at": [0.0, 1.0], "probabilities": [0.2, 1.0], "low": -1.0, "high": 1.0},
        ),
    ],
)
def test_what_cannot_be_is_refused(folder, file, where, value):
    content = read_json(folder / file)
    place = content
    for name in where[:-1]:
        place = place[name]
    place[where[-1]] = value
    (folder / file).write_text(json.dumps(content))
    with pytest.raises(InputError, match=f"{file}.*copy the package again"):
        read_validated(folder)


def test_stepped_ratios_are_read(folder):
    content = read_json(folder / "validation.json")
    steps = {"method": "pav", "at": [-1.0, 0.0, 1.0], "probabilities": [0.2, 0.2, 0.9]}
    write_json(folder / "validation.json", content | {"likelihood": steps | {"low": -1.0, "high": 1.0}})
    assert read_validated(folder).ratios.map.at == (-1.0, 0.0, 1.0)
