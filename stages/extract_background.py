"""The frames of `extract_frames` once more, whole, with a black box in place of every face, for a control."""

from pathlib import Path

from clipforensics.controls.enabled import empty_folder, why_off
from clipforensics.core.faults import run_command
from clipforensics.core.params import read_section, read_value
from clipforensics.core.records import read_videos
from clipforensics.crops import extraction
from clipforensics.crops.extraction import SHARD_FRAMES, ExtractSection
from clipforensics.faces.table import NONE, read_detector, read_whole
from clipforensics.footage.probing import check_unchanged
from clipforensics.machine.kept import kept_work
from clipforensics.machine.scratch import remove_scratch, scratch_folder
from clipforensics.machine.workers import n_workers
from clipforensics.sources.in_use import read_roots

PARAMS = Path("params.yaml")
PROFILES = Path("conf/data")
IN_USE = Path("data/profiles.yaml")
VIDEOS = Path("data/videos.csv")
TABLE = Path("data/faces")
OUT = Path("data/background")


def main() -> None:
    """Extract; nothing where controls are off or no faces were looked for."""
    reason, roots = why_off(PARAMS, PROFILES), read_roots(IN_USE)
    trained_on = next(iter(roots))
    if not reason and (read_detector(TABLE) == NONE or trained_on in read_whole(TABLE)):
        reason = "without a background: no faces were looked for"
    if reason:
        empty_folder(OUT, reason)
        print(reason)
        return
    params, videos = read_section(PARAMS, "extract_frames", ExtractSection), read_videos(VIDEOS)
    check_unchanged(videos, roots)
    scratch = scratch_folder("extract_background", "store")
    how = {**params.options, "shard_frames": SHARD_FRAMES, "workers": n_workers(), "scratch": scratch}
    how |= {"faces": TABLE, "kept": kept_work("extract_background"), "blanked": True}
    how["max_probe_seconds"] = read_value(PARAMS, "ingest", "max_probe_seconds", float)
    skipped = extraction.extract_frames(videos, roots, OUT, **how)
    remove_scratch(scratch)
    print(f"frames without faces of {len(videos) - len(skipped)} videos")


if __name__ == "__main__":
    run_command(main)
