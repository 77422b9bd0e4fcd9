"""The table of faces comes back as it was written."""

from dataclasses import replace

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.records import Skipped
from clipforensics.faces.table import COLUMNS, FACES, META, NONE, FaceTable, write_faces
from tests.support.faces import make_face

HERS = [replace(make_face(10, 20, frame=3, person=0), score=0.913), make_face(300, 20, frame=3, person=1)]
HIS = [make_face(5, 6, frame=7, person=0)]


def test_faces_come_back_by_video(tmp_path):
    skipped = [Skipped("find_faces", "b.mp4", "cannot be decoded, at all")]
    write_faces(
        tmp_path / "faces", {"detector": "yunet"}, [("set/a,ü", HERS), ("c", []), ("d", HIS)], skipped
    )
    table = FaceTable.open(tmp_path / "faces")
    assert table.of("set/a,ü") == HERS
    assert table.of("d") == HIS
    assert table.of("c") == table.of("nobody") == []
    assert table.detector == "yunet"
    assert table.skipped == {"b.mp4": "cannot be decoded, at all"}
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


def test_a_table_with_a_word_for_a_number_is_damaged(tmp_path):
    write_faces(tmp_path, {"detector": "yunet"}, [("a", HERS)], [])
    path = tmp_path / FACES
    path.write_text(path.read_text().replace("a,3,0,", "a,three,0,"))
    with pytest.raises(InputError, match="cannot be read"):
        FaceTable.open(tmp_path)
