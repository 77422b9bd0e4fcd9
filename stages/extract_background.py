"""The frames of `extract_frames` once more, whole, with a black box in place of every face, for a control."""

from pathlib import Path

from clipforensics.controls.enabled import empty_folder, why_off
from clipforensics.core.faults import run_command
from clipforensics.core.params import read_section, read_yaml
from clipforensics.core.records import read_videos
from clipforensics.crops import extraction
from clipforensics.crops.extraction import ExtractSection
from clipforensics.faces.table import FACES, META, NONE, FaceTable
from clipforensics.footage.probing import check_unchanged
from clipforensics.machine.scratch import fingerprint, project_code, remove_scratch, scratch_folder
from clipforensics.machine.workers import n_workers
from clipforensics.sources.base import profile_path, profile_root

PARAMS = Path("params.yaml")
PROFILES = Path("conf/data")
VIDEOS = Path("data/videos.csv")
TABLE = Path("data/faces")
OUT = Path("data/background")

SHARD_FRAMES = 1024
"""Frames after which a shard is closed; no result depends on it."""


def main() -> None:
    """Extract; nothing where controls are off or no faces were looked for."""
    reason = why_off(PARAMS, PROFILES)
    if not reason and FaceTable.open(TABLE).detector == NONE:
        reason = "without a background: no faces were looked for"
    if reason:
        empty_folder(OUT, reason)
        print(reason)
        return
    params, workers = read_section(PARAMS, "extract_frames", ExtractSection), n_workers()
    root = profile_root(profile_path(PROFILES, read_yaml(PARAMS).get("dataset")))
    videos = read_videos(VIDEOS)
    check_unchanged(videos, root)
    settings = {**params.model_dump(exclude={"max_skipped", "max_without_face"}), "blanked": True}
    inputs = [VIDEOS, TABLE / FACES, TABLE / META, *project_code()]
    scratch = scratch_folder("extract_background", fingerprint(settings, inputs))
    skipped = extraction.extract_frames(
        videos,
        root,
        OUT,
        n_frames=params.n_frames,
        fitting=params.fitting,
        shard_frames=SHARD_FRAMES,
        workers=workers,
        scratch=scratch,
        max_skipped=params.max_skipped,
        faces=TABLE,
        cut=params,
        max_without_face=params.max_without_face,
        blanked=True,
    )
    remove_scratch(scratch)
    print(f"frames without faces of {len(videos) - len(skipped)} videos")


if __name__ == "__main__":
    run_command(main)
