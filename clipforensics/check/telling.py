"""What `clipforensics check` says: every problem in a line of its own, or what will run at what cost."""

import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from clipforensics import pipeline
from clipforensics.check.changed import find_change_of_encoder, find_changes
from clipforensics.check.digests import find_damage
from clipforensics.check.everything import Checked, check_everything
from clipforensics.check.footage import Footage
from clipforensics.check.forecast import forecast, in_bytes
from clipforensics.check.forecast import in_words as cost_in_words
from clipforensics.check.others import find_others
from clipforensics.check.speed import measure
from clipforensics.check.upcoming import find_upcoming
from clipforensics.check.upcoming import in_words as upcoming_in_words
from clipforensics.check.wreckage import find_wrecks, mend_wrecks
from clipforensics.core.disk import room
from clipforensics.core.records import OF, REAL
from clipforensics.encoder.vision import EncoderSection
from clipforensics.machine.kernels import asks_for_portable, has_avx2

PARAMS, PROFILES = "params.yaml", "conf/data"
VIDEOS, SKIPPED = "data/videos.csv", "data/skipped.csv"
EMBEDDINGS, VIEWS = "data/embeddings/meta.json", "data/views/*/meta.json"


def tell(*, mend: bool, digests: bool = False) -> None:
    """Check the project in the working folder and print what was found.

    Args:
        mend: Whether files that a killed dvc cut short, or that are damaged, are mended first.
        digests: Whether DVC's cache and what is kept are read, and held to their digests.

    Raises:
        SystemExit: with 1, a run would be refused.
    """
    for line in mend_wrecks(Path()) if mend else ():
        print(f"mended: {line}")
    damage, n_read = find_damage(Path()) if digests else ([], 0)
    if mend and damage:
        _refuse(find_others(Path()))  # what it has just made would be taken for damaged
        with pipeline.dvc_at_rest():
            for wreck in damage:
                print(f"mended: {wreck.mend()}")
        damage = []
    in_the_way = [*map(str, find_wrecks(Path())), *find_others(Path())]
    checked = check_everything(Path(PARAMS), Path(PROFILES))
    _refuse([*in_the_way, *map(str, damage), *checked.problems])
    if digests:
        print(f"digests: {n_read} files read; what they hold is what was made")
    upcoming, n_stages = find_upcoming()
    portable = asks_for_portable(Path(PARAMS), Path(PROFILES))
    speed = measure(portable=portable)
    for line in _summary(checked):
        print(line)
    for line in _changes(checked, upcoming):
        print(line)
    if portable and not (has_avx2() and speed.one_thread):
        print(
            "numbers: not those of an x86-64 CPU with AVX2 under Linux; an AUC may differ by some hundredths"
        )
    print(upcoming_in_words(upcoming, n_stages))
    if upcoming:
        cost = forecast(checked, upcoming, speed)
        print(cost_in_words(cost, speed))
        for line in _lacking(cost.disk):
            print(line)


def _changes(checked: Checked, upcoming: Collection[str]) -> Iterator[str]:
    """Lines on what has changed where DVC does not look."""
    if "ingest" not in upcoming and checked.footage is not None:
        yield from find_changes(checked.footage, Path(VIDEOS), Path(SKIPPED))
    if "embed" not in upcoming and (encoder := checked.params.section(EncoderSection)) is not None:
        metas = [Path(EMBEDDINGS), *sorted(Path().glob(VIEWS))]
        yield from find_change_of_encoder(encoder, metas)


def _lacking(needed: float) -> list[str]:
    """A line for each disk that a run fills with all it makes, where there is not room enough."""
    folders = {Path().resolve(), pipeline.cache_folder().resolve()}
    free = {folder: room(folder) for folder in sorted(folders)}
    return [
        f"disk: {in_bytes(n)} are free in {folder}; make room before: a run stops where the disk is full, and"
        " goes on when it is run again"
        for folder, n in free.items()
        if n < needed
    ]


def _refuse(problems: Sequence[str]) -> None:
    if not problems:
        return
    for line in problems:
        print(f"error: {line}", file=sys.stderr)
    number = len(problems)
    print(f"{number} problem{'s' if number > 1 else ''}; a run would be refused", file=sys.stderr)
    sys.exit(1)


def _summary(checked: Checked) -> list[str]:
    footage, params = checked.footage, checked.params
    assert footage is not None  # else there would be a problem
    return [
        f"{PARAMS}: {len(params.sections)} sections and {len(params.methods)} methods are right",
        f"data set {_has(footage)}",
        *(f"tested on as well: {_has(one)}" for one in footage.others),
    ]


def _has(footage: Footage) -> str:
    """Name of a data set, its videos by class, where they lie, and how many files are left out."""
    counts = Counter(video.manipulation.partition(OF)[0] for video in footage.videos)
    named = ", ".join([f"{counts.pop(REAL)} {REAL}", *(f"{n} {name}" for name, n in sorted(counts.items()))])
    where = "to be rendered" if footage.is_sample else f"in {footage.root}"
    left_out = f"; {footage.n_skipped} files are left out for their names" if footage.n_skipped else ""
    unknown = sum(video.unknown for video in footage.videos)
    strangers = f"; of {unknown} it is not known who is in them, so leaks go unseen" if unknown else ""
    return f"{footage.dataset}: {len(footage.videos)} videos ({named}) {where}{left_out}{strangers}"
