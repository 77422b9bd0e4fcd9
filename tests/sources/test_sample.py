"""The sample as a data set: made when missing, kept when complete, made anew when changed."""

from pathlib import Path

import pytest
import yaml

from clipforensics.core.faults import InputError
from clipforensics.sources import base, sample

PROFILE = {
    "layout": "sample", "root": "data/sample", "n_identities": 2, "n_frames": 2, "frame_size": 64, "fps": 12,
    "crf": 23, "compression": "c23", "seed": 1, "strength": 1.0, "manipulations": ["FaceSwap"],
    "clip": {
        "n_pictures": 16, "steps": 1, "batch_size": 8, "learning_rate": 0.001, "image_size": 32,
        "patch_size": 16, "hidden_size": 16, "n_layers": 1, "n_heads": 2, "projection": 8,
    },
}  # fmt: skip


def load(folder: Path, **changes: object) -> sample.Profile:
    path = folder / "profile.yaml"
    path.write_text(yaml.safe_dump({**PROFILE, **changes}), encoding="utf-8")
    profile = base.load_profile(path)
    assert isinstance(profile, sample.Profile)
    return profile


def test_it_is_rendered_once_and_again_only_when_changed(tmp_path: Path) -> None:
    root = tmp_path / "sample"
    videos, skipped = sample.find_videos(load(tmp_path), root, dataset="sample")
    assert skipped == []
    assert [v.key for v in videos] == [
        "sample/real/c23/000",
        "sample/real/c23/001",
        "sample/FaceSwap/c23/000_001",
        "sample/FaceSwap/c23/001_000",
    ]
    assert videos[0].path == "videos/original_sequences/youtube/c23/videos/000.mp4"
    assert all((root / video.path).is_file() for video in videos)
    assert sorted(p.name for p in root.iterdir()) == ["clip", "settings.json", "videos"]

    before = (root / videos[0].path).stat().st_mtime_ns
    assert sample.find_videos(load(tmp_path), root, dataset="sample")[0] == videos
    assert (root / videos[0].path).stat().st_mtime_ns == before
    sample.find_videos(load(tmp_path, seed=2), root, dataset="sample")
    assert (root / videos[0].path).stat().st_mtime_ns != before


def test_a_killed_rendering_is_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, profile = tmp_path / "sample", load(tmp_path)

    def killed(folder: Path, **_: object) -> int:
        (folder / "original_sequences").mkdir(parents=True)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sample, "render_videos", killed)
        with pytest.raises(KeyboardInterrupt):
            sample.find_videos(profile, root, dataset="sample")
    assert not (root / "videos").exists()
    assert len(sample.find_videos(profile, root, dataset="sample")[0]) == 4
    assert not (root / "videos.part").exists()


@pytest.mark.parametrize("workers", ["1", "3"])
def test_bytes_do_not_depend_on_the_workers(
    tmp_path: Path, workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made(count: str) -> dict[str, bytes]:
        monkeypatch.setenv("CLIPFORENSICS_WORKERS", count)
        root = tmp_path / count
        sample.find_videos(load(tmp_path), root, dataset="sample")
        return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}

    assert made(workers) == made("2")


def test_a_kill_while_old_footage_goes_leaves_no_settings_that_vouch_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, first = tmp_path / "sample", load(tmp_path)
    sample.find_videos(first, root, dataset="sample")
    before = (root / "videos/original_sequences/youtube/c23/videos/000.mp4").read_bytes()
    remove = sample.shutil.rmtree

    def killed(folder: Path, **_: object) -> None:
        remove(folder / "original_sequences" / "youtube" / "c23" / "videos")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sample.shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            sample.find_videos(load(tmp_path, seed=2), root, dataset="sample")
    assert len(sample.find_videos(first, root, dataset="sample")[0]) == 4
    assert (root / "videos/original_sequences/youtube/c23/videos/000.mp4").read_bytes() == before


def test_wrong_sizes_are_refused_before_anything_is_rendered(tmp_path: Path) -> None:
    clip = {**PROFILE["clip"], "patch_size": 7}  # type: ignore[dict-item]
    with pytest.raises(InputError, match=r"`clip.image_size`: 32 must be a multiple of patch_size=7"):
        sample.find_videos(load(tmp_path, clip=clip), tmp_path / "sample", dataset="sample")
    assert not (tmp_path / "sample" / "videos").exists()


def test_the_shipped_profile_is_valid() -> None:
    profile = base.load_profile(Path(__file__).parents[2] / "conf/data/sample.yaml")
    assert isinstance(profile, sample.Profile)
    assert profile.manipulations == ["Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_identity": 4}, "`n_identity` is not a parameter"),
        ({"seed": "1e3"}, "`seed`"),
        ({"crf": 99}, "`crf`"),
        ({"clip": {**PROFILE["clip"], "steps": 0}}, "`clip.steps`"),  # type: ignore[dict-item]
    ],
)
def test_a_wrong_profile_is_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, **changes)


@pytest.mark.parametrize("changes", [{"root": "/home"}, {"root": ""}, {"root": ".."}, {"root_env": "HOME"}])
def test_no_profile_can_have_another_folder_cleared(tmp_path: Path, changes: dict[str, str]) -> None:
    with pytest.raises(InputError, match=f"`{next(iter(changes))}`"):
        load(tmp_path, **changes)
