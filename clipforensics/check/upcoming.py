"""Which stages `dvc repro` would run: those that changed, and whatever reads what they write."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from clipforensics import pipeline

CHECK = "check"
"""Its output is always the same, so that nothing runs again because it did."""


def find_upcoming() -> tuple[list[str], int]:
    """Names of the stages, in the order in which they would run, at most these; and of how many.

    A stage that writes what it wrote before stops the rest, and what DVC's cache holds of an earlier run is
    taken from there: neither can be known before.

    Raises:
        InputError: the working folder is no DVC repository, or DVC cannot read its files.
    """
    reads = pipeline.read_stages()
    return follow(reads, pipeline.find_changed(reads)), len(reads)


def follow(reads: Mapping[str, Collection[str]], changed: Collection[str]) -> list[str]:
    """Those stages that changed and those that read, directly or not, what they write.

    Args:
        reads: Every stage, in the order of `dvc repro`, to the stages whose outputs it reads.
        changed: Stages that would run whatever the others do.
    """
    due: set[str] = set()
    for name, sources in reads.items():
        if name in changed or due & (set(sources) - {CHECK}):
            due.add(name)
    return [name for name in reads if name in due]


def in_words(upcoming: Sequence[str], n_stages: int) -> str:
    """`to run: 3 of 18 stages: check, 2 of train`."""
    if not upcoming:
        return f"to run: nothing; all {n_stages} stages are up to date"
    counts = Counter(name.split("@")[0] for name in upcoming)
    cells = {name.split("@")[0] for name in upcoming if "@" in name}
    named = ", ".join(f"{n} of {name}" if name in cells else name for name, n in counts.items())
    return f"to run: {len(upcoming)} of {n_stages} stages: {named}"
