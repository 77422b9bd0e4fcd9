"""Find and follow the faces of every video's sampled frames; boxes are stored apart from pixels."""

from pathlib import Path

from clipforensics.core.faults import run_command
from clipforensics.core.params import read_section, read_value, read_yaml
from clipforensics.core.records import read_videos
from clipforensics.faces import table
from clipforensics.faces.finding import Looking, find_faces
from clipforensics.faces.settings import FacesSection, resolved
from clipforensics.faces.weights import find_weights
from clipforensics.footage.probing import check_unchanged
from clipforensics.machine.scratch import fingerprint, project_code, remove_scratch, scratch_folder
from clipforensics.machine.workers import n_workers
from clipforensics.sources.base import common_profile, profile_path, resolve_root

PARAMS = Path("params.yaml")
PROFILES = Path("conf/data")
VIDEOS = Path("data/videos.csv")
OUT = Path("data/faces")


def main() -> None:
    """Look for faces where that is wanted; where not, write an empty table that says so."""
    faces = read_section(PARAMS, "faces", FacesSection)
    profile = common_profile(profile_path(PROFILES, read_yaml(PARAMS).get("dataset")))
    detector = resolved(faces.detector, layout=profile.layout, cropped=profile.cropped)
    if detector == table.NONE:
        table.write_faces(OUT, {"detector": detector}, [], [])
        print("no faces are looked for: frames will be cut around their middle")
        return
    videos, root, workers = read_videos(VIDEOS), resolve_root(profile), n_workers()
    check_unchanged(videos, root)
    n_frames = read_value(PARAMS, "extract_frames", "n_frames", int)
    looking = Looking(find_weights(faces), n_frames, faces.detect_size, faces.min_score, faces.stride)
    settings = {"detector": detector, **vars(looking), "sha256": faces.sha256}
    scratch = scratch_folder("find_faces", fingerprint(settings, [VIDEOS, *project_code()]))
    n_faces, n_with, skipped = find_faces(
        videos,
        root,
        OUT,
        looking,
        detector=detector,
        workers=workers,
        scratch=scratch,
        max_skipped=read_value(PARAMS, "extract_frames", "max_skipped", float),
    )
    remove_scratch(scratch)
    note = f"; {len(skipped)} could not be decoded (see {OUT / table.SKIPPED})" if skipped else ""
    print(f"{n_faces} faces in {n_with} of {len(videos) - len(skipped)} videos{note}")


if __name__ == "__main__":
    run_command(main)
