"""The stage stores whole frames without faces, of the same rows as the cut ones; nothing where not wanted."""

import json

import pytest

from clipforensics.faces.table import write_faces
from clipforensics.frames.store import FrameStore
from stages import extract_background, extract_frames, find_faces
from tests.stages.test_find_faces import project  # noqa: F401  (a fixture)
from tests.support.faces import needs_yunet
from tests.support.repository import edit_yaml
from tests.support.stores import index_of


@needs_yunet
def test_it_is_of_the_same_frames_and_shows_less(project, capsys):  # noqa: F811
    project({"layout": "manifest"})
    for stage in (find_faces, extract_frames, extract_background):
        stage.main()
    cut, whole = FrameStore.open(extract_frames.OUT), FrameStore.open(extract_background.OUT)
    assert index_of(cut).equals(index_of(whole))
    assert len(whole) == 4
    black = (whole.read(whole.rows_of(whole.keys)) == 0).all(axis=-1).mean(axis=(1, 2))
    assert (black > 0.05).all()
    assert "frames without faces of 2 videos" in capsys.readouterr().out


@needs_yunet
@pytest.mark.parametrize("why", ["never", "none"])
def test_where_it_is_not_wanted_a_line_says_why(why, project, capsys):  # noqa: F811
    project({"layout": "manifest"})
    if why == "never":
        edit_yaml(extract_background.PARAMS, {"controls": {"enabled": "never"}})
    write_faces(extract_background.TABLE, {"detector": "none"}, [], [])
    extract_background.main()
    assert [path.name for path in extract_background.OUT.iterdir()] == ["README.txt"]
    said = {"never": "controls.enabled is never", "none": "no faces were looked for"}[why]
    assert said in capsys.readouterr().out
    assert json.dumps(said)[1:-1] in (extract_background.OUT / "README.txt").read_text()
