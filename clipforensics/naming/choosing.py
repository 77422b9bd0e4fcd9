"""Which naming is meant, and every name read under it, or none: a doubtful one stops with examples."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from clipforensics.core.faults import InputError
from clipforensics.naming import celebdf, dfdc, ffpp, identity_table
from clipforensics.naming.people import Naming, People, bare, show

NAMINGS = ("ffpp", "celebdf", "dfdc")

TABLE = "identities"
"""Name of the naming that a table is."""

REMEDY = (
    f"state how they are named with --naming {'|'.join(NAMINGS)}, or say who is in each video with"
    " --identities TABLE (video,identity[,identity...])"
)
"""What a user does about names that are not to be trusted."""

UNLABELLED = "neither real nor manipulated by anything that is said of it"

_EXAMPLES = 5
_KINDS = {0: "real", 1: "manipulated"}


def choose(
    name: str | None = None, *, metadata: Sequence[Path] = (), identities: Path | None = None
) -> Naming:
    """The naming that was stated; else FaceForensics++'s, as not stated.

    Args:
        name: One of `NAMINGS`, or None.
        metadata: DFDC's metadata files; needed for `dfdc`.
        identities: A table of videos and identities, instead of a name.

    Raises:
        InputError: both or neither of two that need one another, or a file is wrong.
    """
    if identities is not None and name is not None:
        raise InputError(f"--naming {name} and --identities {identities}: one of the two; remove the other")
    if (name == "dfdc") != bool(metadata):
        raise InputError("--naming dfdc and --metadata (DFDC's metadata.json) need one another; give both")
    if identities is not None:
        read = identity_table.reader(identity_table.read_table(identities))
        return Naming(TABLE, read, identity_table.RULE)
    if name == "dfdc":
        return Naming(name, dfdc.reader(dfdc.read_metadata(metadata)), dfdc.RULE, by_folder=False)
    if name == "celebdf":
        return Naming(name, celebdf.read, celebdf.RULE)
    if name not in ("ffpp", None):
        raise InputError(f"--naming {show(name)}: must be one of {', '.join(NAMINGS)}; choose one")
    return Naming("ffpp", ffpp.read, ffpp.RULE, stated=name is not None)


def read_all(naming: Naming, names: Sequence[tuple[str, int | None]], where: str) -> list[People]:
    """Who is in each video.

    Args:
        naming: How they are named.
        names: A name, and its label as far as something other than the name says it.
        where: Which file, for the message.

    Returns:
        One a name, in order, each with a label: the one given, or else the one that the name says. A real
        video has no source: further identities of its table are `others`.

    Raises:
        InputError: a name is doubtful: the naming does not have it, it says another label than the one
            given, or there is no label at all. The message has five examples and the remedy.
    """
    found, doubts = [], dict[str, str]()
    for name, label in names:
        people = read_one(naming, name, label)
        if isinstance(people, str):
            doubts.setdefault(name, people)
        else:
            found.append(people)
    if doubts:
        raise InputError(_refusal(naming, doubts, len({name for name, _ in names}), where))
    return found


def read_one(naming: Naming, name: str, label: int | None) -> People | str:
    """Who is in one video, as `read_all` has it, or why its name cannot be taken."""
    people = naming.read(name)
    doubt = _doubt(naming, name, people, label)
    return doubt if people is None or doubt else labelled(people, label)


def remedy_of(naming: Naming) -> str:
    """What a user does about names that are not of this naming: never to state what is stated already."""
    if naming.name == TABLE:
        return "give each its row there, without identities where nobody knows them"
    if not naming.stated:
        return REMEDY
    others = "|".join(name for name in NAMINGS if name != naming.name)
    return (
        f"mend them, or, if they are named otherwise, give --naming {others}, or say who is in each video"
        " with --identities TABLE (video,identity[,identity...])"
    )


def lost_zeros(naming: Naming, name: str) -> str:
    """That leading zeros of FaceForensics++'s ids seem lost, as in a spreadsheet; else empty."""
    padded = re.sub(r"[0-9]+", lambda number: number[0].zfill(3), bare(name))
    if naming.name != "ffpp" or naming.read(name) or not naming.read(padded):
        return ""
    return f"; leading zeros lost? {padded}"


def _doubt(naming: Naming, name: str, people: People | None, label: int | None) -> str:
    """Why a name cannot be taken; empty where it can."""
    if people is None:
        return f"not such a name{lost_zeros(naming, name)}"
    if people.label is None and label is None:
        return UNLABELLED
    if people.label is not None and label is not None and people.label != label:
        return f"given as {_KINDS[label]}, but named as {_KINDS[people.label]}"
    return ""


def labelled(people: People, label: int | None) -> People:
    """The same people with a label, where at least one of the two says it: a real video has no source."""
    real = label == 0 or people.label == 0
    if real and people.source:
        others = tuple(i for i in (people.source, *people.others) if i)
        return replace(people, source="", others=others, label=0)
    return replace(people, label=int(not real))


def _refusal(naming: Naming, doubts: dict[str, str], n_names: int, where: str) -> str:
    shown = ", ".join(f"{show(name)} ({doubt})" for name, doubt in list(doubts.items())[:_EXAMPLES])
    said = f"{where}: {len(doubts)} of {n_names} names are not to be trusted, such as {shown}."
    if set(doubts.values()) == {UNLABELLED}:
        return (
            f"{said} Who is in them is known; which are real must be said too: list them as"
            " manipulation,video or as paths with that folder, such as real/NAME"
        )
    stated = "" if naming.stated else ", which is taken where no --naming is given,"
    return f"{said} Naming {naming.name}{stated} is {naming.rule}; {remedy_of(naming)}"


UNSTATED = choose()
"""The naming where nobody has stated one."""
