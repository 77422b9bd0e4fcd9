"""Where work is done is the machine's: on a cluster of two nodes it leaves the bytes that it leaves here."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.material import TOY, write_clip
from clipforensics.core.faults import InputError
from clipforensics.machine.cluster.choosing import VARIABLE, engine, map_in_order
from tests.support.clips import make_clip
from tests.support.imports import ROOT
from tests.support.ray_cluster import join_with, needs_ray, ray_nodes
from tests.support.shared_data import FOOTAGE


@pytest.mark.parametrize(
    ("text", "name"), [("", "local"), (" ", "local"), ("local", "local"), ("ray", "ray")]
)
def test_the_engine_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, text: str, name: str) -> None:
    monkeypatch.setenv(VARIABLE, text)
    assert engine() == name


def test_another_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "spark")
    with pytest.raises(InputError, match=r"CLIPFORENSICS_ENGINE is 'spark'; it must be local or ray"):
        map_in_order(abs, [1], workers=1, died=abs)


def test_without_it_work_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert list(map_in_order(abs, [-1, 2], workers=1, died=abs)) == [1, 2]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same footage, here and on a cluster whose workers are killed in mid-run."""
    folder = tmp_path_factory.mktemp("both")
    write_footage(folder / "footage")
    write_clip(folder / "clip", TOY)
    local = begun(folder, "local", {**os.environ, VARIABLE: "local"})
    with ray_nodes() as settings:
        end(begun(folder, "ray", join_with(settings)))
    end(local)
    return folder / "local", folder / "ray"


def write_footage(folder: Path) -> None:
    for number in range(10):
        make_clip(folder / f"{number}.mp4", n_frames=8 + number, width=96, height=80, seed=number)
    for path in sorted(FOOTAGE.glob("*/*.mp4"))[:6]:  # with faces
        shutil.copy(path, folder / f"face-{path.name}")
    (folder / "broken.mp4").write_bytes((folder / "0.mp4").read_bytes()[:900])


def begun(folder: Path, name: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.ray_bytes", str(folder), str(folder / name)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)


def end(process: subprocess.Popen[str]) -> None:
    errors = process.communicate(timeout=200)[1]
    assert process.returncode == 0, errors


def contents(folder: Path) -> dict[str, bytes]:
    kept = ("skipped.txt", "faces", "frames", "embeddings")
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in files
        if path.relative_to(folder).parts[0] in kept
    }


@pytest.mark.slow
@needs_ray
def test_faces_frames_and_embeddings_are_the_same_bytes_though_workers_were_killed(
    both: tuple[Path, Path],
) -> None:
    here, there = map(contents, both)
    assert {"skipped.txt", "frames/shard-00000.npy", "frames/index.csv", "embeddings/embeddings.npy"} <= set(
        here
    )
    assert here == there
    assert (both[1] / "killed-0").exists(), "no worker was killed"
    assert b"broken.mp4" in here["skipped.txt"]
