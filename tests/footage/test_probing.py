"""Every video is looked into; a bad one is recorded, a bad data set stops with one line."""

import hashlib
import os
import shutil
import signal
import tarfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from PIL import Image

from clipforensics.core.faults import InputError
from clipforensics.core.params import check_section
from clipforensics.core.records import Skipped, Video, read_videos
from clipforensics.footage import probing
from clipforensics.footage.limits import Limits
from clipforensics.footage.pictures import n_bytes
from clipforensics.footage.probing import (
    Decoding,
    IngestSection,
    check_videos,
    drop_contradictions,
    hold_against,
    masks_left_aside,
    probe_videos,
)
from clipforensics.footage.reasons import DIED, late_after
from clipforensics.machine.kept import Kept
from stages import ingest as stage
from tests.support.clips import make_clip, make_sound
from tests.support.forbidden import forbidden
from tests.support.profiles import use_profiles
from tests.support.repository import ROOT

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
        key_interval=7.0,
        encoder=found.encoder,
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


def _crash(path: Path, limits: Limits) -> None:
    if path.name == "crash.mp4":
        os.kill(os.getpid(), signal.SIGKILL)
    raise probing.UnreadableVideo("fine")


def test_a_crashing_decoder_costs_one_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing, "probe_video", _crash)
    names = ["a.mp4", "crash.mp4", "b.mp4"]
    for name in names:
        (tmp_path / name).touch()
    _, skipped = probe_videos([_video(name) for name in names], tmp_path, workers=2)
    assert [s.reason for s in skipped] == ["fine", DIED, "fine"]


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


def test_what_another_data_set_says_of_the_same_bytes_takes_nothing_out_of_the_one_that_is_trained_on() -> (
    None
):
    own, other = _video("a", label=0, sha256="1"), _video("b", label=1, sha256="1")
    kept, skipped = drop_contradictions([own, replace(other, dataset="other")])
    assert kept == [own]
    assert [(s.path, s.dataset) for s in skipped] == [("b", "other")]


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
    ],
)
def test_what_is_no_data_set_stops(videos: list[Video], skipped: list[Skipped], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_videos(videos, skipped, max_skipped=0.5)


SHIPPED = yaml.safe_load((ROOT / "params.yaml").read_text())["ingest"]


def test_what_a_decoder_complains_of_is_left_out_or_counted(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "sound.mp4", options={"bf": "0"})
    content = bytearray(clip.read_bytes())
    middle = content.index(b"mdat") + 2000
    content[middle : middle + 400] = bytes(400)
    (tmp_path / "damaged.mp4").write_bytes(content)
    both = [_video("sound.mp4"), _video("damaged.mp4")]
    for decoding, expected in ((None, [0, 0]), ("strict", [0]), ("lenient", [0, True])):
        videos, skipped = probe_videos(both, tmp_path, workers=1, decoding=decoding)  # type: ignore[arg-type]
        assert [bool(video.complaints) for video in videos] == expected
        assert [one.path for one in skipped] == ["damaged.mp4"][: len(skipped)]
    assert len(probe_videos(both, tmp_path, workers=1, decoding="strict")[1]) == 1
    reason = probe_videos(both, tmp_path, workers=1, decoding="strict")[1][0].reason
    assert reason.startswith("its decoder complains: ")


def test_what_is_kept_is_what_was_found_under_the_same_settings(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", options={"bf": "0"})
    content = bytearray(clip.read_bytes())
    middle = content.index(b"mdat") + 2000
    content[middle : middle + 400] = bytes(400)
    clip.write_bytes(content)
    os.utime(clip, (1, 1))  # long enough ago to be known by its time

    def probed(decoding: Decoding, **limits: int) -> str:
        kept = Kept(tmp_path / "kept", "made by")
        how = {"decoding": decoding, "limits": Limits(**limits), "kept": kept}
        _, skipped = probe_videos([_video("a.mp4")], tmp_path, workers=1, **how)  # type: ignore[arg-type]
        return "".join(one.reason for one in skipped)

    assert probed("lenient") == ""
    assert probed("strict").startswith("its decoder complains: ")
    assert probed("lenient") == ""
    assert "max_frames=3" in probed("lenient", max_frames=3)


def _slow(path: Path, limits: Limits) -> object:
    if path.name == "slow.mp4":
        time.sleep(60)
    raise probing.UnreadableVideo("fine")


def test_a_video_that_takes_too_long_costs_itself_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probing, "probe_video", _slow)
    names = ["a.mp4", "slow.mp4", "b.mp4"]
    for name in names:
        (tmp_path / name).touch()
    found = [_video(name) for name in names]
    _, skipped = probe_videos(found, tmp_path, workers=2, max_probe_seconds=0.5)
    assert [s.reason for s in skipped] == ["fine", late_after(0.5), "fine"]


def test_limits_are_looked_at_before_anything_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_clip(tmp_path / "a.mp4", n_frames=3)
    monkeypatch.setattr(probing, "probe_video", lambda *_: pytest.fail("it was read"))
    _, (skipped,) = probe_videos([_video("a.mp4")], tmp_path, workers=1, limits=Limits(max_bytes=10))
    assert skipped.reason.endswith("over max_bytes=10; cut it into parts")
    os.truncate(tmp_path / "a.mp4", 1 << 40)
    limits = check_section(SHIPPED, IngestSection, "ingest").limits
    _, (skipped,) = probe_videos([_video("a.mp4")], tmp_path, workers=1, limits=limits)
    assert skipped.reason == "has 1099511627776 bytes, over max_bytes=17179869184; cut it into parts"


def test_a_list_of_digests_tells_each_file_that_differs_or_is_missing(tmp_path: Path) -> None:
    names = ["a.mp4", "altered.mp4", "unlisted.mp4", "folder"]
    for seed, name in enumerate(names[:3]):
        make_clip(tmp_path / name, n_frames=2, seed=seed)
    (tmp_path / "folder").mkdir()
    for number in (1, 2):
        Image.new("RGB", (9, 5)).save(tmp_path / f"folder/{number}.png")
    listed = {
        name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        for name in ("a.mp4", "altered.mp4", "folder/1.png", "folder/2.png")
    }
    make_clip(tmp_path / "altered.mp4", n_frames=2, seed=9)
    found = [_video(name) for name in names]
    videos, skipped = hold_against(listed, found, tmp_path, workers=2)
    assert videos == [found[0], found[3]]
    assert [one.path for one in skipped] == ["altered.mp4", "unlisted.mp4"]
    assert "and " + listed["altered.mp4"] + " in the list of digests: altered" in skipped[0].reason
    assert skipped[1].reason == "is not in the list of digests; add it there, or remove it"
    del listed["folder/2.png"]
    _, (skipped_too,) = hold_against(listed, found[3:], tmp_path, workers=1)
    assert skipped_too.reason == skipped[1].reason


def test_what_is_held_against_a_list_lies_below_the_root_and_is_no_larger_than_it_may_be(
    tmp_path: Path,
) -> None:
    make_clip(tmp_path / "out.mp4", n_frames=2)
    root = tmp_path / "root"
    make_clip(root / "a.mp4", n_frames=2)
    (root / "link.mp4").symlink_to(tmp_path / "out.mp4")
    os.mkfifo(root / "pipe.mp4")
    listed = {name: "0" * 64 for name in ("a.mp4", "link.mp4", "pipe.mp4")}
    found = [_video(name) for name in listed]
    _, skipped = hold_against(listed, found, root, workers=1, limits=Limits(max_bytes=9))
    assert [one.reason.partition(";")[0].partition(" bytes")[2] or one.reason for one in skipped] == [
        ", over max_bytes=9",
        "its file is a link that leads out of the root; copy the file there, or set `follow_links`",
        "is not a file",
    ]


def test_a_video_that_may_not_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    with forbidden(make_clip(tmp_path / "a.mp4", n_frames=2)) as path:
        _, (skipped,) = probe_videos([_video("a.mp4")], path.parent, workers=1)
    assert skipped.reason == "cannot be read: Permission denied"


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
    settings = {**SHIPPED, "max_skipped": 0.25}
    (work / "params.yaml").write_text(yaml.safe_dump({"dataset": "mine", "ingest": settings}))
    use_profiles(work)
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
    assert lines[1].endswith(",mine")
    assert [p.name for p in stage.RENDERED.iterdir()] == ["README.txt"]
    assert capsys.readouterr().out == (
        "mine: 3 videos (2 real, 1 Face Swap), 1 skipped (see data/skipped.csv)\n"
    )


def test_stage_holds_footage_against_the_list_that_the_profile_names(project: Project) -> None:
    names = sorted(path.name for path in project().glob("*.mp4"))
    lines = [f"{hashlib.sha256((project() / name).read_bytes()).hexdigest()}  {name}" for name in names]
    (project() / "sums").write_text("\n".join(["0" * 64 + lines[0][64:], *lines[1:]]) + "\n")
    with Path("conf/data/mine.yaml").open("a") as profile:
        profile.write("digests: sums\n")
    use_profiles()
    stage.main()
    assert [video.path for video in read_videos(stage.VIDEOS)] == names[1:]
    assert "has the SHA-256" in stage.SKIPPED.read_text(encoding="utf-8").splitlines()[1]
    (project() / "sums").unlink()
    with pytest.raises(InputError, match=r"`digests`: .*sums' cannot be read: No such file"):
        stage.main()


def test_stage_gives_the_same_bytes_twice(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.main()
    first = stage.VIDEOS.read_bytes()
    monkeypatch.setenv("CLIPFORENSICS_WORKERS", "1")
    stage.main()
    assert stage.VIDEOS.read_bytes() == first


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({**SHIPPED, "max_skipped": 1.5}, "max_skipped"),
        ({**SHIPPED, "max_skiped": 0.5}, "`max_skiped` is not a parameter"),
        ({**SHIPPED, "decoding": "sloppy"}, "`decoding`: input should be 'strict' or 'lenient'"),
        ({**SHIPPED, "max_pixels": 1 << 27}, "`max_pixels`: input should be less than or equal to 67108864"),
        ({**SHIPPED, "max_frames": 0}, "`max_frames`"),
        ({**SHIPPED, "max_seconds": 0}, "`max_seconds`"),
        ({**SHIPPED, "max_bytes": 1e9}, "`max_bytes`"),
        ({**SHIPPED, "max_probe_seconds": -1}, "`max_probe_seconds`"),
        (None, "section `ingest` is missing"),
    ],
)
def test_stage_names_wrong_params(project: Project, params: dict[str, object] | None, message: str) -> None:
    content = {"dataset": "mine"} | ({} if params is None else {"ingest": params})
    Path("params.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(InputError, match=message) as caught:
        stage.main()
    assert "\n" not in str(caught.value)


def test_stage_stops_at_a_missing_root(project: Project) -> None:
    shutil.rmtree(project())
    with pytest.raises(InputError, match=r"root that \$MY_ROOT names is not a folder; set MY_ROOT"):
        stage.main()


def test_a_mask_that_leads_out_of_the_root_is_left_aside_unless_it_may(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "empty").mkdir(parents=True)
    (root / "pictures").mkdir()
    for name in ("a.mp4", "b.mp4", "c.mp4", "d.mp4", "mask.mp4"):
        make_clip(root / name, n_frames=2)
    make_clip(tmp_path / "outside.mp4", n_frames=2)
    (root / "link.mp4").symlink_to(tmp_path / "outside.mp4")
    (tmp_path / "0.png").touch()
    (root / "pictures/0.png").symlink_to(tmp_path / "0.png")
    masks = {"a.mp4": "link.mp4", "b.mp4": "mask.mp4", "c.mp4": "pictures", "d.mp4": "empty"}
    found = [_video(path, mask=mask) for path, mask in masks.items()]
    probed, skipped = probe_videos(found, root, workers=1)
    assert not skipped
    assert [one.mask for one in probed] == ["", "mask.mp4", "", "empty"]
    assert masks_left_aside(found, probed) == 2
    probed, _ = probe_videos(found, root, workers=1, follow_links=True)
    assert [one.mask for one in probed] == list(masks.values())
    assert masks_left_aside(found, probed) == 0
