"""The sample's tree: names, sameness, encoding, and what is refused."""

from pathlib import Path

import av
import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.sample.manipulations import MANIPULATIONS
from clipforensics.sample.videos import render_videos

SETTINGS = {"n_identities": 4, "n_frames": 3, "frame_size": 64, "fps": 12, "crf": 23, "seed": 3}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tree")
    assert render_videos(folder, workers=2, **SETTINGS) == 4 + 4 * 4
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_names_follow_the_official_tree_and_are_the_same_for_all(tree: Path) -> None:
    real = sorted(p.name for p in tree.glob("original_sequences/youtube/c23/videos/*"))
    assert real == ["000.mp4", "001.mp4", "002.mp4", "003.mp4"]
    names = {m: {p.stem for p in tree.glob(f"manipulated_sequences/{m}/c23/videos/*")} for m in MANIPULATIONS}
    pairs = names["FaceSwap"]
    assert all(other == pairs for other in names.values())
    assert {name[4:] + "_" + name[:3] for name in pairs} == pairs
    assert sorted(name[:3] for name in pairs) == ["000", "001", "002", "003"]


def test_files_do_not_depend_on_the_workers(tree: Path, tmp_path: Path) -> None:
    render_videos(tmp_path, workers=1, **SETTINGS)
    assert contents(tmp_path) == contents(tree)


def test_another_seed_shows_other_people(tree: Path, tmp_path: Path) -> None:
    render_videos(tmp_path, workers=1, **{**SETTINGS, "seed": 4, "manipulations": []})
    first = "original_sequences/youtube/c23/videos/000.mp4"
    assert contents(tmp_path)[first] != contents(tree)[first]


def test_every_file_is_encoded_alike(tree: Path) -> None:
    seen = set()
    for path in sorted(tree.rglob("*.mp4")):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            n_frames = sum(1 for _ in container.decode(stream))
            form = stream.format
            assert form is not None
            seen.add((stream.codec_context.name, n_frames, stream.width, stream.height, form.name))
    assert seen == {("h264", 3, 64, 64, "yuv420p")}


def test_brightness_does_not_give_a_manipulation_away(tree: Path) -> None:
    def brightness(path: Path) -> float:
        with av.open(str(path)) as container:
            return float(np.mean([f.to_ndarray(format="rgb24").mean() for f in container.decode(video=0)]))

    for path in tree.glob("manipulated_sequences/*/c23/videos/*.mp4"):
        real = tree / "original_sequences/youtube/c23/videos" / f"{path.stem[:3]}.mp4"
        assert abs(brightness(path) - brightness(real)) < 6


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_identities": 3}, "`n_identities`: 3 must be an even number"),
        ({"n_identities": 1002}, "`n_identities`: 1002"),
        ({"n_frames": 0}, "`n_frames`: 0 must be at least 1"),
        ({"frame_size": 63}, "`frame_size`: 63 must be even"),
        ({"crf": 52}, "`crf`: 52"),
        ({"strength": 3.0}, "`strength`: 3.0"),
        ({"manipulations": ["FaceShop"]}, "'FaceShop' does not exist; choose from Deepfakes"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_written(
    tmp_path: Path, wrong: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        render_videos(tmp_path / "out", **{**SETTINGS, **wrong})
    assert not (tmp_path / "out").exists()
