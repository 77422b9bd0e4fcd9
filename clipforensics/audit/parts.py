"""`clipforensics audit --splits LIST LIST ...`: split files alone, before any detector is scored."""

import argparse
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from clipforensics.audit import split_words
from clipforensics.audit.blocks import read_json
from clipforensics.audit.deepfakebench import is_deepfakebench, read_deepfakebench
from clipforensics.audit.inputs import described
from clipforensics.audit.lists import UNSAID, Content, read_part
from clipforensics.audit.names import check_together, is_real, part_of, youtube_ids
from clipforensics.audit.sharing import Listed, compare_parts
from clipforensics.core.faults import InputError
from clipforensics.naming.people import Naming, show
from clipforensics.report.wording.printable import printable
from clipforensics.writing import write_together

CONTENT, PAGE = "splits.json", "splits.html"


def main(given: argparse.Namespace, naming: Naming) -> None:
    """Compare the lists, print what they share, and write DIR/splits.json and DIR/splits.html if asked to.

    Raises:
        InputError: a file is missing or wrong, a name of --real is in none, there are not two parts, or DIR
            cannot be written.
        SystemExit: with 1, two parts share something, or may: it is not known who is in some videos, and
            they were not allowed.
    """
    lists = read_parts(given.splits, naming)
    _check_reals(given.real, lists)
    youtube = youtube_ids(given.youtube_ids)
    parts = [_listed(name, content, naming, given.real, youtube) for name, content in lists.items()]
    check_together(naming, {listed.name: listed.part for listed in parts})
    content = compare_parts(parts)
    content["naming"] = {
        "name": naming.name, "stated": naming.stated, "youtube_ids": given.youtube_ids is not None,
    }  # fmt: skip
    content["inputs"] = described({"list": given.splits, **_others(given)})
    if given.out:
        text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
        write_together(given.out, {CONTENT: text, PAGE: split_words.render(content)})
    for sentence in (split_words.headline(content), *split_words.points(content)):
        print(printable(sentence))
    if given.out:
        print(f"{given.out / CONTENT}, {given.out / PAGE}")
    if content["leaks"] or (content["n_unknown"] and not given.allow_unknown):
        sys.exit(1)


def _check_reals(reals: Collection[str], lists: Mapping[str, Content]) -> None:
    found = sorted({m for content in lists.values() for m, _ in content} - {UNSAID})
    for name in sorted(set(reals) - set(found)):
        every = ", ".join(map(show, found[:6]))
        remedy = (
            f"give one of {every}"
            if found
            else "they name no manipulations; list manipulation,video a line, or leave it out"
        )
        raise InputError(f"--real {show(name)}: is in no list; {remedy}")


def read_parts(paths: Sequence[Path], naming: Naming) -> dict[str, Content]:
    """Parts by name, in the order of the files: a file each, or those that DeepfakeBench's JSON holds.

    Several of DeepfakeBench's files are one data set: their parts of one name are one.

    Raises:
        InputError: a file cannot be read; the two kinds are mixed; two files have one name; or there is
            one part alone.
    """
    whole = {path: read_json(path) for path in paths if path.suffix.lower() == ".json"}
    nested = {path: content for path, content in whole.items() if is_deepfakebench(content)}
    found: dict[str, Content] = {}
    if nested and len(nested) < len(paths):
        raise InputError(f"{next(iter(nested))}: holds its own parts; give such files alone")
    for path, content in nested.items():
        for name, videos in read_deepfakebench(path, content).items():
            for pair, frames in videos.items():
                found.setdefault(name, {}).setdefault(pair, set()).update(frames)
    for path in [] if nested else paths:
        if sum(other.resolve() == path.resolve() for other in paths) > 1:
            raise InputError(f"{path}: is given twice; give each part's list once")
        name = _part_name(path, paths)
        if name in found:
            raise InputError(f"{path}: another list is called {name!r} too; rename one of them")
        found[name] = read_part(path, naming)
    if len(found) < 2:
        raise InputError(f"{paths[0]}: one part alone shares nothing; give two lists or more")
    return found


def _part_name(path: Path, paths: Sequence[Path]) -> str:
    """The stem, with its folder's name where another list has the same stem."""
    alone = sum(other.stem == path.stem for other in paths) == 1
    name = path.stem if alone else f"{path.absolute().parent.name}/{path.stem}"
    return name.encode("utf-8", "replace").decode()


def _listed(
    name: str, content: Content, naming: Naming, reals: Collection[str], youtube: Mapping[str, str]
) -> Listed:
    pairs = sorted(content)
    labels = [None if m == UNSAID else int(not (is_real(m) or m in reals)) for m, _ in pairs]
    says = " (--real NAME says which manipulation is real)" if set(labels) - {None} else ""
    part = part_of(naming, pairs, labels, f"{name}{says}", youtube)
    return Listed(name, part, tuple(frozenset(content[pair]) for pair in pairs))


def _others(given: argparse.Namespace) -> dict[str, Any]:
    named = {"identities": given.identities, "youtube_ids": given.youtube_ids}
    return {"metadata": given.metadata, **{role: [path] for role, path in named.items() if path}}
