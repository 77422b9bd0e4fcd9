"""A case done again."""

import json

import pytest

from clipforensics.casework.outputs import FORM, HEAD
from clipforensics.casework.verifying import (
    MOST,
    Before,
    another,
    differences,
    read_case,
    tell_differences,
    told,
)
from clipforensics.core.faults import InputError


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a.b: 1 before, 2 now"]),
        ({"a": [1, {"x": "y"}]}, {"a": [1, {"x": "z"}]}, ['a[1].x: "y" before, "z" now']),
        ({"a": 1}, {}, ["a: 1 before, absent now"]),
        ({}, {"b": None}, ["b: absent before, null now"]),
        ({"a": [1, 2]}, {"a": [1]}, ["a: [1, 2] before, [1] now"]),
        ({"a": {"b": 1}}, {"a": {"b": 1}}, []),
    ],
)
def test_every_leaf_that_differs_is_named(before, now, said):
    assert [*differences(before, now)] == said


def test_long_values_and_many_of_them_are_cut():
    (one,) = differences({"a": "x" * 999}, {"a": ""})
    assert len(one) < 120
    lines = [*told([str(i) for i in range(99)], same_page=False, same=False)]
    assert lines[0] == "differs in 99 values"
    assert lines[MOST + 1] == f"and {99 - MOST} more"
    assert lines[-1] == "case.html beside it is another"


def test_another_exhibit_or_package_is_said_first_and_alone():
    same = {"exhibit": {"sha256": "a", "name": "x"}, "model": {"sha256": "m"}}
    assert not [*another(same, same | {"exhibit": {"sha256": "a", "name": "y"}})]
    (one,) = another(same, same | {"exhibit": {"sha256": "b"}})
    assert one == "another exhibit: SHA-256 a before, b now; nothing else was compared"
    assert len([*another(same, {})]) == 2


def test_what_is_no_case_is_refused(tmp_path):
    path = tmp_path / "case.json"
    with pytest.raises(InputError, match="is no file"):
        read_case(path)
    for text in ("[]", "{}", f'{{"{HEAD}": {FORM + 1}}}'):
        path.write_text(text)
        with pytest.raises(InputError, match="no case file of this version's form"):
            read_case(path)
    path.write_text(json.dumps({HEAD: FORM, "settings": {"prior_asked_for": "much"}}))
    with pytest.raises(InputError, match="prior 'much' must lie between 0 and 1"):
        read_case(path)
    path.write_text(json.dumps({HEAD: FORM, "settings": {"prior_asked_for": 0.25}}))
    assert read_case(path).prior == 0.25


@pytest.mark.parametrize(
    ("json_now", "page_now", "says", "differs"),
    [
        ("{}", "p", "the same, to the byte: case.json and case.html", False),
        ("{ }", "p", "differs in its text, in no value", True),
        ('{"a": 1}', "p", "a: absent before, 1 now", True),
        ("{}", "q", "case.html beside it is another", True),
    ],
)
def test_the_same_is_said_only_of_the_same_bytes(tmp_path, capsys, json_now, page_now, says, differs):
    (tmp_path / "case.json").write_text("{}")
    (tmp_path / "case.html").write_text("p")
    before = Before(tmp_path / "case.json", {}, None)
    status = 0
    try:
        tell_differences(before, {"case.json": json_now, "case.html": page_now})
    except SystemExit as ended:
        status = ended.code
    assert status == int(differs)
    assert says in capsys.readouterr().out


def test_without_the_page_only_the_record_is_compared(tmp_path, capsys):
    (tmp_path / "case.json").write_text("{}")
    tell_differences(Before(tmp_path / "case.json", {}, None), {"case.json": "{}", "case.html": "p"})
    assert "no case.html lies beside it" in capsys.readouterr().out
