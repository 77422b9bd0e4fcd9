"""Tables of the pages."""

from dataclasses import replace

import pytest

from clipforensics.casework import tables
from clipforensics.casework.claims import found_claims
from clipforensics.likelihood.words import in_words
from clipforensics.scoring.results import Evidence
from tests.casework.test_claims import STORE


def texts(table):
    return [[cell.text for cell in row] for group in table.groups for row in group.rows]


def test_people_are_listed_where_there_are_several(pair, whole):
    assert tables.people_table(whole.seen.verdict) is None
    table = tables.people_table(pair.seen.verdict)
    rows = texts(table)
    assert [row[0] for row in rows] == [f"person {one.person}" for one in pair.seen.verdict.people]
    notes = [row[0].note for group in table.groups for row in group.rows]
    assert notes == ["judged", ""]
    assert rows[0][2] == "–"


def test_every_frame_has_a_row_a_person_and_one_without_anybody(pair):
    rows = texts(tables.frames_table(pair.seen))
    assert len(rows) == 12
    first = pair.seen.verdict.frames[0]
    assert rows[0][0] == str(first.frame)
    assert rows[0][4:8] == [str(side) for side in first.box]
    alone = replace(pair.seen, verdict=replace(pair.seen.verdict, frames=pair.seen.verdict.frames[1:]))
    kept = texts(tables.frames_table(alone))
    assert len(kept) == 11
    nobody = replace(pair.seen, verdict=replace(pair.seen.verdict, frames=()))
    assert [row[2] for row in texts(tables.frames_table(nobody))] == ["nobody who is scored"] * 6


def test_whole_frames_have_neither_person_nor_box(whole):
    assert {tuple(row[4:]) for row in texts(tables.frames_table(whole.seen))} == {("–",) * 5}


def test_probabilities_follow_the_likelihood_ratio(whole):
    verdict = replace(whole.seen.verdict, score=0.5, evidence=Evidence(1.0, -1.0, 1.0, in_words(1.0)))
    rows = dict(texts(tables.priors_table(verdict)))
    assert rows["50% of them"] == ".909"  # odds 10 to 1
    assert rows["1% of them"] == ".092"  # 10/99 to 1
    assert tables.priors_table(replace(verdict, evidence=None)) is None


def test_the_file_is_told_with_streams_and_tags(whole):
    container, streams, tags = map(texts, tables.file_tables(whole.record["file"]))
    told = dict(container)
    assert told["pixel format"] == "yuv420p"
    assert told["packets of the video"] == "30, of which 1 key frames"
    assert told["creation time (a tag)"] == "not tagged"
    assert told["time from frame to frame"] == "0.0400 s"
    assert streams[0][:3] == ["0", "video", "h264"]
    assert ["container", "major_brand", "isom"] in tags


def test_claims_and_checks_are_listed():
    found = found_claims(STORE, None)
    rows = texts(tables.claims_table(found["manifests"][0]))
    assert ["action", "c2pa.created by Model 7, trainedAlgorithmicMedia"] in rows
    assert texts(tables.checks_table(found)) == [
        ["failed", "signingCredential.untrusted", "untrusted"],
        ["passed", "claimSignature.validated", "valid"],
    ]


def test_the_package_is_told_file_by_file(whole):
    rows = dict(texts(tables.model_table(whole.record["model"])))
    assert rows["SHA-256 of the package"] == whole.record["model"]["sha256"]
    assert rows["detector.json"] == whole.record["model"]["files"]["detector.json"]
    assert "on the hub" not in rows
    hub = {**whole.record["model"], "name": "owner/name", "commit": "a" * 40}
    assert dict(texts(tables.model_table(hub)))["on the hub"] == f"owner/name at commit {'a' * 40}"


@pytest.mark.parametrize(("person", "name"), [(-1, "whole frames"), (3, "person 3")])
def test_a_person_has_a_name(person, name):
    assert tables.person_name(person) == name


def test_rates_name_the_rule_in_force(whole):
    table = tables.rates_table(whole.record["model"]["validation"])
    assert texts(table) == [["equal error rates", ".500", "10%", "90%"]]
    assert table.groups[0].rows[0][0].note == "in force"


def test_leaves_are_named_by_their_way():
    assert texts(tables.leaves_table("", {"a_b": {"c": None, "d": True}, "e": 0.5})) == [
        ["a_b.c", "–"],
        ["a_b.d", "yes"],
        ["e", "0.5"],
    ]
