"""`clipforensics verdict`: what the last run found, in a few lines, and where its page lies."""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.core.params import read_yaml
from clipforensics.report.reading.cast import cast_of
from clipforensics.report.reading.lookup import difference, find_cell, partner_protocol, protocol
from clipforensics.report.sections.side_by_side import about_protocols
from clipforensics.report.sections.verdict import verdict, what_was_asked
from clipforensics.report.wording.names import capital, name_of, protocol_in_words
from clipforensics.report.wording.numbers import counted, interval, number, signed
from clipforensics.report.wording.tables import Json

COMPARISON, HEADLINE, PAGE = "metrics/comparison.json", "metrics/headline/video.json", "report/report.html"
PARAMS, PROFILES = "params.yaml", "conf/data"
SAMPLE = "The built-in sample: these numbers show the machinery, not science."


def main(arguments: Sequence[str] | None = None, project: Path = Path()) -> None:
    """Print the verdict.

    Args:
        arguments: The command line.
        project: The project's folder.

    Raises:
        InputError: nothing was run yet, or a file of the run is broken.
    """
    argparse.ArgumentParser(
        prog="clipforensics verdict", description="What the last run found, and where its page lies."
    ).parse_args(arguments)
    missing = next((name for name in (COMPARISON, HEADLINE) if not (project / name).is_file()), None)
    if missing:
        raise InputError(f"{project / missing} does not exist: nothing was run yet; run `make repro`")
    for line in lines(read_json(project / COMPARISON), read_json(project / HEADLINE)["detector"]):
        print(line)
    if _is_sample(project):
        print(SAMPLE)
    page = project / PAGE
    print(f"page: {page}" if page.is_file() else f"page: none here yet; `dvc repro` writes {page}")


def _is_sample(project: Path) -> bool:
    """Whether params.yaml names the built-in sample."""
    profile = project / PROFILES / f"{read_yaml(project / PARAMS).get('dataset')}.yaml"
    return profile.is_file() and read_yaml(profile).get("layout") == "sample"


def lines(comparison: Json, detector: str) -> Iterator[str]:
    """What was found, of what, and the numbers of the headline and of the protocol beside it.

    Args:
        comparison: Content of metrics/comparison.json.
        detector: The one that metrics/headline/ shows.
    """
    head = comparison["headline"]
    cast = cast_of(comparison, detector)
    for name in cast.pairs:
        yield verdict(comparison, name).conclusion
    yield what_was_asked(head["train_set"], head["manipulation"])
    for name in dict.fromkeys([protocol(comparison), partner_protocol(comparison)]):
        cell = find_cell(comparison, stratum="all", level="video", protocol=name) if name else None
        if cell:
            yield _numbers(cell, cast.shown)
    yield about_protocols(comparison)


def _numbers(cell: Json, shown: Sequence[str]) -> str:
    """One protocol: each detector's video AUC, and the differences from the first, with intervals."""
    sizes = f"{counted(cell['n_real'], 'real video')}, {cell['n_fake']} manipulated"
    aucs = ", ".join(f"{name_of(name)} {_bounded(cell['detectors'].get(name) or {})}" for name in shown)
    text = f"{capital(protocol_in_words(cell['protocol']))} ({sizes}): video AUC {aucs}"
    gaps = [(name, difference(cell, name)) for name in shown[1:]]
    said = [f"{_named(name, shown)} {signed(gap['auc'])} {_bounds(gap)}".strip() for name, gap in gaps if gap]
    return f"{text}; {', '.join(said)}" if said else text


def _named(name: str, shown: Sequence[str]) -> str:
    return "difference" if len(shown) == 2 else f"{name_of(name)} minus {name_of(shown[0])}"


def _bounded(values: Json) -> str:
    return f"{number(values.get('auc'))} {_bounds(values)}".strip()


def _bounds(values: Json) -> str:
    return interval(values.get("low"), values.get("high"))
