"""Turn a data set's own layout into one table of checked videos."""

from collections import Counter
from pathlib import Path

from clipforensics.core.faults import run_command
from clipforensics.core.params import read_section, read_yaml
from clipforensics.core.records import Skipped, Video, write_records
from clipforensics.footage.probing import IngestSection, check_videos, drop_contradictions, probe_videos
from clipforensics.machine.workers import n_workers
from clipforensics.sources.base import layout_module, load_profile, profile_path, resolve_root

PARAMS = Path("params.yaml")
PROFILES = Path("conf/data")
VIDEOS = Path("data/videos.csv")
SKIPPED = Path("data/skipped.csv")
SAMPLE = Path("data/sample")


def main() -> None:
    """Find, probe and check the videos; write the tables."""
    params, workers = read_section(PARAMS, "ingest", IngestSection), n_workers()
    dataset = read_yaml(PARAMS).get("dataset")
    profile = load_profile(profile_path(PROFILES, dataset))
    SAMPLE.mkdir(parents=True, exist_ok=True)
    if profile.layout != "sample":
        note = f"Empty: the data set is {dataset}, not the built-in sample.\n"
        (SAMPLE / "README.txt").write_text(note, encoding="utf-8")
    root = resolve_root(profile)
    found, skipped = layout_module(profile.layout).find_videos(profile, root, dataset=dataset)
    probed, unreadable = probe_videos(found, root, workers=workers, follow_links=profile.follow_links)
    videos, contradictory = drop_contradictions(probed)
    skipped = [*skipped, *unreadable, *contradictory]
    check_videos(videos, skipped, max_skipped=params.max_skipped)
    write_records(VIDEOS, Video, videos)
    write_records(SKIPPED, Skipped, skipped)
    counts = ", ".join(f"{n} {m}" for m, n in Counter(v.manipulation for v in videos).items())
    note = f"{len(skipped)} skipped (see {SKIPPED})" if skipped else "none skipped"
    print(f"{dataset}: {len(videos)} videos ({counts}), {note}")


if __name__ == "__main__":
    run_command(main)
