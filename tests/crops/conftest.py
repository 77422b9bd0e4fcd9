"""Footage of several lengths, and faces in it, for all tests of this folder."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from clipforensics.core.records import Skipped, Video
from clipforensics.faces.face import Face
from clipforensics.faces.table import write_faces
from clipforensics.footage.probing import probe_videos
from clipforensics.frames.rows import sample_frame_indices
from tests.support.clips import make_clip
from tests.support.extractions import N_FRAMES
from tests.support.faces import make_face


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Video]]:
    """Eight clips and a folder of pictures, of several lengths, one shorter than k."""
    root = tmp_path_factory.mktemp("foot age ü'")
    for number, n_frames in enumerate(N_FRAMES[:-1]):
        make_clip(root / f"{number} ü.mp4", n_frames=n_frames, seed=number, options={"bf": "2"})
    (root / "pictures").mkdir()
    for number in range(N_FRAMES[-1]):
        Image.effect_noise((40, 30), 60).convert("RGB").save(root / f"pictures/{number:03d}.png")
    paths = [*(f"{n} ü.mp4" for n in range(8)), "pictures"]
    found = [Video("set", "GAN", "", f"t{i}", "", "", 1, "", "", path) for i, path in enumerate(paths)]
    videos, skipped = probe_videos(found, root, workers=1)
    assert not skipped
    assert [v.n_frames for v in videos] == N_FRAMES
    return root, videos


@pytest.fixture(scope="session")
def faces(footage: tuple[Path, list[Video]], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """A table: two people in video 0, one in 1 and 2 (in 2 not always), nobody in the others; 3 was lost."""
    videos = footage[1]

    def at(number: int, x: int, *, person: int, side: int = 16, gone: Sequence[int] = ()) -> list[Face]:
        frames = sample_frame_indices(N_FRAMES[number], 5).tolist()
        kept = [frame for place, frame in enumerate(frames) if place not in gone]
        return [make_face(x + n, 12, side, frame=frame, person=person) for n, frame in enumerate(kept)]

    found = {
        0: sorted([*at(0, 2, person=0), *at(0, 30, person=1, side=20)], key=lambda face: face.frame),
        1: at(1, 10, person=0),
        2: at(2, 10, person=0, gone=(1, 2)),
    }
    folder = tmp_path_factory.mktemp("faces")
    rows = [(video.key, found.get(number, [])) for number, video in enumerate(videos) if number != 3]
    write_faces(
        folder, {"detector": "yunet"}, rows, [Skipped("find_faces", videos[3].path, "is damaged", "set")]
    )
    return folder, found
