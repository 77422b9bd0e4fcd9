"""Embed the faces of every video's people, where a model is given; no pixel is stored."""

from pathlib import Path

from clipforensics.core.faults import run_command
from clipforensics.core.params import read_section, read_value
from clipforensics.core.records import read_videos
from clipforensics.faces import table
from clipforensics.faces.weights import find_weights
from clipforensics.footage.probing import check_unchanged
from clipforensics.machine.kept import kept_work
from clipforensics.machine.workers import n_workers
from clipforensics.recognition import people
from clipforensics.recognition.embedding import Embedding, check_faces_are_found, embed_people
from clipforensics.recognition.settings import RecognitionSection
from clipforensics.sources.in_use import read_roots

PARAMS = Path("params.yaml")
PROFILES = Path("data/profiles.yaml")
VIDEOS = Path("data/videos.csv")
FACES = Path("data/faces")
OUT = Path("data/people")


def main() -> None:
    """Embed who was found where that is wanted; where not, write an empty table that says so."""
    params = read_section(PARAMS, "recognition", RecognitionSection)
    if params.model == people.NONE:
        people.write_people(OUT, {"model": params.model}, [], [], n_people=0, width=0)
        print("nobody is recognised: recognition.model is none")
        return
    check_faces_are_found(table.read_detector(FACES))
    videos, roots = read_videos(VIDEOS), read_roots(PROFILES)
    check_unchanged(videos, roots)
    how = Embedding(find_weights(params), params.frames_per_person, params.min_side)
    settings = {**vars(how), "sha256": params.sha256}
    n_people, n_with, skipped = embed_people(
        videos,
        roots,
        FACES,
        OUT,
        how,
        model=params.model,
        workers=n_workers(),
        kept=kept_work("embed_people", settings),
        max_skipped=read_value(PARAMS, "extract_frames", "max_skipped", float),
        max_probe_seconds=read_value(PARAMS, "ingest", "max_probe_seconds", float),
    )
    note = f"; {len(skipped)} could not be read (see {OUT / people.SKIPPED})" if skipped else ""
    print(f"{n_people} people in {n_with} of {len(videos) - len(skipped)} videos{note}")


if __name__ == "__main__":
    run_command(main)
