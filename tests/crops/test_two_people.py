"""Two people side by side, rendered from two real clips: found, followed, and cut out by every choice."""

import json
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from clipforensics.core.records import read_videos
from clipforensics.frames.store import FrameStore
from stages import extract_background, extract_frames, find_faces, ingest
from tests.support.faces import YUNET, YUNET_SHA256, needs_yunet
from tests.support.profiles import use_profiles
from tests.support.repository import ROOT, edit_yaml
from tests.support.shared_data import FOOTAGE, needs_shared
from tests.support.stores import index_of

SMALL, LARGE, SIDE = "real/liveportrait_d2.mp4", "fake/sadtalker_art_0_japanese.mp4", 256
N_FRAMES = 12
HALF = SIDE // 2

pytestmark = [needs_yunet, needs_shared]


def squares(name: str, side: int) -> list[np.ndarray]:
    """The first frames of a clip, as large as that, in the middle of black squares of SIDE."""
    found = []
    with av.open(str(FOOTAGE / name)) as container:
        for frame in container.decode(video=0):
            square = np.zeros((SIDE, SIDE, 3), np.uint8)
            begin = (SIDE - side) // 2
            picture = Image.fromarray(frame.to_ndarray(format="rgb24")).resize((side, side))
            square[begin : begin + side, begin : begin + side] = np.asarray(picture)
            found.append(square)
            if len(found) == N_FRAMES:
                return found
    raise AssertionError(name)


def write_clip(path: Path, pictures: list[np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "12"}
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Footage of a small person on the left and a large one on the right, in a tree of FaceForensics++.

    The mask of the fake marks the small one, in half the size of the video.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("CLIPFORENSICS_WORKERS", "1")
    both = [np.hstack(pair) for pair in zip(squares(SMALL, 160), squares(LARGE, SIDE), strict=True)]
    root, fakes = tmp_path / "ff", "manipulated_sequences/Deepfakes"
    write_clip(root / "original_sequences/youtube/c23/videos/000.mp4", both)
    write_clip(root / fakes / "c23/videos/000_003.mp4", [picture[..., ::-1] for picture in both])
    mask = np.zeros((HALF, SIDE, 3), np.uint8)
    mask[30:100, 30:100] = 255
    write_clip(root / fakes / "masks/videos/000_003.mp4", [mask] * N_FRAMES)
    profile = {"layout": "ffpp_tree", "root": str(root), "compression": "c23", "manipulations": ["Deepfakes"]}
    content = yaml.safe_load((ROOT / "params.yaml").read_text()) | {"dataset": "mine"}
    content["faces"] |= {"weights": str(YUNET), "sha256": YUNET_SHA256}
    content["controls"]["enabled"] = "always"
    content["extract_frames"]["n_frames"] = 4
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "conf/data").mkdir(parents=True)
    (tmp_path / "conf/data/mine.yaml").write_text(yaml.safe_dump(profile))
    use_profiles()
    ingest.main()
    find_faces.main()


def extract(person: str) -> tuple[FrameStore, pd.DataFrame, list[dict]]:
    edit_yaml(Path("params.yaml"), {"extract_frames": {"person": person}})
    extract_frames.main()
    rows = json.loads(extract_frames.METRICS.read_text())["rows"]
    return FrameStore.open(extract_frames.OUT), pd.read_csv(extract_frames.OUT / "crops.csv"), rows


def test_each_choice_shows_whom_it_says(project):
    assert [one.mask for one in read_videos(ingest.VIDEOS)] == [
        "", "manipulated_sequences/Deepfakes/masks/videos/000_003.mp4",
    ]  # fmt: skip
    large, crops, _ = extract("largest")
    assert len(large) == 8
    (right,) = set(crops["person"])
    apart, crops, rows = extract("every")
    assert crops["person"].tolist() == [right, 1 - right] * 2
    assert [row["people"] for row in rows] == [{"2": 1}, {"2": 1}]
    of_large = apart.rows.people == right
    assert np.array_equal(apart.read(np.flatnonzero(of_large)), large.read(np.arange(8)))
    marked, crops, rows = extract("mask")
    assert crops["person"].tolist() == [1 - right] * 2  # the real video is cut around the same person
    assert (crops["marked"] > 0.3).all()
    assert [row["masks"]["lent"] for row in rows] == [1, 0]
    assert [row["masks"]["by_size"] for row in rows] == [0, 0]
    assert np.array_equal(apart.read(np.flatnonzero(~of_large)), marked.read(np.arange(8)))
    assert crops["face_size"].max() < 130


def test_the_background_has_a_row_for_every_person(project):
    store, _, _ = extract("every")
    extract_background.main()
    background = FrameStore.open(extract_background.OUT)
    assert index_of(background).equals(index_of(store))
    assert len(background) == 16


def test_a_mask_of_another_length_costs_its_video_and_whoever_borrows_it(project):
    videos = read_videos(ingest.VIDEOS)
    path = Path("ff") / videos[1].mask
    write_clip(path, [np.zeros((HALF, SIDE, 3), np.uint8)] * (N_FRAMES - 1))
    edit_yaml(Path("params.yaml"), {"extract_frames": {"max_skipped": 1.0}})
    extract("mask")
    skipped = pd.read_csv(extract_frames.OUT / "skipped.csv")
    reason = f"its mask has {N_FRAMES - 1} frames, the video {N_FRAMES}; replace or remove it"
    assert skipped["reason"].tolist() == [reason] * 2
