"""Turn the data sets' own layouts into one table of checked videos."""

from collections import Counter
from pathlib import Path
from typing import Any

from clipforensics.core.faults import InputError, run_command
from clipforensics.core.params import read_section
from clipforensics.core.records import Skipped, Video, write_records
from clipforensics.footage.digests import find_digests
from clipforensics.footage.probing import (
    IngestSection,
    check_videos,
    drop_contradictions,
    hold_against,
    masks_left_aside,
    probe_videos,
)
from clipforensics.machine.kept import kept_work
from clipforensics.machine.workers import n_workers
from clipforensics.sources.in_use import SAMPLE, DataSet, read_data_sets

PARAMS = Path("params.yaml")
PROFILES = Path("data/profiles.yaml")
VIDEOS = Path("data/videos.csv")
SKIPPED = Path("data/skipped.csv")
RENDERED = Path("data/sample")
NAMES = ("clipforensics.naming", "clipforensics.sample", "clipforensics.sources")
"""Say which file is which video, and nothing of what is in it: no layout more probes a video again."""


def main() -> None:
    """Find, probe and check the videos of each data set; write the tables."""
    params, used = read_section(PARAMS, "ingest", IngestSection), read_data_sets(PROFILES)
    RENDERED.mkdir(parents=True, exist_ok=True)
    if used[0].profile.layout != SAMPLE:
        note = f"Empty: the data set is {used[0].name}, not the built-in sample.\n"
        (RENDERED / "README.txt").write_text(note, encoding="utf-8")
    probed, skipped = [], []
    for one in used:
        videos, left_out = find_and_probe(one, params)
        probed += videos
        skipped += left_out
    kept, contradictory = drop_contradictions(probed)
    skipped += contradictory
    for one in used:
        check(one, kept, skipped, params.max_skipped)
    write_records(VIDEOS, Video, kept)
    write_records(SKIPPED, Skipped, skipped)


def find_and_probe(one: DataSet, params: IngestSection) -> tuple[list[Video], list[Skipped]]:
    """The videos of a data set, looked into, and those that are left out."""
    found, skipped = one.find_videos()
    how: dict[str, Any] = {"workers": n_workers(), "follow_links": one.profile.follow_links}
    how |= {"limits": params.limits, "max_probe_seconds": params.max_probe_seconds}
    if digests := find_digests(one.profile.digests, one.root):
        found, altered = hold_against(digests, found, one.root, **how)
        skipped += altered
    kept = kept_work("ingest", apart=NAMES)
    probed, unreadable = probe_videos(found, one.root, decoding=params.decoding, kept=kept, **how)
    if n_aside := masks_left_aside(found, probed):
        print(
            f"{one.name}: {n_aside} masks are links that lead out of the root, and are not used; copy them"
            " there, or set `follow_links` of the profile"
        )
    return probed, [*skipped, *unreadable]


def check(one: DataSet, kept: list[Video], skipped: list[Skipped], max_skipped: float) -> None:
    """Refuse a data set that lacks a class or too much else; else say what it has."""
    videos = [video for video in kept if video.dataset == one.name]
    left_out = [row for row in skipped if row.dataset == one.name]
    try:
        check_videos(videos, left_out, max_skipped=max_skipped)
    except InputError as error:
        raise InputError(f"{one.name}: {error}") from error
    counts = ", ".join(f"{n} {name}" for name, n in Counter(v.manipulation for v in videos).items())
    note = f"{len(left_out)} skipped (see {SKIPPED})" if left_out else "none skipped"
    print(f"{one.name}: {len(videos)} videos ({counts}), {note}")


if __name__ == "__main__":
    run_command(main)
