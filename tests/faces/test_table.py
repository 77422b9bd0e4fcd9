"""The table of faces comes back as it was written."""

import tracemalloc
from dataclasses import replace

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.records import Skipped
from clipforensics.faces.table import COLUMNS, FACES, META, NONE, FaceTable, write_faces
from tests.support.faces import make_face

HERS = [replace(make_face(10, 20, frame=3, person=0), score=0.913), make_face(300, 20, frame=3, person=1)]
HIS = [make_face(5, 6, frame=7, person=0)]


def test_faces_come_back_by_video(tmp_path):
    skipped = [Skipped("find_faces", "b.mp4", "cannot be decoded, at all", "set")]
    write_faces(
        tmp_path / "faces", {"detector": "yunet"}, [("set/a,ü", HERS), ("c", []), ("d", HIS)], skipped
    )
    table = FaceTable.open(tmp_path / "faces")
    assert table.of("set/a,ü") == HERS
    assert table.of("d") == HIS
    assert table.of("c") == table.of("nobody") == []
    assert table.detector == "yunet"
    assert table.skipped == {("set", "b.mp4"): "cannot be decoded, at all"}
    assert (tmp_path / "faces" / FACES).read_text().splitlines()[0].split(",") == list(COLUMNS)


def test_an_empty_table(tmp_path):
    write_faces(tmp_path, {"detector": NONE}, [], [])
    table = FaceTable.open(tmp_path)
    assert table.detector == NONE
    assert table.of("a") == []


@pytest.mark.parametrize("gone", [FACES, META, "skipped.csv"])
def test_a_damaged_table_is_one_line_with_the_remedy(gone, tmp_path):
    write_faces(tmp_path, {"detector": "yunet"}, [("a", HERS)], [])
    (tmp_path / gone).unlink()
    with pytest.raises(InputError, match="dvc repro"):
        FaceTable.open(tmp_path)


@pytest.mark.parametrize(
    ("written", "instead", "why"),
    [
        ("a,3,0,", "a,three,0,", "invalid literal"),
        ("a,3,1,", "a,3,0,", "each once"),  # one person twice in a frame
        ("a,3,1,", "a,2,1,", "in order of frame"),
        ("a,3,0,", "a,-3,0,", "negative"),
        ("a,3,1,", "a,3,-1,", "negative"),
        (",100,100,0.9", ",100,0,0.9", "a box is empty"),
        (",0.913,", ",nan,", "not finite"),
        (",0.913,", ",inf,", "not finite"),
        (",0.913,", ",", "missing"),
        ("d,7,0", "a,7,0", "do not stand together"),
        ("nose_x", "nose", "its columns are not"),
        ("a,3,0,", "\n\na,3,0,", "cannot be read"),
    ],
)
def test_a_table_that_nobody_wrote_is_damaged(written, instead, why, tmp_path):
    write_faces(tmp_path, {"detector": "yunet"}, [("a", HERS), ("b", HIS), ("d", HIS)], [])
    path = tmp_path / FACES
    text = path.read_text()
    assert written in text
    path.write_text(text.replace(written, instead, 1))
    with pytest.raises(InputError, match="cannot be read") as error:
        FaceTable.open(tmp_path)
    assert why in str(error.value)


@pytest.mark.parametrize("reasons", ["", "stage,path\n"])
def test_reasons_without_their_head_are_damaged(reasons, tmp_path):
    write_faces(tmp_path, {"detector": "yunet"}, [("a", HERS)], [])
    (tmp_path / "skipped.csv").write_text(reasons)
    with pytest.raises(InputError, match=r"names no reasons; .*dvc repro"):
        FaceTable.open(tmp_path)


@pytest.mark.parametrize("meta", ["[]", "{}", '{"detector": 1}', "{"])
def test_a_table_of_no_known_detector_is_damaged(meta, tmp_path):
    write_faces(tmp_path, {"detector": "yunet"}, [("a", HERS)], [])
    (tmp_path / META).write_text(meta)
    with pytest.raises(InputError, match="dvc repro"):
        FaceTable.open(tmp_path)


def test_names_may_hold_anything_that_a_file_system_lets_through(tmp_path):
    names = ["a\nb", 'c"d,', "ü", ""]
    write_faces(tmp_path, {"detector": "yunet"}, [(name, [*HERS, *HIS]) for name in names], [])
    table = FaceTable.open(tmp_path)
    assert all(table.of(name) == [*HERS, *HIS] for name in names)


def test_memory_does_not_grow_with_the_faces(tmp_path):
    faces = [make_face(n, 0, frame=n, person=0) for n in range(100)]
    write_faces(tmp_path, {"detector": "yunet"}, [(f"t{n}", faces) for n in range(100)], [])
    tracemalloc.start()
    try:
        table = FaceTable.open(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 1e6, "the file itself is larger"
    finally:
        tracemalloc.stop()
    assert (tmp_path / FACES).stat().st_size > 1e6 / 2
    assert table.of("t99") == faces


def test_a_carriage_return_in_a_name_is_refused_and_not_written_to_be_misread(tmp_path):
    with pytest.raises(InputError, match=r"video 'a\\rb': its name must not hold a carriage return; rename"):
        write_faces(tmp_path, {"detector": "yunet"}, [("a\rb", HERS)], [])
