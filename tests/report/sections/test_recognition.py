"""Faces that are alike: a sentence with names where none explains it, counts, and the first lines."""

import copy

import pytest

from clipforensics.report.reading.cast import cast_of
from clipforensics.report.sections.opening import opening
from clipforensics.report.sections.recognition import about_recognised, about_unnamed, recognised_table
from tests.report.sections import test_duplicates
from tests.support.comparison_cells import plain_spaces
from tests.support.made_up_findings import findings

AUDIT = {"threshold": 0.363, **copy.deepcopy(test_duplicates.AUDIT)}
for side in ("train_test", "val_test", "train_val"):
    AUDIT[side]["compared"] = 900


def unexplained(side="train_test", n=2):
    found = copy.deepcopy(AUDIT)
    found[side]["videos"]["fake"]["unexplained"] = n
    found[side]["pairs"]["unexplained"] = 5
    found[side]["examples"] = [
        {"video": "s/NT/-/x_y", "other": "s/real/-/z", "cosine": 0.5124, "same_class": False}
    ]
    return found


def test_what_no_name_explains_is_named_with_the_pairs_that_were_compared():
    first, how = map(plain_spaces, about_recognised({"grouped FaceSwap": unexplained()}))
    assert first == (
        "Grouped: FaceSwap: of 110 test videos 2 show a face as in a video of training though their names"
        " share nobody (5 of 900 pairs of videos), such as s/NT/-/x_y and s/real/-/z (cosine .512, of the"
        " other class); 34 do as their names explain."
    )
    assert how.startswith("Faces are alike from a cosine of .363")
    assert "That faces differ says nothing" in how


def test_where_names_explain_all_validation_is_not_told():
    first, _ = about_recognised({"grouped FaceSwap": AUDIT})
    assert "none shows a face as in a video of training whose name shares nobody" in first
    assert "a video of validation" in about_recognised({"grouped FaceSwap": unexplained("val_test")})[1]


def test_the_table_counts_by_class_and_part():
    (group,) = recognised_table({"grouped FaceSwap": unexplained()}).groups
    first = [cell.text for cell in group.rows[0]]
    assert first == ["test videos: training", "10", "4", "0", "100", "30", "2"]


def test_a_run_that_recognises_nobody_has_neither():
    assert about_recognised({}) == []
    assert recognised_table({}) is None
    assert about_unnamed({}, {}) == ""


def test_first_lines_tell_looks_and_faces_of_the_worst_split_in_one_sentence():
    looks, faces = test_duplicates.unexplained(), unexplained("val_test", n=7)
    said = about_unnamed(
        {"per_class FaceSwap": looks, "grouped FaceSwap": test_duplicates.AUDIT},
        {"per_class FaceSwap": AUDIT, "grouped FaceSwap": faces},
    )
    assert said == (
        "Names do not tell all: under Grouped: FaceSwap, 7 of 110 test videos show a face as in one of"
        " validation, though their names share nobody (and so in 1 more split); look at them"
        " in metrics/leakage before any number here is believed."
    )
    both = about_unnamed({"grouped FaceSwap": looks}, {"grouped FaceSwap": unexplained()})
    assert "2 of 110 test videos look like one of training and 2 of 110 test videos show a face as in" in both


@pytest.mark.parametrize("kind", ["duplicates", "recognised"])
def test_it_stands_in_the_first_lines_only_where_something_is_unexplained(kind):
    def points(audit):
        found = findings(**{kind: {"grouped FaceSwap": audit}})
        return [text for text in opening(found, cast_of(found.comparison)).points if "Names do not" in text]

    assert points(AUDIT) == []
    assert len(points(unexplained())) == 1


def test_validation_that_looks_like_training_is_told_where_the_test_does_not():
    said = about_unnamed({"grouped FaceSwap": test_duplicates.unexplained("train_val")}, {})
    assert " validation videos look like one of training, though their names" in said
