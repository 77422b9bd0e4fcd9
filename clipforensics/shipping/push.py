"""`clipforensics push`: a package's own files, and no others, to the Hugging Face hub or into a folder."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from clipforensics.core.faults import InputError
from clipforensics.publishing.digests import check_files, digest_command
from clipforensics.shipping.contents import Contents, in_bytes, read_contents
from clipforensics.shipping.hub import MAIN, push_to_hub
from clipforensics.shipping.places import Repository, check_folder, parse_place, push_to_folder


def main(arguments: Sequence[str] | None = None) -> None:
    """Look into every file, hand them on, and say where they are and how to fetch this very version.

    Args:
        arguments: The command line.

    Raises:
        InputError: the folder holds what is no package's own, or the place refuses it.
        SystemExit: with 2, the command line is wrong.
    """
    given = _parser().parse_args(arguments)
    contents, place = read_contents(given.model), parse_place(given.to)
    check_files(given.model)
    if isinstance(place, Path):
        _check_options(given, place)
        check_folder(contents, place)
        told = _dry(contents, str(place)) if given.dry_run else _into_folder(contents, place)
    elif given.dry_run:
        told = _dry(contents, f"{place.name}, branch {given.revision or MAIN}")
    else:
        told = _to_hub(contents, place, private=given.private, revision=given.revision or MAIN)
    print("\n".join(told))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clipforensics push",
        description="A package to the Hugging Face hub, with your own login there, or into a folder.",
    )
    add = parser.add_argument
    add("--model", type=Path, required=True, metavar="DIR", help="a package, or what `convert` made of one")
    add(
        "--to",
        required=True,
        metavar="OWNER/NAME",
        help="a repository on the hub; or ./folder, file:///folder",
    )
    add("--private", action="store_true", help="make the repository private (a new one is public else)")
    add("--revision", metavar="BRANCH", help=f"a branch, made if it is not there (default: {MAIN})")
    add("--dry-run", action="store_true", help="only say what would be pushed")
    return parser


def _check_options(given: argparse.Namespace, place: Path) -> None:
    for name in ("private", "revision"):
        if getattr(given, name):
            raise InputError(f"--{name} is for the hub, and --to {place} is a folder; leave it out")


def _dry(contents: Contents, where: str) -> list[str]:
    rows = [f"  {name} ({in_bytes(size)})" for name, size in contents.sizes.items()]
    return [f"would push {contents.words} to {where}:", *rows]


def _into_folder(contents: Contents, place: Path) -> list[str]:
    digest = push_to_folder(contents, place)
    return [
        f"{contents.words}: {place.resolve().as_uri()}",
        f"pinned: {digest}, which `{digest_command(place)}` prints as long as nothing changes",
        "load it: README.md there says how",
    ]


def _to_hub(contents: Contents, place: Repository, *, private: bool, revision: str) -> list[str]:
    found = push_to_hub(contents, place.name, private=private, revision=revision)
    folder = place.name.rpartition("/")[2]
    return [
        f"{contents.words}: {found.url}",
        f"fetch this very version: hf download {place.name} --revision {found.commit} --local-dir {folder}",
        "load it: README.md there says how",
    ]
