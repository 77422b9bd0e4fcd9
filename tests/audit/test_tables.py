"""The audit's tables hold each detector's own numbers."""

import json

import pytest

from clipforensics.audit import command as audit
from clipforensics.audit.tables import AT_THRESHOLD, RANKING, numbers_table, strata_table
from clipforensics.report.wording.numbers import interval, number, signed
from tests.support.score_files import TRAIN, VIDEOS, score_rows, write_csv, write_scores, write_train


@pytest.fixture
def files(tmp_path):
    """Arguments of a small audit that works, with a folder `out`."""
    scores = write_scores(tmp_path / "mine.csv", VIDEOS)
    train = write_train(tmp_path / "train.csv", TRAIN)
    return [str(scores), "--train", str(train), "--out", str(tmp_path / "out"), "--replicates", "100"]


def test_the_tables_hold_each_detectors_own_numbers_and_the_gap(files, tmp_path):
    """Checked in the tables that the page is made of, against metrics.json; frames and videos differ."""
    header = ("manipulation", "video", "frame", "label", "score")
    for name, sign in (("mine", 1), ("other", -1)):
        rows = [
            (m, v, frame, y, 0.5 + sign * (score - 0.5 - 0.7 * (frame and v == "003_004")))
            for m, v, frame, y, score in score_rows(VIDEOS)
        ]
        write_csv(tmp_path / f"{name}.csv", header, rows[:-1])
    other = tmp_path / "other.csv"
    audit.main([files[0], str(other), *files[1:], "--cluster", "video"])
    content = json.loads((tmp_path / "out/metrics.json").read_text())
    numbers, strata = (make(content, "NT") for make in (numbers_table, strata_table))
    for group, level in zip(numbers.groups, ("video", "frame"), strict=True):
        found = {row["metric"]: row["detectors"] for row in content["metrics"] if row["level"] == level}
        for name, row in zip(("mine", "other"), group.rows[:2], strict=True):
            values = [found[metric][name] for metric in RANKING]
            assert [cell.text for cell in row[1:8]] == [number(v["value"]) for v in values]
            assert [cell.note for cell in row[1:8]] == [interval(v["low"], v["high"]) for v in values]
            assert [cell.text for cell in row[9:14]] == [
                number(found[metric][name]["value"]) for metric in AT_THRESHOLD
            ]
        assert group.rows[2][10].text == ".500"
    assert [[cell.text for cell in g.rows[2][9:12]] for g in numbers.groups] == [
        [".625", ".500", ".769"], [".600", ".500", ".750"],
    ]  # fmt: skip
    assert numbers.groups[0].rows[0][1:8] != numbers.groups[1].rows[0][1:8]
    assert [column.name for column in numbers.columns][5:8] == ["FPR .01", "FPR .05", "FPR .1"]
    for group, level in zip(strata.groups, ("video", "frame"), strict=True):
        gap = next(row for row in content["leak_gaps"] if row["level"] == level)
        last = group.rows[-1]
        assert last[0].text == "with minus without a twin"
        aucs = [gap["detectors"]["mine"]["auc"], gap["detectors"]["other"]["auc"]]
        assert [cell.text for cell in last[2:5]] == [
            signed(value) for value in (*aucs, gap["differences"]["other"]["auc"])
        ]
    assert strata.groups[0].rows[-1][2:] != strata.groups[1].rows[-1][2:]
