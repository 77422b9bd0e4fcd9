"""Names that read well and yet cannot mean what they seem to: a serial number taken for a person."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from clipforensics.core.faults import InputError
from clipforensics.naming.choosing import REMEDY
from clipforensics.naming.people import Naming, People, show

MOST = 0.5
"""Above this share of a class's videos, one identity owns the class."""

_DIGITS = 3
"""Of an id that has one partner; the actors, of two digits, have many."""

FEWEST = 10
"""Of fewer videos nothing is concluded."""


@dataclass(frozen=True, slots=True)
class Owner:
    """One identity that is in most videos of a class: `n` of `whole`."""

    identity: str
    n: int
    whole: int


def owner_of(videos: Sequence[Sequence[str]]) -> Owner | None:
    """The identity that is in more than `MOST` of these videos, if there are `FEWEST` or more of them.

    Args:
        videos: The identities of each, each once.
    """
    counts = Counter(identity for ids in videos for identity in ids)
    if len(videos) < FEWEST or not counts:
        return None
    identity, n = max(counts.items(), key=lambda item: (item[1], item[0]))
    return Owner(identity, n, len(videos)) if n > MOST * len(videos) else None


def check_pairs(naming: Naming, people: Sequence[People], where: str) -> None:
    """Refuse names that merely look like FaceForensics++'s, where nobody has stated that they are.

    There every id of three digits has one partner: 500 pairs, each in both directions. `001_000`, `001_001`
    (a person and a serial number) give an id several, if not in one file then in all of them together.

    Args:
        naming: How they are named.
        people: Of one file, or of several that are to meet.
        where: Which, for the message.

    Raises:
        InputError: nothing is stated, and of `FEWEST` fakes or more some id has several partners.
    """
    fakes = [one for one in people if one.label == 1 and len(one.target) == len(one.source) == _DIGITS]
    if naming.stated or len(fakes) < FEWEST:
        return
    partners: dict[str, set[str]] = {}
    for one in fakes:
        partners.setdefault(one.target, set()).add(one.source)
        partners.setdefault(one.source, set()).add(one.target)
    several = {identity for identity, others in partners.items() if len(others) > 1}
    if not several:
        return
    owner = owner_of([one.ids for one in fakes])
    about = f"{len(several)} of {len(partners)} ids have several partners"
    if owner is not None and owner.identity in several:
        about = f"id {show(owner.identity)} is in {owner.n} of {owner.whole} manipulated videos"
    odd = sorted({one.clip for one in fakes if not several.isdisjoint(one.ids)})
    examples = ", ".join(map(show, odd[:5]))
    raise InputError(
        f"{where}: names such as {examples} look like FaceForensics++'s, but {about}, where there each has"
        f" one; {REMEDY}"
    )
