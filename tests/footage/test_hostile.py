"""Hundreds of damaged and hostile files beside sound videos, in one run: each costs itself and no other."""

import csv
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import yaml

from clipforensics.core.fitting import Fitting
from clipforensics.core.params import check_section
from clipforensics.core.records import Skipped, Video, read_videos
from clipforensics.crops.extraction import extract_frames
from clipforensics.faces.table import NONE, write_faces
from clipforensics.footage.probing import IngestSection, probe_videos
from clipforensics.footage.reasons import may_pass
from clipforensics.frames.store import FrameStore
from clipforensics.machine.kept import Kept
from tests.support.clips import make_png
from tests.support.damage import (
    ODD_NAMES,
    OTHER_FORMATS,
    PLAYLISTS,
    sound_clips,
    write_damaged,
    write_hostile,
    write_pictures,
)
from tests.support.profiles import use_profiles
from tests.support.repository import ROOT
from tests.support.stores import index_of
from tests.support.videos import make_video

MEMORY = 250
"""MB that no process of a run may take; with sound videos alone it takes 140."""

SECONDS = 60
"""No run of a stage may take longer."""

MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
sys.stderr.write(f"\\0{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}")
sys.exit(code)
"""
"""Says the most memory of a process after what it printed; small itself, since a process is counted with what
the one held that started it."""

KINDS = ("real", "fake")

REASONS = {
    **dict.fromkeys([f"hostile/{name}" for name in ("pipe.mp4", "socket.mp4", "gone.mp4")], "is not a file"),
    **dict.fromkeys([f"hostile/{name}" for name in ("zero.mp4", "random.mkv", "tty.mov")], "is not a file"),
    **dict.fromkeys([f"hostile/{name}" for name in PLAYLISTS], "cannot be decoded"),
    **dict.fromkeys([f"pictures/{name}" for name in OTHER_FORMATS], "cannot be read as PNG, JPEG, BMP, WEBP"),
    **dict.fromkeys([f"pictures/{name}" for name in ("pipe", "zero", "gone")], "is not a regular file"),
    **dict.fromkeys([f"pictures/{name}" for name in ("empty", "cut", "text")], "cannot be read as"),
    "hostile/outside.mp4": "is a link that leads out of the root",
    "hostile/mem.mp4": "is a link that leads out of the root",
    "hostile/self.mp4": "cannot be read: Too many levels of symbolic links",
    "hostile/huge.mov": "has no frame that tells its size within max_pixels=67108864",
    "hostile/huge later.mov": "complains: IMGUTILS: Picture size 16000x16000",
    "hostile/sparse.mp4": "has 1099511627776 bytes, over max_bytes=17179869184",
    "pictures/outside": "'2.png' is a link that leads out of the root",
    "pictures/huge": "'2.png' is 16000x16000, over max_pixels=67108864",
}
"""Of files whose fault is one thing."""


@dataclass
class Run:
    """What a run of `ingest` and `extract_frames` left in its folder."""

    work: Path
    root: Path
    megabytes: list[int]
    printed: str

    def rows(self, table: str) -> dict[str, str]:
        """Path -> its line in a CSV."""
        with (self.work / table).open(newline="", encoding="utf-8") as file:
            return {row["path"]: "|".join(row.values()) for row in csv.DictReader(file)}

    def reasons(self, table: str = "data/skipped.csv") -> dict[str, str]:
        with (self.work / table).open(newline="", encoding="utf-8") as file:
            return {row["path"]: row["reason"] for row in csv.DictReader(file)}


def _stage(work: Path, name: str) -> tuple[int, str]:
    """Run a stage as DVC does; MB of its largest process, and what it printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CLIPFORENSICS_WORKERS": "2", "DVC_ROOT": str(work)}
    stage = [sys.executable, "-W", "error", "-m", f"stages.{name}"]
    measured = [sys.executable, "-S", "-c", MEASURE, *stage]
    process = subprocess.run(
        measured, cwd=work, env=environment, capture_output=True, timeout=SECONDS, check=False
    )
    text = (process.stdout + process.stderr).decode(errors="replace")
    assert process.returncode == 0, text
    text, _, kilobytes = text.rpartition("\0")
    return int(kilobytes) // 1024, text


def _run(work: Path, root: Path) -> Run:
    (work / "conf/data").mkdir(parents=True)
    params = yaml.safe_load((ROOT / "params.yaml").read_text()) | {"dataset": "mine"}
    params["ingest"] |= {"max_skipped": 1.0}
    params["extract_frames"] |= {"max_skipped": 1.0, "n_frames": 3, "frame_size": 32}
    (work / "params.yaml").write_text(yaml.safe_dump(params))
    (work / "conf/data/mine.yaml").write_text(f"layout: class_folders\nroot: {root}\n")
    use_profiles(work)
    write_faces(work / "data/faces", {"detector": NONE}, [], [])
    done = [_stage(work, name) for name in ("ingest", "extract_frames")]
    return Run(work, root, [memory for memory, _ in done], "".join(text for _, text in done))


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return sound_clips(tmp_path_factory.mktemp("sound"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, clips: list[Path]) -> Run:
    """Sound videos alone, half of them real."""
    folder = tmp_path_factory.mktemp("alone")
    for number, clip in enumerate(clips):
        kind = folder / "root" / KINDS[number % 2]
        kind.mkdir(parents=True, exist_ok=True)
        shutil.copy(clip, kind)
    return _run(folder / "work", folder / "root")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, clips: list[Path], alone: Run) -> Run:
    """The same videos beside all that is damaged or hostile."""
    folder = tmp_path_factory.mktemp("among")
    root = Path(shutil.copytree(alone.root, folder / "root"))
    shutil.copy(clips[1], folder / "outside.webm")
    (folder / "outside.png").write_bytes(make_png(64, 48))
    for number, kind in enumerate(KINDS):
        write_damaged(root / kind / "damaged", clips[number::2])
    write_hostile(root / "fake/hostile", clips[1], folder / "outside.webm")
    write_pictures(root / "fake/pictures", folder / "outside.png")
    return _run(folder / "work", root)


def files_of(run: Run) -> list[Path]:
    """Every file below the root, of whatever kind; hidden ones, which no data set shows, apart."""
    found = (path for path in run.root.rglob("*") if path.is_symlink() or not path.is_dir())
    return [path for path in found if not path.name.startswith(".")]


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix().encode("utf-8", "backslashreplace").decode()


def test_there_are_hundreds_of_them(run: Run, alone: Run) -> None:
    assert len(files_of(run)) - len(files_of(alone)) >= 400


def test_every_file_is_accepted_or_has_a_reason(run: Run) -> None:
    accepted, reasons = run.rows("data/videos.csv"), run.reasons()
    assert not accepted.keys() & reasons.keys()
    for path in files_of(run):
        names = {_name(path, run.root), _name(path.parent, run.root)}  # a folder of pictures is one video
        assert names & (accepted.keys() | reasons.keys()), path
    assert all(reason and "\n" not in reason for reason in reasons.values())


def test_sound_videos_are_told_as_without_the_others(run: Run, alone: Run, clips: list[Path]) -> None:
    before, after = alone.rows("data/videos.csv"), run.rows("data/videos.csv")
    assert len(before) == len(clips)
    assert {path: after[path] for path in before} == before


def test_sound_videos_give_the_frames_that_they_give_without_the_others(run: Run, alone: Run) -> None:
    before, after = (FrameStore.open(one.work / "data/frames") for one in (alone, run))
    for key in before.keys:
        frames = [store.read(store.rows_of([key])) for store in (before, after)]
        assert np.array_equal(*frames)


def test_what_was_accepted_gives_frames_or_has_a_reason(run: Run) -> None:
    keys = {video.key: video.path for video in read_videos(run.work / "data/videos.csv")}
    given = {keys[key] for key in index_of(FrameStore.open(run.work / "data/frames"))["key"]}
    reasons = run.reasons("data/frames/skipped.csv")
    assert given | reasons.keys() == set(keys.values())
    assert not given & reasons.keys()
    assert all(reason and "\n" not in reason for reason in reasons.values())


def test_nothing_takes_much_memory_or_speaks_out_of_turn(run: Run, alone: Run) -> None:
    assert max(run.megabytes) <= MEMORY
    lines = [line for line in run.printed.splitlines() if line.strip()]
    assert len(lines) == 2, run.printed
    assert lines[0].startswith("mine: ")
    assert "frames of 32x32 pixels" in lines[1]


def test_of_what_is_hostile_only_odd_names_are_accepted(run: Run) -> None:
    accepted = [Path(path) for path in run.rows("data/videos.csv")]
    found = {path.name for path in accepted if path.parent.name in ("hostile", "pictures")}
    assert found == {name for name in ODD_NAMES if name.isprintable() and name[0] != "." and "." in name}


def test_reasons_name_the_fault(run: Run) -> None:
    reasons = run.reasons()
    for name, reason in REASONS.items():
        assert reason in reasons[f"fake/{name}"], name


N_MUTANTS = 20_000
"""Of the long run: `pytest -m slow_mutants -s tests/footage/test_hostile.py`, ten minutes on one core."""


@pytest.mark.slow_mutants
def test_no_mutant_ends_its_process_or_holds_it_up(tmp_path: Path, clips: list[Path]) -> None:
    section = check_section(
        yaml.safe_load((ROOT / "params.yaml").read_text())["ingest"], IngestSection, "ingest"
    )
    until = time.monotonic() + float(os.environ.get("MUTANT_SECONDS", "inf"))
    tried, accepted, seeds = 0, 0, count()
    while tried < N_MUTANTS and time.monotonic() < until:
        folder = tmp_path / "mutants"
        made = write_damaged(folder, clips, seed=next(seeds) * len(clips))
        videos = [make_video(path.name, path=path.name) for path in made]
        how = {"decoding": section.decoding, "limits": section.limits, "max_probe_seconds": 20.0}
        found, skipped = probe_videos(videos, folder, workers=1, **how)
        left_out = _extract(found, folder, tmp_path)
        assert len(found) + len(skipped) == len(made)
        assert [one for one in (*skipped, *left_out) if may_pass(one.reason)] == []
        tried, accepted = tried + len(made), accepted + len(found)
        shutil.rmtree(folder)
    print(f"{tried} mutants, {accepted} accepted")


def _extract(videos: list[Video], root: Path, folder: Path) -> list[Skipped]:
    return extract_frames(
        videos,
        dict.fromkeys((video.dataset for video in videos), root),
        folder / "out",
        n_frames=3,
        fitting=Fitting(32),
        shard_frames=4096,
        workers=1,
        scratch=folder / "scratch",
        kept=Kept(folder / "kept", f"{root.stat().st_mtime_ns}"),
        max_skipped=1.0,
        max_probe_seconds=20.0,
    )
