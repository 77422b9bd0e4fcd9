"""Every video is looked into; a bad one is recorded, a bad data set stops with one line."""

import hashlib
import os
import shutil
import signal
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.core.records import Skipped, Video, read_videos
from clipforensics.footage import probing
from clipforensics.footage.pictures import n_bytes
from clipforensics.footage.probing import check_videos, drop_contradictions, probe_videos
from stages import ingest as stage
from tests.support.clips import make_clip, make_sound

WILD = "a b/ü 'q\" ñ.mp4"


def _video(path: str, target: str = "", label: int = 1, **more: object) -> Video:
    manipulation = "FaceSwap" if label else "real"
    fields = {"take": "", "target_youtube": "", "source_youtube": "", **more}
    return Video("set", manipulation, "c23", target or path, "", label=label, path=path, **fields)  # type: ignore[arg-type]


def test_probing_fills_in_what_the_file_holds(tmp_path: Path) -> None:
    make_clip(tmp_path / WILD, n_frames=7)
    (found,), skipped = probe_videos([_video(WILD)], tmp_path, workers=1)
    content = (tmp_path / WILD).read_bytes()
    assert not skipped
    assert found == replace(
        _video(WILD),
        n_frames=7,
        width=64,
        height=48,
        n_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        codec="h264",
        frame_rate=25.0,
    )


def test_folders_of_pictures_are_probed_as_one_video(tmp_path: Path) -> None:
    folder = tmp_path / "12_34"
    folder.mkdir()
    for number in (60, 61, 62):
        Image.new("RGB", (9, 5), (number, 0, 0)).save(folder / f"{number:03d}.png")
    (folder / "notes.txt").write_text("ignored")
    (before,), _ = probe_videos([_video("12_34")], tmp_path, workers=1)
    size = sum(p.stat().st_size for p in folder.glob("*.png"))
    assert (before.n_frames, before.width, before.height, before.n_bytes) == (3, 9, 5, size)
    assert n_bytes(folder) == size
    Image.new("RGB", (9, 5), (0, 1, 0)).save(folder / "061.png")
    (after,), _ = probe_videos([_video("12_34")], tmp_path, workers=1)
    assert after.sha256 != before.sha256


@pytest.mark.parametrize("workers", [1, 2])
def test_bad_videos_are_recorded_and_the_rest_goes_on(workers: int, tmp_path: Path) -> None:
    names = [
        "good0.mp4",
        "empty.mp4",
        "good1.mp4",
        "noise.mp4",
        "sound.mp4",
        "gone.mp4",
        "folder",
        "good2.mp4",
    ]
    for name in names:
        if name.startswith("good"):
            make_clip(tmp_path / name, n_frames=5)
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "noise.mp4").write_bytes(b"no video" * 99)
    make_sound(tmp_path / "sound.mp4")
    (tmp_path / "folder").mkdir()
    videos, skipped = probe_videos([_video(name) for name in names], tmp_path, workers=workers)
    assert [v.path for v in videos] == ["good0.mp4", "good1.mp4", "good2.mp4"]
    assert [(s.stage, s.path) for s in skipped] == [("ingest", n) for n in names if "good" not in n]
    reasons = " | ".join(s.reason for s in skipped)
    for part in ("is empty", "cannot be decoded", "only audio", "is not a file", "holds no pictures"):
        assert part in reasons
    assert "\n" not in reasons
    assert str(tmp_path) not in reasons


def _crash(path: Path) -> None:
    if path.name == "crash.mp4":
        os.kill(os.getpid(), signal.SIGKILL)
    raise probing.UnreadableVideo("fine")


def test_a_crashing_decoder_costs_one_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "probe_video", _crash)
    names = ["a.mp4", "crash.mp4", "b.mp4"]
    for name in names:
        (tmp_path / name).touch()
    _, skipped = probe_videos([_video(name) for name in names], tmp_path, workers=2)
    assert [s.reason for s in skipped] == ["fine", probing.DIED, "fine"]


def test_same_bytes_under_both_labels_are_left_out() -> None:
    videos = [
        _video("a", label=0, sha256="1"),
        _video("b", label=1, sha256="1"),
        _video("c", label=1, sha256="2"),
        _video("d", label=1, sha256="2"),
    ]
    kept, skipped = drop_contradictions(videos)
    assert [v.path for v in kept] == ["c", "d"]
    assert [s.path for s in skipped] == ["a", "b"]
    assert "label 0, but 'b' has the same content and label 1" in skipped[0].reason


@pytest.mark.parametrize("place", ["clip.mp4", "pictures/1.png", "0.tar/clip.mp4"])
def test_links_out_of_the_root_are_left_out_unless_they_may_be(place: str, tmp_path: Path) -> None:
    away, root = tmp_path / "away", tmp_path / "root"
    make_clip(away / "clip.mp4", n_frames=3)
    (away / "pictures").mkdir()
    Image.new("RGB", (9, 5)).save(away / "pictures/1.png")
    with tarfile.open(away / "0.tar", "w") as tar:
        tar.add(away / "clip.mp4", "clip.mp4")
    link = root / (place if "tar" not in place else "0.tar")
    link.parent.mkdir(parents=True)
    link.symlink_to(away / link.relative_to(root))
    video = _video("pictures" if "pictures" in place else place)
    found, (skipped,) = probe_videos([video], root, workers=1)
    assert not found
    assert (
        "is a link that leads out of the root; copy the file there, or set `follow_links`" in skipped.reason
    )
    found, skips = probe_videos([video], root, workers=1, follow_links=True)
    assert len(found) == 1
    assert not skips


def test_links_within_the_root_and_a_linked_root_are_fine(tmp_path: Path) -> None:
    make_clip(tmp_path / "root/a.mp4", n_frames=3)
    (tmp_path / "root/b.mp4").symlink_to("a.mp4")
    (tmp_path / "link").symlink_to("root")
    found, skipped = probe_videos([_video("a.mp4"), _video("b.mp4")], tmp_path / "link", workers=1)
    assert (len(found), skipped) == (2, [])


BOTH = [_video("a", label=0), _video("b", label=1)]


def _skip(n: int) -> list[Skipped]:
    return [Skipped("ingest", f"bad{i}.mp4", "is empty") for i in range(n)]


def test_a_sound_data_set_passes() -> None:
    check_videos(BOTH, [], max_skipped=0)
    check_videos(BOTH, _skip(2), max_skipped=0.5)


@pytest.mark.parametrize(
    ("videos", "skipped", "message"),
    [
        ([], [], "data set is empty"),
        (BOTH, _skip(3), r"3 of 5 videos cannot be used.*ingest\.max_skipped=0\.5.*'bad0\.mp4' is empty"),
        (BOTH[:1], [], "no manipulated video"),
        (BOTH[1:], [], "no real video"),
        ([*BOTH, replace(BOTH[0], path="c")], [], "same key"),
    ],
)
def test_what_is_no_data_set_stops(videos: list[Video], skipped: list[Skipped], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_videos(videos, skipped, max_skipped=0.5)


Project = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A working folder with a manifest data set of four videos; returns the root of the footage."""
    root = tmp_path / "foot age ü"
    rows = ["path,label,manipulation,target,source"]
    for number in range(4):
        name = f"{number} 'ü'.mp4"
        make_clip(root / name, n_frames=6 + number, seed=number)
        rows.append(f"{name},{number % 2},{'Face Swap' if number % 2 else 'real'},t{number // 2},")
    (root / "videos.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    work = tmp_path / "work"
    (work / "conf/data").mkdir(parents=True)
    (work / "conf/data/mine.yaml").write_text("layout: manifest\nroot_env: MY_ROOT\nmanifest: videos.csv\n")
    (work / "params.yaml").write_text("dataset: mine\ningest:\n  max_skipped: 0.25\n")
    monkeypatch.chdir(work)
    monkeypatch.setenv("MY_ROOT", str(root))
    monkeypatch.setenv("CLIPFORENSICS_WORKERS", "2")
    return lambda: root


def test_stage_writes_the_tables(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (project() / "3 'ü'.mp4").write_bytes(b"x")
    stage.main()
    videos = read_videos(stage.VIDEOS)
    assert [v.key for v in videos] == ["mine/real/-/t0", "mine/Face Swap/-/t0", "mine/real/-/t1"]
    assert [v.n_frames for v in videos] == [6, 7, 8]
    lines = stage.SKIPPED.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("ingest,3 'ü'.mp4,")
    assert [p.name for p in stage.SAMPLE.iterdir()] == ["README.txt"]
    assert capsys.readouterr().out == (
        "mine: 3 videos (2 real, 1 Face Swap), 1 skipped (see data/skipped.csv)\n"
    )


def test_stage_gives_the_same_bytes_twice(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.main()
    first = stage.VIDEOS.read_bytes()
    monkeypatch.setenv("CLIPFORENSICS_WORKERS", "1")
    stage.main()
    assert stage.VIDEOS.read_bytes() == first


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ("dataset: mine\ningest:\n  max_skipped: 1.5\n", "max_skipped"),
        ("dataset: mine\ningest:\n  max_skiped: 0.5\n", "`max_skiped` is not a parameter"),
        ("dataset: mine\n", "section `ingest` is missing"),
        ("ingest:\n  max_skipped: 0\n", "`dataset` is None"),
        ("dataset: ../mine\ningest:\n  max_skipped: 0\n", "must be the name of a profile in conf/data: mine"),
        ("dataset: other\ningest:\n  max_skipped: 0\n", "does not exist; there are: mine"),
    ],
)
def test_stage_names_wrong_params(project: Project, params: str, message: str) -> None:
    Path("params.yaml").write_text(params)
    with pytest.raises(InputError, match=message) as caught:
        stage.main()
    assert "\n" not in str(caught.value)


def test_stage_stops_at_a_missing_root(project: Project) -> None:
    shutil.rmtree(project())
    with pytest.raises(InputError, match=r"from \$MY_ROOT\) is not a folder; set MY_ROOT"):
        stage.main()
