"""Write the report: metrics files and a few frames in, one offline HTML page and a summary out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clipforensics.core.faults import InputError, run_command
from clipforensics.core.params import read_section
from clipforensics.frames.store import FrameStore
from clipforensics.report.league import league_markdown
from clipforensics.report.page import ReportSection, render
from clipforensics.report.reading.cast import cast_of
from clipforensics.report.reading.costs import read_spent
from clipforensics.report.reading.findings import Places, read_findings, read_heatmaps
from clipforensics.report.reading.provenance import describe
from clipforensics.report.reading.settings import read_run
from clipforensics.report.sections.gallery import Album
from clipforensics.report.summary import summarise

PARAMS = Path("params.yaml")
PROFILES = Path("conf/data")
VIDEOS = Path("data/videos.csv")
FRAMES = Path("data/frames")
CODE = (Path("clipforensics"), Path("stages"))
PLACES = Places(
    comparison=Path("data/metrics/comparison.json"),
    evaluations=Path("data/metrics/evaluate"),
    leakage=Path("data/metrics/leakage"),
    errors=Path("data/errors"),
    curves=Path("plots/roc"),
    bands=Path("plots/bands"),
    robustness=Path("data/metrics/robustness.json"),
    explanations=Path("data/metrics/explanations.json"),
    heatmaps=Path("data/explanations"),
    likelihood=Path("data/metrics/likelihood.json"),
    faces=Path("data/metrics/faces.json"),
    controls=Path("data/metrics/controls.json"),
    skipped=(Path("data/skipped.csv"), Path("data/frames/skipped.csv")),
)
OUT = Path("report/report.html")
SUMMARY = Path("report/summary.md")
LEAGUE = OUT.with_name("league.md")
"""Beside the tracked page and not tracked: what training cost differs from machine to machine."""
WEIGHTS = Path("data/weights")
"""No dependency: only the untracked table asks whether a cost was paid for what lies there."""


def main() -> None:
    """Read the files of every cell that params.yaml names (never a glob), render, write."""
    params, run = read_section(PARAMS, "report", ReportSection), read_run(PARAMS, PROFILES)
    findings = read_findings(PLACES, run, describe(code=CODE, videos=VIDEOS))
    shown = cast_of(findings.comparison, run.detector).shown
    heatmaps = read_heatmaps(PLACES.heatmaps, shown, wanted=run.with_explanations)
    album = Album(FrameStore.open(FRAMES), size=params.picture_size, heatmaps=heatmaps)
    page = render(findings, album, pictures_per_list=params.pictures_per_list)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(page, encoding="utf-8")
    SUMMARY.write_text(summarise(findings), encoding="utf-8")
    write_league(findings.comparison, findings.controls)
    print(f"{OUT}: {len(page.encode()) / 1e6:.2f} MB; {LEAGUE}")


def write_league(comparison: Mapping[str, Any], controls: Mapping[str, Any] | None) -> None:
    """The league table with training time and memory: no output that DVC tracks, nothing depends on it."""
    try:
        text = league_markdown(comparison, read_spent(comparison, WEIGHTS), controls)
        LEAGUE.write_text(text, encoding="utf-8")
    except InputError as error:  # of a record of costs, on which no tracked file depends
        LEAGUE.unlink(missing_ok=True)
        print(f"no {LEAGUE}: {error}")


if __name__ == "__main__":
    run_command(main)
