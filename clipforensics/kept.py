"""`clipforensics kept`: the work that a project keeps, so that nothing is done twice; shown, or cleared."""

import argparse
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from clipforensics.core.faults import InputError
from clipforensics.machine.kept import DATABASE, FOLDER, VARIABLE, Entry, entries, forget, limit, unnamed


def main(arguments: Sequence[str] | None = None, project: Path = Path()) -> None:
    """Show what is kept of each stage, or clear it.

    Args:
        arguments: The command line.
        project: The project's folder.

    Raises:
        InputError: a stage is named of which nothing is kept.
    """
    given = _parser().parse_args(arguments)
    root = project / FOLDER
    there = {path.parent.name: path.parent for path in sorted(root.glob(f"*/{DATABASE}"))}
    for name in given.stages:
        if name not in there:
            raise InputError(
                f"{name!r}: nothing is kept of it; there is {', '.join(there) or 'nothing at all'}"
            )
    chosen = {name: there[name] for name in given.stages or there}
    named = {name: [*entries(folder)] for name, folder in chosen.items()}
    found = {name: [*named[name], *unnamed(folder, every=True)] for name, folder in chosen.items()}
    if given.clear:
        for name, folder in chosen.items():
            forget(folder, found[name])
        print(f"{_size([entry for some in found.values() for entry in some])} given back")
        return
    for name, some in found.items():
        last = max((datetime.fromtimestamp(entry.used) for entry in some), default=None)
        when = f"   last used {last:%Y-%m-%d %H:%M}" if last else ""
        print(f"{name:20}{len(named[name]):>9} results{_size(some):>12}{when}")
    print(f"at most {limit() / 1e9:g} GB are kept between runs ({VARIABLE}); what outputs hold too counts 0")


def _size(some: Sequence[Entry]) -> str:
    return f"{sum(entry.n_bytes for entry in some) / 1e6:,.1f} MB"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="clipforensics kept",
        description="What is kept of finished work below .scratch/kept, so that nothing is done twice.",
    )
    parser.add_argument("stages", nargs="*", metavar="STAGE", help="of these stages alone")
    parser.add_argument("--clear", action="store_true", help="delete it; the next run does the work again")
    return parser
