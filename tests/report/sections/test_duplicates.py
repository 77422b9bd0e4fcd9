"""Videos that look alike: a sentence with names where none explains it, and counts."""

import copy

from clipforensics.report.sections.duplicates import about_duplicates, duplicates_table

AUDIT = {
    "train_test": {
        "pairs": {"explained": 40, "unexplained": 0},
        "videos": {
            "real": {"n": 10, "explained": 4, "unexplained": 0},
            "fake": {"n": 100, "explained": 30, "unexplained": 0},
        },
        "examples": [],
    },
}  # fmt: skip
AUDIT |= {"val_test": copy.deepcopy(AUDIT["train_test"]), "train_val": copy.deepcopy(AUDIT["train_test"])}


def unexplained(side="train_test"):
    found = copy.deepcopy(AUDIT)
    found[side]["videos"]["fake"]["unexplained"] = 2
    found[side]["examples"] = [
        {"video": "s/NT/-/x_y", "other": "s/real/-/z", "distance": 2, "share": 1.0, "same_class": False},
        {"video": "s/NT/-/p_q", "other": "s/FS/-/r_s", "distance": 0, "share": 0.5, "same_class": True},
    ]
    return found


def test_where_names_explain_all_nothing_else_is_said():
    first, how = about_duplicates({"per_class FaceSwap": AUDIT})
    assert first == (
        "Per class: FaceSwap: of 110 test videos none looks like a video of training whose name shares nobody"
        " with it; 34 look like one as their names explain."
    )
    assert "cropped, mirrored or made much lighter is not found" in how


def test_what_no_name_explains_is_named():
    first, *_ = about_duplicates({"grouped FaceSwap": unexplained()})
    assert first == (
        "Grouped: FaceSwap: of 110 test videos 2 look like a video of training though their names share"
        " nobody, such as s/NT/-/x_y and s/real/-/z (2 bits apart, of the other class) and s/NT/-/p_q"
        " and s/FS/-/r_s (0 bits apart); 34 look like one as their names explain."
    )


def test_validation_is_told_only_where_something_is_unexplained():
    assert len(about_duplicates({"grouped FaceSwap": AUDIT})) == 2
    texts = about_duplicates({"grouped FaceSwap": unexplained("val_test")})
    assert len(texts) == 3
    assert "2 look like a video of validation" in texts[1]


def test_other_data_sets_stand_below_under_their_names():
    sides = {name: AUDIT[name] for name in ("train_test", "val_test")}
    audits = {"grouped FaceSwap": {**AUDIT, "elsewhere": {"celebdf": sides}}}
    assert about_duplicates(audits)[1].startswith(
        "Grouped: FaceSwap, tested on celebdf: of 110 test videos none"
    )
    own, other = duplicates_table(audits).groups
    assert [group.name for group in (own, other)] == [
        "Grouped: FaceSwap",
        "Grouped: FaceSwap, tested on celebdf",
    ]
    assert (len(own.rows), len(other.rows)) == (3, 2)


def test_the_table_counts_by_class_and_part():
    table = duplicates_table({"grouped FaceSwap": unexplained()})
    (group,) = table.groups
    rows = [[cell.text for cell in row] for row in group.rows]
    assert rows == [
        ["test videos: training", "10", "4", "0", "100", "30", "2"],
        ["test videos: validation", "10", "4", "0", "100", "30", "0"],
        ["validation videos: training", "10", "4", "0", "100", "30", "0"],
    ]
    assert len(table.columns) == 7


def test_a_run_without_hashes_has_neither():
    assert about_duplicates({}) == []
    assert duplicates_table({}) is None
