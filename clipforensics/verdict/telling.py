"""What the last run found, in a few lines, and where its page lies."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from clipforensics.core.faults import InputError
from clipforensics.core.files import read_json
from clipforensics.core.params import read_yaml
from clipforensics.report.reading.cast import cast_of
from clipforensics.report.reading.findings import CONTENT, FACES, Findings, read_audits
from clipforensics.report.reading.lookup import difference, find_cell, partner_protocol, protocol
from clipforensics.report.sections.verdict import what_was_asked
from clipforensics.report.summary import first_lines
from clipforensics.report.wording.names import capital, name_of, protocol_in_words
from clipforensics.report.wording.numbers import counted, interval, number, signed
from clipforensics.report.wording.tables import Json, detectors_of

METRICS, PAGE = "metrics", "report/report.html"
COMPARISON, HEADLINE = f"{METRICS}/comparison.json", f"{METRICS}/headline/video.json"
CONTROLS = f"{METRICS}/controls.json"
PARAMS, PROFILES, LOCK = "params.yaml", "conf/data", "dvc.lock"
SAMPLE = "The built-in sample: these numbers show the machinery, not science."


def tell(project: Path) -> None:
    """Print the verdict.

    Args:
        project: The project's folder.

    Raises:
        InputError: nothing was run yet, or a file of the run is broken.
    """
    missing = next((name for name in (COMPARISON, HEADLINE) if not (project / name).is_file()), None)
    if missing:
        raise InputError(f"{project / missing} does not exist: nothing was run yet; run `make repro`")
    for line in lines(findings_of(project)):
        print(line)
    if _is_sample(project):
        print(SAMPLE)
    ran, asked = _data_set(project), read_yaml(project / PARAMS).get("dataset")
    if ran != asked:
        print(f"This is of an earlier run, on {ran}; {PARAMS} names {asked}: `dvc repro` makes its own.")
    page = project / PAGE
    print(f"page: {page}" if page.is_file() else f"page: none here yet; `dvc repro` writes {page}")


def _data_set(project: Path) -> object:
    """That of the last run, by dvc.lock; where it names none, that of params.yaml."""
    lock = project / LOCK
    stages = read_yaml(lock).get("stages", {}) if lock.is_file() else {}
    params = stages.get("report", {}).get("params", {}).get(PARAMS, {})
    return params.get("dataset", read_yaml(project / PARAMS).get("dataset"))


def _is_sample(project: Path) -> bool:
    """Whether the last run was on the built-in sample."""
    profile = project / PROFILES / f"{_data_set(project)}.yaml"
    return profile.is_file() and read_yaml(profile).get("layout") == "sample"


def findings_of(project: Path) -> Findings:
    """What git keeps of a run under metrics/: the comparison and what it rests on."""
    metrics, comparison = project / METRICS, read_json(project / COMPARISON)
    head = comparison["headline"]
    splits = [split for several in (comparison.get("splits") or {}).values() for split in several]
    places = [
        metrics / "evaluate" / name / split / f"{head['train_set']}-{seed}.json"
        for split in dict.fromkeys([str(head["split"]), *splits])
        for name in detectors_of(comparison)
        for seed in comparison["seeds"]
    ]
    runs = [path for path in places if path.is_file()]
    paths = [metrics / "leakage" / split / f"{head['train_set']}.json" for split in splits]
    audits = [path for path in paths if path.is_file()]
    return Findings(
        dataset="",
        is_sample=_is_sample(project),
        comparison=comparison,
        evaluations=[read_json(path) for path in runs],
        detector=str(read_json(project / HEADLINE)["detector"]),
        controls=read_json(project / CONTROLS) if (project / CONTROLS).is_file() else None,
        leakage={f"{path.parent.name} {path.stem}": read_json(path) for path in audits},
        duplicates=read_audits(metrics / "leakage" / CONTENT, splits, [head["train_set"]]),
        recognised=read_audits(metrics / "leakage" / FACES, splits, [head["train_set"]]),
        faces=read_json(metrics / "faces.json") if (metrics / "faces.json").is_file() else None,
    )


def lines(findings: Findings) -> Iterator[str]:
    """What was found, of what, and the numbers of the headline and of the protocol beside it.

    Args:
        findings: As `findings_of` reads them.
    """
    comparison = findings.comparison
    cast = cast_of(comparison, findings.detector)
    yield from first_lines(findings)
    yield what_was_asked(comparison["headline"]["train_set"], comparison["headline"]["manipulation"])
    for name in dict.fromkeys([protocol(comparison), partner_protocol(comparison)]):
        cell = find_cell(comparison, stratum="all", level="video", protocol=name) if name else None
        if cell:
            yield _numbers(cell, cast.shown)


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
