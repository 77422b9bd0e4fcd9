"""The leak audit in words and tables."""

from clipforensics.report.sections import leaks


def audit(**flags):
    flags = {"n": 10, "n_groups": 4, "twin": 0, "any_seen": 0, "target_is_training_real": 0, **flags}
    real = {**flags, "n": 1}
    return {
        "protocol": "per_class", "sizes": {"train": {"FaceSwap": 9, "real": 8}, "test": {"X": 10}},
        "real": real, "fake": flags, "manipulations": {"X": flags},
    }  # fmt: skip


def trained(real, **fakes):
    return {"sizes": {"train": {"real": real, **fakes}, "test": {"real": 1}}}


def test_two_protocols_differ_in_more_than_leaks():
    head = {"headline": {"train_set": "A+B", "protocol": "per_class"}}
    leakage = {
        "per_class A+B": trained(80, A=45, B=45), "grouped_kfold-1 A+B": trained(60, A=30, B=30),
        "grouped_kfold-2 A+B": trained(62, A=30, B=30), "grouped_kfold-2 A": trained(1, A=1),
    }  # fmt: skip
    said = "per class 80 real and 90 manipulated; grouped folds 60 to 62 real and 60 manipulated in a fold"
    assert f"({said})" in leaks.about_sizes(leakage, head, "grouped_kfold")
    assert "train on and in which real videos" in leaks.about_sizes({}, head, "grouped_kfold")
    assert leaks.about_sizes(leakage, head, None) == ""


def test_leaks_are_in_words_with_shares():
    flags, sizes = leaks.leak_tables(
        {"per_class FaceSwap": audit(twin=9, target_is_training_real=8, odd_one=1)}
    )
    assert flags.caption != sizes.caption
    rows = {r[0].text: r for r in flags.groups[0].rows}
    assert list(rows) == [
        "videos", "identity groups", "twin in training (same target and source)", "any identity in training",
        "target's real video in training", "odd one",
    ]  # fmt: skip
    assert [c.name for c in flags.columns] == ["test videos", "real", "all fakes", "X"]
    twin = rows["twin in training (same target and source)"]
    assert [(c.text, c.note) for c in twin[2:]] == [("9", "90%"), ("9", "90%")]
    assert not {"target_is_training_real", "any_seen"} & set(rows)
    assert [c.name for c in sizes.columns] == ["part", "real", "FaceSwap", "X"]
    assert [[c.text for c in r] for r in sizes.groups[0].rows] == [
        ["training", "8", "9", "0"], ["test", "0", "0", "10"],
    ]  # fmt: skip


def test_an_audit_without_leaks_is_three_rows_and_several_audits_share_the_tables():
    both = {"per_class FaceSwap": audit(twin=1), "grouped_kfold-2 FaceSwap": audit()}
    flags, sizes = leaks.leak_tables(both)
    assert [g.name for g in flags.groups] == ["Per class: FaceSwap", "Grouped fold 2: FaceSwap"]
    assert [r[0].text for r in flags.groups[1].rows] == [
        "videos", "identity groups", "any identity in training",
    ]  # fmt: skip
    assert len(flags.groups[0].rows) == 5
    assert len(sizes.groups) == 2


def test_what_validation_has_seen_is_in_words_too_and_nothing_is_left_for_raw_keys():
    whole = audit()
    rows = {name: whole[name] for name in ("real", "fake", "manipulations")}
    whole |= {"split": "per_class", "train_set": "A", "unknown_identity": {"train": 3, "val": 0, "test": 1}}
    whole["validation"] = rows | {"fake": {**rows["fake"], "any_seen": 4, "twin": 2}}
    tables = leaks.leak_tables({"per_class A": whole})
    assert [table.caption for table in tables] == [
        "Test videos that share something with training", "Test videos that share something with validation",
        "Videos in each part", "Videos of which it is not known who is in them",
    ]  # fmt: skip
    seen = {row[0].text: row[2].text for row in tables[1].groups[0].rows}
    assert seen["any identity in validation"] == "4"
    assert seen["twin in validation (same target and source)"] == "2"
    assert [cell.text for cell in tables[3].groups[0].rows[0]] == ["Per class: A", "3", "0", "1"]
    assert [column.name for column in tables[3].columns] == ["", "training", "validation", "test"]


def test_videos_that_a_split_leaves_out_keep_a_table_with_words():
    *_, rest = leaks.leak_tables({"grouped_cut A": {**audit(), "left_out": {"n": 7, "why": "ties"}}})
    assert {row[0].text for group in rest.groups for row in group.rows} | {c.name for c in rest.columns} >= {
        "videos", "why",
    }  # fmt: skip


def test_what_an_audit_holds_beside_is_not_lost():
    *_, rest = leaks.leak_tables({"per_class A": {**audit(), "extra": {"deep": 77}, "real": [1, 2]}})
    found = {c.text for t in leaks.leak_tables({"per_class A": {"extra": 5, "real": 7}}) for g in t.groups
             for r in g.rows for c in r}  # fmt: skip
    assert {"5", "7"} <= found
    assert "Per class: A" in rest.caption
