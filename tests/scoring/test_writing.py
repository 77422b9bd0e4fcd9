"""Verdicts for programs."""

import csv
import io
import json

from clipforensics.scoring.results import Evidence, Exhibit, PersonScore, Verdict
from clipforensics.scoring.writing import COLUMNS, as_csv, as_json, as_lines

EXHIBIT = Exhibit("=cmd.mp4", "ab", 9, "h264", 64, 48, 30, 25.0)
FULL = Verdict(
    EXHIBIT, "=cmd.mp4", "manipulated", "opinion", "so", score=0.9, threshold=0.5, rule="eer", above=True,
    evidence=Evidence(0.5, -1.0, 1.0, "weak support for H1"), n_sampled=8, n_scored=7,
    warnings=("one", "two"), people=(PersonScore(0, True, 7, 1, 9, 50, 0.9, None),),
)  # fmt: skip
NONE = Verdict(None, "b", "no opinion", "not scored", "broken")
ROWS = [FULL.to_dict(), NONE.to_dict()]


def test_a_row_a_video_with_every_column_and_no_formula():
    rows = list(csv.DictReader(io.StringIO(as_csv(ROWS))))
    assert [*rows[0]] == list(COLUMNS)
    assert rows[0]["path"] == "'=cmd.mp4"
    assert (rows[0]["evidence"], rows[0]["log10_lr"], rows[0]["n_people"]) == (
        "weak support for H1",
        "0.5",
        "1",
    )
    assert (rows[0]["warnings"], rows[0]["sha256"], rows[0]["exit_code"]) == ("one; two", "ab", "0")
    assert (rows[1]["score"], rows[1]["exit_code"], rows[1]["reason"]) == ("", "6", "broken")


def test_json_holds_everything_and_lines_one_video_each():
    content = json.loads(as_json({"model": "m"}, ROWS))
    assert content["model"] == "m"
    assert [Verdict.from_dict(row) for row in content["videos"]] == [FULL, NONE]
    assert [json.loads(line)["path"] for line in as_lines(ROWS).splitlines()] == ["=cmd.mp4", "b"]
