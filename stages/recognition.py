"""Which videos of different parts show faces that are alike, and whether their names explain it."""

from itertools import product
from pathlib import Path

from clipforensics.core.faults import run_command
from clipforensics.core.files import write_json
from clipforensics.core.params import read_section, read_value
from clipforensics.core.records import read_videos
from clipforensics.duplicates.auditing import audit, check_clean, summary, with_explanation
from clipforensics.protocol.cells import Protocol, protocol_of
from clipforensics.protocol.tables import read_parts
from clipforensics.recognition.matching import FACES, OFF, similar_people
from clipforensics.recognition.people import NONE, PeopleTable
from clipforensics.recognition.settings import RecognitionSection

PARAMS = Path("params.yaml")
PEOPLE = Path("data/people")
VIDEOS = Path("data/videos.csv")
SPLITS = Path("data/splits")
OUT = Path("data/metrics/leakage/faces")


def main() -> None:
    """Read people and every split, find pairs, count, write a file a split and train set; fail if told to."""
    params = read_section(PARAMS, "recognition", RecognitionSection)
    protocol, table = read_section(PARAMS, "protocol", Protocol), PeopleTable.open(PEOPLE)
    pairs = with_explanation(similar_people(table, threshold=params.threshold), read_videos(VIDEOS))
    audited = {}
    for split, train_set in product(protocol.splits, protocol.train_sets):
        about = {"split": split, "protocol": protocol_of(split), "train_set": train_set, "model": table.model}
        out = OUT / split / f"{train_set}.json"
        if table.model == NONE:
            write_json(out, {**about, "undefined": OFF})
            continue
        found = audit(pairs, read_parts(SPLITS / split / train_set), set(table.people["key"]), FACES)
        audited[f"split {split} of {train_set}"] = found
        settings = {name: getattr(params, name) for name in ("frames_per_person", "min_side", "threshold")}
        write_json(out, {**about, **settings, **found})
        print(f"{split} {train_set}: {summary(found, FACES)}")
    if read_value(PARAMS, "split", "on_leak", str) == "fail":
        for name, found in audited.items():
            check_clean(name, found, FACES)


if __name__ == "__main__":
    run_command(main)
