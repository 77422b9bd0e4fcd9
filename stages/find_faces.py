"""Find and follow the faces of every video's sampled frames; boxes are stored apart from pixels."""

from pathlib import Path

from clipforensics.core.faults import run_command
from clipforensics.core.params import read_section, read_value
from clipforensics.core.records import read_videos
from clipforensics.faces import table
from clipforensics.faces.finding import Looking, find_faces
from clipforensics.faces.settings import FacesSection, resolved
from clipforensics.faces.weights import find_weights
from clipforensics.footage.probing import check_unchanged
from clipforensics.machine.kept import kept_work
from clipforensics.machine.workers import n_workers
from clipforensics.sources.in_use import read_common, read_roots

PARAMS = Path("params.yaml")
PROFILES = Path("data/profiles.yaml")
VIDEOS = Path("data/videos.csv")
OUT = Path("data/faces")


def main() -> None:
    """Look for faces in data sets where that is wanted; where in none, write an empty table that says so."""
    faces = read_section(PARAMS, "faces", FacesSection)
    detectors = {
        name: resolved(faces.detector, layout=profile.layout, cropped=profile.cropped)
        for name, profile in read_common(PROFILES).items()
    }
    whole = [name for name, detector in detectors.items() if detector == table.NONE]
    if len(whole) == len(detectors):
        table.write_faces(OUT, {"detector": table.NONE}, [], [])
        print("no faces are looked for: frames will be cut around their middle")
        return
    videos = [video for video in read_videos(VIDEOS) if video.dataset not in whole]
    roots, workers = read_roots(PROFILES), n_workers()
    check_unchanged(videos, roots)
    n_frames = read_value(PARAMS, "extract_frames", "n_frames", int)
    looking = Looking(find_weights(faces), n_frames, faces.detect_size, faces.min_score, faces.stride)
    detector = next(detector for detector in detectors.values() if detector != table.NONE)
    settings = {"detector": detector, **vars(looking), "sha256": faces.sha256}
    n_faces, n_with, skipped = find_faces(
        videos,
        roots,
        OUT,
        looking,
        detector=detector,
        whole=whole,
        workers=workers,
        kept=kept_work("find_faces", settings),
        max_skipped=read_value(PARAMS, "extract_frames", "max_skipped", float),
        max_probe_seconds=read_value(PARAMS, "ingest", "max_probe_seconds", float),
    )
    note = f"; {len(skipped)} could not be decoded (see {OUT / table.SKIPPED})" if skipped else ""
    print(f"{n_faces} faces in {n_with} of {len(videos) - len(skipped)} videos{note}")


if __name__ == "__main__":
    run_command(main)
