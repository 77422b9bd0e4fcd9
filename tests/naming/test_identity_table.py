"""A table of videos and identities: what is read, and what is wrong with one."""

import pytest

from clipforensics.core.faults import InputError
from clipforensics.naming.identity_table import read_rows, read_table, reader, reader_of_files

HEADER = "video,identity,identity_2,identity_3\n"


def table(folder, text):
    path = folder / "people.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_target_source_others_in_this_order_and_empty_means_unknown(tmp_path):
    rows = "a_1.mp4,anna,ben,carl\nb,dora\nc,,,\ne,eve,fay,\n"
    read = reader(read_table(table(tmp_path, "\ufeff" + HEADER + rows)))
    full, one, none = read("a_1.mp4"), read("b"), read("c")
    assert (full.clip, full.target, full.source, full.others, full.label) == (
        "a_1",
        "anna",
        "ben",
        ("carl",),
        None,
    )
    assert (one.target, one.source, one.others) == ("dora", "", ())
    assert none.ids == ()
    assert read("e").ids == ("eve", "fay")
    assert read("d") is None


@pytest.mark.parametrize("header", ["video,target,source", "Video;Target;Source;identity_3", "video,target"])
def test_the_first_two_identities_may_be_called_what_they_are(tmp_path, header):
    mark = ";" if ";" in header else ","
    text = "\n".join([header, mark.join(["a", "anna", "ben"][: header.count(mark) + 1])])
    found = reader(read_table(table(tmp_path, text)))("a")
    assert (found.target, found.source) == ("anna", "ben" if "ource" in header else "")


def test_a_name_is_found_without_its_folder_or_ending_where_that_is_one_video(tmp_path):
    rows = "real/a.mp4,anna\nFS/a.mp4,anna,ben\nNT/b.mp4,carl,dora\n"
    read = reader(read_table(table(tmp_path, HEADER + rows)))
    assert read("b_c40").target == "carl"
    assert read("FS/a.mp4").source == "ben"
    assert read("a") is None  # of two rows that say different things


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "its header must read video,identity"),
        ("video\na\n", "its header must read video,identity"),
        ("video,person\na,b\n", "but reads 'video,person'"),
        ("video,source,target\na,b,c\n", "but reads 'video,source,target'"),
        (HEADER, "has no rows"),
        (HEADER + ",anna\n", "line 2: video is empty"),
        (HEADER + "a,anna\na,ben\n", "line 3: 'a' has other identities above"),
        (HEADER + "a,anna+ben\n", "line 2: an identity holds `\\+`"),
        (HEADER + 'a,"anna\n', "is not CSV"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, words):
    with pytest.raises(InputError, match=words):
        read_table(table(tmp_path, text))


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read_table(tmp_path / "none.csv")


def test_of_files_a_row_with_a_folder_is_of_the_file_there_alone(tmp_path):
    rows = "real/0001.mp4,anna\nanywhere,ben\nfake/A/2,carl\n./fake/b.png,dora\nfake/c.mp4,x\nfake/c.avi,y\n"
    read = reader_of_files(read_rows(table(tmp_path, HEADER + rows)))
    targets = {name: found.target if (found := read(name)) else None for name in (
        "real/0001.mp4", "real/0001.mkv", "fake/A/0001.mp4", "0001.mp4", "fake/B/anywhere.gif", "anywhere",
        "fake/A/2.jpg", "fake/2.jpg", "fake/b.png", "fake/c.avi", "fake/c.mkv")}  # fmt: skip
    assert targets == {
        "real/0001.mp4": "anna", "real/0001.mkv": "anna", "fake/A/0001.mp4": None, "0001.mp4": None,
        "fake/B/anywhere.gif": "ben", "anywhere": "ben", "fake/A/2.jpg": "carl", "fake/2.jpg": None,
        "fake/b.png": "dora", "fake/c.avi": "y", "fake/c.mkv": None,
    }  # fmt: skip
