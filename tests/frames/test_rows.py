"""Which row of a store is which frame."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.frames import rows
from clipforensics.frames.rows import RowIndex

INDEX = RowIndex(["a/x y", "a/x y", "b/é\"'", "c"], [3, 9, 0, 4])


def test_rows_of_videos_come_in_the_order_asked_for():
    assert INDEX.rows_of(["c", "a/x y"]).tolist() == [3, 0, 1]
    assert INDEX.rows_of([]).tolist() == []
    assert INDEX.videos == ["a/x y", "b/é\"'", "c"]
    assert len(INDEX) == 4
    assert "c" in INDEX
    assert "d" not in INDEX


def test_an_unknown_video_is_named():
    with pytest.raises(InputError, match="'d' has no stored frames"):
        INDEX.rows_of(["c", "d"])


def keys_in(index):
    return index.keys_of().tolist()


@given(counts=st.lists(st.integers(1, 5), max_size=6), at_once=st.integers(1, 7), data=st.data())
def test_a_table_that_is_read_and_written_in_parts_is_the_same(tmp_path_factory, counts, at_once, data):
    keys = [f"v{i}" for i, n in enumerate(counts) for _ in range(n)]
    size = {"min_size": len(keys), "max_size": len(keys), "unique": True}
    frames = sorted(data.draw(st.lists(st.integers(0, 2**31 - 1), **size)))
    people = data.draw(st.none() | st.lists(st.integers(-1, 3), min_size=len(keys), max_size=len(keys)))
    whole, folder = RowIndex(keys, frames, people), tmp_path_factory.mktemp("index")
    columns = {"key": keys, "frame": frames} | ({} if people is None else {"person": people})
    pd.DataFrame(columns).to_csv(folder / "reference.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "AT_ONCE", at_once)
        whole.write(folder / "index.csv")
        assert (folder / "index.csv").read_text() == (folder / "reference.csv").read_text()
        parts = RowIndex.read(folder / "index.csv")
    assert [None if index.people is None else index.people.tolist() for index in (whole, parts)] == [
        people
    ] * 2
    for index in (whole, parts):
        assert keys_in(index) == keys
        assert index.frames.tolist() == frames
        assert index.videos == list(dict.fromkeys(keys))


def test_four_bytes_a_row_stay_in_memory_and_a_key_a_video():
    index = RowIndex(["a/long/key"] * 1000 + ["b"] * 500, range(1500))
    assert index.frames.nbytes + index.starts.nbytes == 1500 * 4 + 3 * 8
    assert index.videos == ["a/long/key", "b"]


@pytest.mark.parametrize(
    ("frames", "people"),
    [([3, 3, 0], None), ([5, 4, 0], None), ([-1, 4, 0], None), ([0, 1, -1], None), ([3, 3, 0], [1, 1, 1])],
)
def test_frame_numbers_rise_in_a_video(frames, people):
    with pytest.raises(ValueError, match="rise"):
        RowIndex(["a", "a", "b"], frames, people)


def test_of_each_person_they_rise_where_people_are_apart():
    index = RowIndex(["a"] * 4, [0, 1, 0, 1], [2, 2, 5, 5])
    assert index.frames.tolist() == [0, 1, 0, 1]


def test_a_number_that_four_bytes_do_not_hold_is_refused(tmp_path):
    (tmp_path / "index.csv").write_text("key,frame\na,2147483648\n")
    with pytest.raises(ValueError, match="2147483647"):
        RowIndex.read(tmp_path / "index.csv")


def test_some_rows_make_an_index_of_their_own():
    taken = APART.taken(np.array([5, 7, 8]))
    assert (keys_in(taken), taken.frames.tolist(), taken.people.tolist()) == (
        ["b", "b", "c"],
        [1, 3, 7],
        [0, 1, -1],
    )


def test_a_video_in_two_places_is_refused():
    with pytest.raises(ValueError, match="neighbours"):
        RowIndex(["a", "b", "a"], [0, 0, 1])


def test_written_and_read_again(tmp_path):
    INDEX.write(tmp_path / "index.csv")
    again = RowIndex.read(tmp_path / "index.csv")
    assert keys_in(again) == keys_in(INDEX) == ["a/x y", "a/x y", "b/é\"'", "c"]
    assert again.frames.tolist() == INDEX.frames.tolist()


@pytest.mark.parametrize("name", ["NA", "nan", "null", "1e5", "007", ""])
def test_names_that_look_like_something_else_stay_names(tmp_path, name):
    RowIndex([name], [0]).write(tmp_path / "index.csv")
    assert keys_in(RowIndex.read(tmp_path / "index.csv")) == [name]


@given(counts=st.lists(st.integers(1, 5), min_size=2, max_size=6), data=st.data())
def test_labelled_rows_agree_with_a_loop(counts, data):
    keys = [f"v{i}" for i, n in enumerate(counts) for _ in range(n)]
    index = RowIndex(keys, range(len(keys)))
    order = data.draw(st.permutations(range(len(counts))))
    table = pd.DataFrame({"key": [f"v{i}" for i in order], "label": [i % 2 for i in order]})
    got = index.labelled(table)
    expected = [
        (row, video % 2, code)
        for code, video in enumerate(order)
        for row in range(len(keys))
        if keys[row] == f"v{video}"
    ]
    assert list(zip(got.rows, got.labels, got.videos, strict=True)) == expected
    assert np.concatenate(got.spans).tolist() == got.rows.tolist()


def test_videos_that_extraction_skipped_are_left_out_but_not_a_whole_class():
    table = pd.DataFrame({"key": ["c", "gone", "a/x y"], "label": [1, 1, 0]})
    assert INDEX.labelled(table).table["key"].tolist() == ["c", "a/x y"]
    with pytest.raises(InputError, match=r"labels \[0\]"):
        INDEX.labelled(table[table["key"] != "c"])


APART = RowIndex(["a"] * 5 + ["b"] * 3 + ["c"], [0, 2, 4, 0, 4, 1, 1, 3, 7], [2, 2, 2, 0, 0, 0, 1, 1, -1])
"""Video a: person 2 is the main one; of b person 0, shown once; c whole."""


def test_a_videos_people_come_apart_the_main_one_first():
    assert [rows.tolist() for rows in APART.apart(APART.span("a"))] == [[0, 1, 2], [3, 4]]
    assert [APART.main_span(key).tolist() for key in "abc"] == [[0, 1, 2], [5], [8]]
    assert INDEX.main_span("a/x y").tolist() == INDEX.span("a/x y").tolist()
    assert [rows.tolist() for rows in INDEX.apart(INDEX.span("c"))] == [[3]]


def test_training_gets_the_main_person_and_whatever_is_judged_everybody():
    table = pd.DataFrame({"key": ["b", "a", "c"], "label": [1, 0, 1]})
    main, everybody = APART.labelled(table, main=True), APART.labelled(table)
    assert main.rows.tolist() == [5, 0, 1, 2, 8]
    assert main.labels.tolist() == [1, 0, 0, 0, 1]
    assert [span.tolist() for span in main.spans] == [[5], [0, 1, 2], [8]]
    assert everybody.rows.tolist() == [5, 6, 7, 0, 1, 2, 3, 4, 8]
    assert everybody.moments.tolist() == [0, 0, 1, 2, 3, 4, 2, 4, 5]
    assert INDEX.labelled(pd.DataFrame({"key": ["c", "a/x y"], "label": [0, 1]})).moments is None


def test_people_are_written_and_read_again(tmp_path):
    APART.write(tmp_path / "index.csv")
    assert (tmp_path / "index.csv").read_text().startswith("key,frame,person\na,0,2\n")
    assert RowIndex.read(tmp_path / "index.csv").people.tolist() == APART.people.tolist()
    INDEX.write(tmp_path / "plain.csv")
    assert (tmp_path / "plain.csv").read_text().startswith("key,frame\n")
    assert RowIndex.read(tmp_path / "plain.csv").people is None
