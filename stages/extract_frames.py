"""Decode k frames of every video into the frame store, cut around a face where faces were looked for."""

from pathlib import Path

from clipforensics.core.faults import run_command
from clipforensics.core.files import write_json
from clipforensics.core.params import read_section, read_yaml
from clipforensics.core.records import read_videos
from clipforensics.crops import extraction
from clipforensics.crops.counting import count_crops
from clipforensics.crops.extraction import ExtractSection
from clipforensics.faces.table import FACES, META
from clipforensics.footage.probing import check_unchanged
from clipforensics.frames import store
from clipforensics.machine.scratch import fingerprint, project_code, remove_scratch, scratch_folder
from clipforensics.machine.workers import n_workers
from clipforensics.sources.base import profile_path, profile_root

PARAMS = Path("params.yaml")
PROFILES = Path("conf/data")
VIDEOS = Path("data/videos.csv")
TABLE = Path("data/faces")
OUT = Path("data/frames")
METRICS = Path("data/metrics/faces.json")

SHARD_FRAMES = 1024
"""Frames after which a shard is closed (154 MB at 224 pixels); no result depends on it."""


def main() -> None:
    """Check that the footage is what ingest saw, extract, report what was left out."""
    params, workers = read_section(PARAMS, "extract_frames", ExtractSection), n_workers()
    root = profile_root(profile_path(PROFILES, read_yaml(PARAMS).get("dataset")))
    videos = read_videos(VIDEOS)
    check_unchanged(videos, root)
    # How many may fail changes no frame: a run that stopped over it goes on with more allowed.
    settings = {
        **params.model_dump(exclude={"max_skipped", "max_without_face"}),
        "shard_frames": SHARD_FRAMES,
    }
    inputs = [VIDEOS, TABLE / FACES, TABLE / META, *project_code()]
    scratch = scratch_folder("extract_frames", fingerprint(settings, inputs))
    skipped = extraction.extract_frames(
        videos,
        root,
        OUT,
        n_frames=params.n_frames,
        size=params.frame_size,
        shard_frames=SHARD_FRAMES,
        workers=workers,
        scratch=scratch,
        max_skipped=params.max_skipped,
        faces=TABLE,
        cut=params,
        max_without_face=params.max_without_face,
    )
    remove_scratch(scratch)
    write_json(METRICS, count_crops(OUT, TABLE, videos))
    note = f"{len(skipped)} skipped (see {OUT / store.SKIPPED})" if skipped else "none skipped"
    side, done = params.frame_size, len(videos) - len(skipped)
    print(f"{params.n_frames} frames of {side}x{side} pixels from each of {done} videos, {note}")


if __name__ == "__main__":
    run_command(main)
