"""Decode k frames of every video into the frame store, cut around a face where faces were looked for."""

from pathlib import Path

from clipforensics.core.faults import run_command
from clipforensics.core.files import write_json
from clipforensics.core.params import read_section, read_value
from clipforensics.core.records import read_videos
from clipforensics.crops import extraction
from clipforensics.crops.counting import count_crops
from clipforensics.crops.extraction import SHARD_FRAMES, ExtractSection
from clipforensics.footage.probing import check_unchanged
from clipforensics.frames import store
from clipforensics.machine.kept import kept_work
from clipforensics.machine.scratch import remove_scratch, scratch_folder
from clipforensics.machine.workers import n_workers
from clipforensics.sources.in_use import read_roots

PARAMS = Path("params.yaml")
PROFILES = Path("data/profiles.yaml")
VIDEOS = Path("data/videos.csv")
TABLE = Path("data/faces")
OUT = Path("data/frames")
METRICS = Path("data/metrics/faces.json")


def main() -> None:
    """Check that the footage is what ingest saw, extract, report what was left out."""
    params = read_section(PARAMS, "extract_frames", ExtractSection)
    videos, roots = read_videos(VIDEOS), read_roots(PROFILES)
    check_unchanged(videos, roots)
    scratch = scratch_folder("extract_frames", "store")
    how = {**params.options, "shard_frames": SHARD_FRAMES, "workers": n_workers(), "scratch": scratch}
    how |= {"faces": TABLE, "kept": kept_work("extract_frames")}
    how["max_probe_seconds"] = read_value(PARAMS, "ingest", "max_probe_seconds", float)
    skipped = extraction.extract_frames(videos, roots, OUT, **how)
    remove_scratch(scratch)
    write_json(METRICS, count_crops(OUT, TABLE, videos, params.person))
    note = f"{len(skipped)} skipped (see {OUT / store.SKIPPED})" if skipped else "none skipped"
    side, done, n = params.frame_size, len(videos) - len(skipped), len(store.FrameStore.open(OUT))
    print(f"{n} frames of {side}x{side} pixels of {done} videos (of {params.n_frames} moments each), {note}")


if __name__ == "__main__":
    run_command(main)
