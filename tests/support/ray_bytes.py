"""`python -m tests.support.ray_bytes FOLDER OUT`: clips probed, looked through, extracted and embedded.

On the engine that CLIPFORENSICS_ENGINE names. Where it is Ray, a worker is killed now and then.
"""

import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import yaml

from clipforensics.core.fitting import Fitting
from clipforensics.core.records import Video
from clipforensics.crops.extraction import extract_frames
from clipforensics.crops.person import Cut
from clipforensics.encoder.embedding import embed_frames
from clipforensics.encoder.embeddings import EmbedSection
from clipforensics.encoder.vision import EncoderSection
from clipforensics.engines.opening import open_encoder
from clipforensics.faces.finding import Looking, find_faces
from clipforensics.footage.probing import probe_videos
from clipforensics.frames.store import FrameStore
from clipforensics.machine.kept import Kept
from tests.support.faces import YUNET
from tests.support.repository import ROOT

SIZE = 64
SHIPPED = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))


def run(folder: Path, out: Path) -> None:
    """Everything from footage to embeddings; `skipped.txt` says what was left out of it."""
    footage = folder / "footage"
    found = [Video("set", "X", "", p.stem, "", "", 1, "", "", p.name) for p in sorted(footage.iterdir())]
    videos, skipped = probe_videos(found, footage, workers=1, kept=Kept(out / "kept/probe", ""))
    roots, how = {"set": footage}, {"workers": 1, "max_skipped": 0.5}
    cut = None
    if YUNET.is_file():
        looking = Looking(YUNET, 4, 640, 0.6, 1)
        kept = Kept(out / "kept/faces", "")
        find_faces(videos, roots, out / "faces", looking, detector="yunet", kept=kept, **how)
        cut = Cut.model_validate({name: SHIPPED["extract_frames"][name] for name in Cut.model_fields})
    options: dict[str, Any] = {"n_frames": 4, "fitting": Fitting(SIZE), "shard_frames": 8, "cut": cut}
    options["codec"] = "webp"  # whose bytes nodes make
    options |= {"scratch": out / "scratch", "kept": Kept(out / "kept/frames", "")}
    options["faces"] = out / "faces" if cut else None
    skipped += extract_frames(videos, roots, out / "frames", **options, **how)
    (out / "skipped.txt").write_text("\n".join(map(repr, skipped)))
    embed(folder, out)


def embed(folder: Path, out: Path) -> None:
    frames = FrameStore.open(out / "frames")
    params = EmbedSection.model_validate(SHIPPED["embed"] | {"batch_size": 3})
    base = EncoderSection(model=str(folder / "clip"), revision="local", embedding="projected")
    encoder = open_encoder(params, base, frames.fitting, out / "engine")
    how: dict[str, Any] = {"width": encoder.width, "batch_size": 3, "meta": encoder.about}
    kept = Kept(out / "kept/embed", "")
    embed_frames(frames, encoder.embed, out / "embeddings", kept=kept, elsewhere=encoder.elsewhere, **how)


def kill_workers(killed: Path) -> None:
    """Two of this cluster's workers, a while after each began."""
    for number in range(2):
        while not (ours := [process for process in psutil.process_iter() if _is_ours(process)]):
            time.sleep(0.2)
        time.sleep(1.5)
        with suppress(psutil.NoSuchProcess):
            ours[0].kill()
            (killed / f"killed-{number}").touch()
        time.sleep(4)


def _is_ours(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        named = "ray::MapBatches" in " ".join(process.cmdline())
        return named and process.environ().get("HOME") == os.environ["HOME"]
    return False


if __name__ == "__main__":
    place = Path(sys.argv[2])
    place.mkdir()
    if os.environ.get("CLIPFORENSICS_ENGINE") == "ray":
        threading.Thread(target=kill_workers, args=(place,), daemon=True).start()
    run(Path(sys.argv[1]), place)
