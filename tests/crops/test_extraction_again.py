"""The stage; and what is extracted again: nothing that stands, whatever came or was packed otherwise."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import av
import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.core.records import Video, write_records
from clipforensics.crops import extraction
from clipforensics.crops.extraction import extract_video
from clipforensics.crops.reuse import Before, Stored
from clipforensics.crops.shards import StoreWriter
from clipforensics.faces.table import write_faces
from clipforensics.footage.pictures import resize_and_crop
from clipforensics.footage.video import decode_frames
from clipforensics.frames.codecs import CODECS, Codec
from clipforensics.frames.shard_file import ShardWriter
from clipforensics.frames.store import FrameStore
from stages import extract_frames as stage
from tests.support.extractions import Stopped, content_of, extract, spoilt_among
from tests.support.profiles import use_profiles
from tests.support.shared_data import FOOTAGE, needs_shared
from tests.support.stores import index_of


@needs_shared
@pytest.mark.parametrize(
    "name", ["real/ghost_orig.webm", "real/liveportrait_src_s29.mp4", "fake/sadtalker_still1.mp4"]
)
def test_real_footage(name: str) -> None:
    indices, frames = extract_video(FOOTAGE / name, 60, 4, Fitting(224))
    assert indices.tolist() == [7, 22, 37, 52]
    with av.open(str(FOOTAGE / name)) as container:
        for number, frame in zip(range(53), container.decode(video=0), strict=False):
            if number in indices:
                expected = resize_and_crop(frame.to_ndarray(format="rgb24"), Fitting(224))
                assert np.array_equal(frames[indices.tolist().index(number)], expected)


def _project(footage: tuple[Path, list[Video]], folder: Path, params: str) -> None:
    (folder / "conf/data").mkdir(parents=True)
    profile = {"layout": "manifest", "root": str(footage[0]), "manifest": "none.csv"}
    (folder / "conf/data/set.yaml").write_text(json.dumps(profile), encoding="utf-8")
    (folder / "params.yaml").write_text(params)
    use_profiles(folder)
    write_records(folder / "data/videos.csv", Video, footage[1])
    write_faces(folder / "data/faces", {"detector": "none"}, [], [])


PARAMS = """
dataset: set
ingest:
  max_probe_seconds: 600
extract_frames:
  n_frames: 4
  frame_size: 24
  resample: bicubic
  squash: false
  resize_edge: 0
  codec: none
  max_skipped: 0.0
  person: largest
  min_share: 0.25
  margin: 1.3
  align: false
  without_face: skip
  max_without_face: 0.0
"""


def test_stage(
    footage: tuple[Path, list[Video]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _project(footage, tmp_path, PARAMS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("CLIPFORENSICS_WORKERS", "2")
    stage.main()
    store = FrameStore.open(stage.OUT)
    assert (store.size, store.n_frames, len(store)) == (24, 4, 4 * 8 + 3)
    (kept,) = (tmp_path / ".scratch").rglob("*.npy")
    assert kept.samefile(stage.OUT / "shard-00000.npy"), "no second copy on disk"
    assert json.loads(stage.METRICS.read_text()) == {
        "detector": "none",
        "rows": [],
        "reason": "no faces were looked for",
    }
    assert (
        "35 frames of 24x24 pixels of 9 videos (of 4 moments each), none skipped" in capsys.readouterr().out
    )
    shutil.rmtree(tmp_path / ".scratch")  # nothing is kept, so all is decoded again
    Path("params.yaml").write_text(PARAMS.replace("600", "0.0001"))
    with pytest.raises(InputError, match=r"took longer than ingest\.max_probe_seconds=0\.0001 of work"):
        stage.main()
    rows = [asdict(footage[1][0]) | {"n_bytes": 1}]
    write_records(stage.VIDEOS, Video, [Video(**row) for row in rows])
    with pytest.raises(InputError, match="changed since ingest"):
        stage.main()


@pytest.mark.parametrize(
    "wrong",
    [
        "n_frames: 0",
        "n_frames: 2.5",
        "frame_size: 0",
        "frame_size: large",
        "resize_edge: 23",
        "codec: jpeg",
        "max_skipped: 2",
        "margin: 0.9",
        "person: nicest",
        "min_share: 1.5",
        "align: 1",
        "without_face: keep",
        "max_without_face: -1",
    ],
)
def test_stage_names_wrong_params(
    wrong: str, footage: tuple[Path, list[Video]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = wrong.split(":")[0]
    lines = [f"  {wrong}" if line.startswith(f"  {name}:") else line for line in PARAMS.splitlines()]
    _project(footage, tmp_path, "\n".join(lines) + "\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=f"`{name}`"):
        stage.main()


@pytest.mark.parametrize("codec", CODECS)
def test_the_store_names_the_pixels_of_each_shard(
    codec: Codec, footage: tuple[Path, list[Video]], tmp_path: Path
) -> None:
    """By the digests of its videos' pixels, whatever the codec."""
    extract(footage, tmp_path, codec=codec)
    meta, store = json.loads((tmp_path / "out/meta.json").read_text()), FrameStore.open(tmp_path / "out")
    lies_in, shards = index_of(store)["shard"].tolist(), dict[int, list[str]]()
    for key in store.keys:
        rows = store.rows_of([key])
        pixels = hashlib.sha256(store.read(rows).tobytes()).hexdigest()
        shards.setdefault(lies_in[rows[0]], []).append(pixels)
    assert len(shards) > 1
    assert meta["sha256"] == [
        hashlib.sha256("".join(videos).encode()).hexdigest() for videos in shards.values()
    ]
    assert meta["codec"] == codec


def _never(path: Path, indices: Sequence[int]) -> object:
    raise AssertionError(f"{path} is decoded")


@pytest.mark.parametrize("cleared", [False, True])
def test_another_codec_packs_what_is_kept_and_decodes_nothing(
    cleared: bool, footage: tuple[Path, list[Video]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless it is cleared meanwhile, or is not what was kept: then it is decoded again."""
    (root, videos), spoilt = footage, spoilt_among(footage, 4)
    extract(spoilt, tmp_path / "fresh", codec="webp")
    extract(spoilt, tmp_path, codec="none")
    with monkeypatch.context() as patch:
        if cleared:
            patch.setattr(Stored, "repacked", lambda *_: None)
        else:
            patch.setattr(extraction, "decode_frames", _never)
            patch.setattr(extraction, "read_pictures", _never)
        extract(spoilt, tmp_path, codec="webp", workers=2)
    assert content_of(tmp_path / "out") == content_of(tmp_path / "fresh/out")
    monkeypatch.setattr(extraction, "decode_frames", _never)
    extract((root, [video for n, video in enumerate(videos) if n != 4]), tmp_path, codec="none")
    assert len(FrameStore.open(tmp_path / "out").keys) == 8


def test_one_more_video_links_the_other_shards(footage: tuple[Path, list[Video]], tmp_path: Path) -> None:
    root, videos = footage
    extract((root, videos[:-1]), tmp_path, codec="webp")
    before = sorted((tmp_path / "out").glob("shard-*.npy"))[:-1]
    nodes = [shard.stat().st_ino for shard in before]
    extract(footage, tmp_path, codec="webp")
    assert nodes
    assert [shard.stat().st_ino for shard in before] == nodes
    extract(footage, tmp_path / "fresh", codec="webp")
    assert content_of(tmp_path / "out") == content_of(tmp_path / "fresh/out")


@pytest.mark.parametrize("codec", CODECS)
def test_one_content_under_several_names_is_found_wherever_it_was_put_last(
    codec: Codec, footage: tuple[Path, list[Video]], tmp_path: Path
) -> None:
    root, videos = footage
    twice = [*videos, *(replace(video, target=f"{video.target}-again") for video in videos)]
    for number, some in enumerate([twice, twice[1:], twice]):
        for shard_frames in (5, 12):
            how = {"codec": codec if number < 2 else "none", "shard_frames": shard_frames}
            extract((root, some), tmp_path, **how)
            extract((root, some), tmp_path / f"fresh-{number}-{shard_frames}", **how)
            fresh = content_of(tmp_path / f"fresh-{number}-{shard_frames}/out")
            assert content_of(tmp_path / "out") == fresh


def test_one_content_in_two_shards_leaves_both_as_they_are(
    footage: tuple[Path, list[Video]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, videos = footage
    twice = root, [*videos, replace(videos[0], target="again")]
    extract(twice, tmp_path, shard_frames=5)
    first = content_of(tmp_path / "out")
    monkeypatch.setattr(ShardWriter, "finish", lambda _: pytest.fail("a shard is written"))
    extract(twice, tmp_path, shard_frames=5)
    assert content_of(tmp_path / "out") == first


def test_another_run_with_another_codec_at_the_same_time_changes_nothing(
    footage: tuple[Path, list[Video]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what it found, the other run has put its own in the place before it was taken."""
    extract(footage, tmp_path, codec="none")
    first = content_of(tmp_path / "out")
    begun = Before.__init__

    def then_another(self: Before, *args: object, **more: object) -> None:
        begun(self, *args, **more)  # type: ignore[arg-type]
        with monkeypatch.context() as patch:
            patch.setattr(Before, "__init__", begun)
            other = tmp_path / "other"
            other.mkdir()
            (other / "kept").symlink_to(tmp_path / "kept")
            extract(footage, other, codec="webp")

    with monkeypatch.context() as patch:
        patch.setattr(Before, "__init__", then_another)
        extract((footage[0], footage[1][1:]), tmp_path, codec="none")
    extract((footage[0], footage[1][1:]), tmp_path / "fresh", codec="none")
    assert content_of(tmp_path / "out") == content_of(tmp_path / "fresh/out") != first


@pytest.mark.parametrize("number", [0, 8])
def test_a_file_that_is_another_than_ingest_saw_stops_the_run_and_leaves_nothing(
    number: int, footage: tuple[Path, list[Video]], tmp_path: Path
) -> None:
    """A video, and a folder of pictures: put back, it is decoded as if nothing had been."""
    root, videos = tmp_path / "root", footage[1]
    shutil.copytree(footage[0], root)
    extract((root, videos), tmp_path / "fresh")
    path = root / videos[number].path
    altered = path if path.is_file() else path / "000.png"
    content = altered.read_bytes()
    altered.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert altered.stat().st_size == len(content)
    for _ in range(2):
        with pytest.raises(
            InputError, match=rf"^'{videos[number].path}' has the SHA-256 .*changed since ing"
        ):
            extract((root, videos), tmp_path, workers=2)
    altered.write_bytes(content)
    assert extract((root, videos), tmp_path) == []
    assert content_of(tmp_path / "out") == content_of(tmp_path / "fresh/out")


def test_one_content_under_two_endings_is_decoded_for_each(
    footage: tuple[Path, list[Video]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ending of a name helps to say how a file is read."""
    shutil.copyfile(footage[0] / footage[1][0].path, tmp_path / "a.mov")
    (tmp_path / "b.MOV").symlink_to("a.mov")
    (tmp_path / "c.mkv").symlink_to("a.mov")
    videos = [replace(footage[1][0], target=name, path=name) for name in ("a.mov", "b.MOV", "c.mkv")]
    decoded: list[str] = []

    def noted(path: Path, indices: Sequence[int]) -> object:
        decoded.append(path.name)
        return decode_frames(path, indices)

    def mapped(work: Callable[[object], object], todo: Sequence[object], **_: object) -> Iterator[object]:
        yield from map(work, todo)

    monkeypatch.setattr(extraction, "decode_frames", noted)
    monkeypatch.setattr(extraction, "map_in_order", mapped)
    for number in range(3):
        extract((tmp_path, videos[: number + 1]), tmp_path)
    assert decoded == ["a.mov", "c.mkv"]


@pytest.mark.parametrize("lost", [False, True])
def test_what_could_not_be_read_for_a_while_is_tried_again(
    footage: tuple[Path, list[Video]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    extract(footage, tmp_path / "undisturbed")

    def stop(*_: object) -> None:
        raise Stopped

    def unreadable(path: Path, indices: Sequence[int]) -> object:
        if path.name.startswith("4 ") and not lost:
            raise OSError(5, "Input/output error")
        return decode_frames(path, indices)

    with monkeypatch.context() as patch:
        patch.setattr(StoreWriter, "finish", stop)
        patch.setattr(extraction, "decode_frames", unreadable)
        with pytest.raises(Stopped):
            extract(footage, tmp_path)
    if lost:
        next((tmp_path / "kept").glob("*.npy")).unlink()
    assert extract(footage, tmp_path) == []
    assert content_of(tmp_path / "out") == content_of(tmp_path / "undisturbed/out")
