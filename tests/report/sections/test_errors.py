"""The errors of each detector: groups of similar ones, and the check of heatmaps."""

from clipforensics.report.sections import errors
from clipforensics.report.sections import errors as wrong
from tests.support import made_up_run


def test_groups_of_errors_name_their_most_typical_video():
    keys = [f"s/X/-/v{i}" for i in range(8)]
    summary = [{"cluster": 0, "size": 8, "manipulations": {"X": 8}, "medoid": keys[3], "keys": keys}]
    table = wrong.groups_table({"clusters": {"summary": summary}})
    assert [c.text for c in table.groups[0].rows[0]] == [
        "0", "8", "X 8", "v3", "v0, v1, v2, v3, v4, v5 and 2 more",
    ]  # fmt: skip
    none = {"clusters": {"summary": [], "undefined": "only 1 error"}}
    (shown,) = wrong.galleries([("lora", none)], None, pictures_per_list=3)
    assert (shown.groups, shown.no_groups) == (None, "only 1 error")


def test_the_sanity_check_stands_beside_the_heatmaps():
    sanity = {"lora": {"rank_correlation": 0.081, "rank_correlation_head": 0.25, "n": 9},
              "other": {"rank_correlation": None, "n": 0, "undefined": "no maps"}}  # fmt: skip
    table = wrong.sanity_table({"sanity": sanity})
    assert [[c.text for c in r] for r in table.groups[0].rows] == [
        ["LoRA", ".08", ".25", "9"], ["other", "–", "–", "0"],
    ]  # fmt: skip
    assert "other: no maps." in table.notes
    assert wrong.sanity_table({}) is None


def test_the_videos_that_most_get_wrong_and_who_gets_them_right():
    few = made_up_run.errors(("a", "b", "c", "d"), n=8)
    table = errors.hardest_table(few)
    found = {r[0].text: (r[2].text, r[3].text) for r in table.groups[0].rows}
    assert found["001"] == ("4 of 4", "nobody"), "a real video that all call manipulated"
    assert found["007_008"] == ("4 of 4", "nobody")
    assert found["006_007"] == ("2 of 4", "a, b")
    assert [r[2].text for r in table.groups[0].rows] == sorted(
        (r[2].text for r in table.groups[0].rows), reverse=True
    )
    assert errors.hardest_table([("a", {})]) is None
    counts = errors.counts_table(few)
    assert [c.text for c in counts.groups[0].rows[0]] == ["a", "1", "4", ".430"]
    assert len(errors.hardest_table(made_up_run.errors()).groups[0].rows) == errors.MOST_VIDEOS
