"""The command line: what goes together, and exit 2 for what does not."""

from pathlib import Path

import pytest

from clipforensics.audit.arguments import parse


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["a.csv"], ["--splits"], ["a.csv", "--train", "b.csv"], ["--train", "b.csv", "--out", "d"],
        ["a.csv", "--splits", "b.txt", "c.txt"],
        ["--splits", "b.txt", "c.txt", "--train", "d.txt"],
        ["--splits", "b.txt", "c.txt", "--disjoint"],
        ["--splits", "b.txt", "c.txt", "--threshold", "0"],
        ["--splits", "b.txt", "c.txt", "--chosen-from", "3"],
        ["--splits", "b.txt", "c.txt", "--cluster", "video"],
        ["a.csv", "--train", "b.csv", "--out", "d", "--allow-unknown"],
        ["a.csv", "--train", "b.csv", "--out", "d", "--naming", "kodf"],
        ["a.csv", "--train", "b.csv", "--out", "d", "--chosen-from", "0"],
        ["a.csv", "--train", "b.csv", "--out", "d", "--confidence", "95"],
        ["a.csv", "--train", "b.csv", "--out", "d", "--confidence", "nan"],
        ["a.csv", "--train", "b.csv", "--out", "d", "--replicates", "0"],
        ["a.csv", "--train", "b.csv", "--out", "d", "--seed", "-1"],
        ["a.csv", "--train", "b.csv", "--out", "d", "--threshold", "nan"],
        ["a.csv", "--train", "b.csv", "--out", "d", "--aggregate", "sum"],
        ["a.csv", "--train", "b.csv", "--out", "d", "--cluster", "frame"],
    ],
)  # fmt: skip
def test_wrong_usage_is_exit_2(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        parse(arguments)
    assert caught.value.code == 2
    assert "usage: clipforensics audit" in capsys.readouterr().err


def test_files_that_may_be_several_are_given_repeatedly():
    lists = ["--train", "a.csv", "b.csv", "--train", "c.txt", "--val", "d.txt"]
    given = parse([*lists, "--metadata", "m.json", "--metadata", "n.json", "--out", "d"])
    assert given.scores == [Path("b.csv")]
    assert given.train == [Path("a.csv"), Path("c.txt")]
    assert (given.val, given.metadata) == ([Path("d.txt")], [Path("m.json"), Path("n.json")])
    assert given.naming is None


def test_lists_alone():
    given = parse(["--splits", "train.txt", "val.txt", "test.txt"])
    assert [path.stem for path in given.splits] == ["train", "val", "test"]
    assert given.out is None


def test_help_says_what_each_exit_status_means(capsys):
    with pytest.raises(SystemExit) as caught:
        parse(["--help"])
    assert caught.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "Exit status of --splits: 0 nothing is shared, 1 something is or may be" in text
    for option in ("--naming", "--identities", "--val", "--chosen-from", "--splits"):
        assert option in text
