"""Write the report: metrics files and a few frames in, one offline HTML page out."""

import csv
import io
from pathlib import Path
from typing import Any

from pydantic import Field

from clipforensics.cells import Cell, Protocol
from clipforensics.faults import InputError, one_line_errors
from clipforensics.files import read_json
from clipforensics.frames import FrameStore
from clipforensics.params import Section, read_section, read_yaml
from clipforensics.report.gallery import Album
from clipforensics.report.page import Findings, render

PARAMS = Path("params.yaml")
PROFILES = Path("conf/data")
COMPARISON = Path("metrics/comparison.json")
EVALUATIONS = Path("metrics/evaluate")
LEAKAGE = Path("metrics/leakage")
ERRORS = Path("data/errors")
CURVES = Path("plots/roc")
FRAMES = Path("data/frames")
SKIPPED = Path("data/skipped.csv")
OUT = Path("report/report.html")


class Report(Section):
    """Section `report` of params.yaml."""

    pictures_per_list: int = Field(ge=0)
    picture_size: int = Field(ge=16)


class Settings(Section):
    """All of params.yaml; the other stages check their sections, this one that no name is misspelt."""

    dataset: str
    detector: str
    detectors: list[str] = Field(min_length=1)
    protocol: dict[str, Any]
    ingest: dict[str, Any]
    extract_frames: dict[str, Any]
    split: dict[str, Any]
    encoder: dict[str, Any]
    embed: dict[str, Any]
    train_probe: dict[str, Any]
    train_lora: dict[str, Any]
    evaluate: dict[str, Any]
    compare: dict[str, Any]
    report: dict[str, Any]


def main() -> None:
    """Read the files of every cell that params.yaml names (never a glob), render, write."""
    params = read_section(PARAMS, "report", Report)
    findings = read_findings(read_section(PARAMS, "protocol", Protocol))
    album = Album(FrameStore.open(FRAMES), size=params.picture_size)
    page = render(findings, album, pictures_per_list=params.pictures_per_list)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(page, encoding="utf-8")
    print(f"{OUT}: {len(page.encode()) / 1e6:.2f} MB")


def read_findings(protocol: Protocol) -> Findings:
    """All contents of the page; the headline's cells in detail, of the others what compare made of them."""
    run = read_section(PARAMS, "", Settings)
    comparison = read_json(COMPARISON)
    head = comparison["headline"]
    cells = [Cell(head["split"], head["train_set"], seed).name for seed in protocol.seeds]
    return Findings(
        dataset=run.dataset,
        is_sample=read_yaml(PROFILES / f"{run.dataset}.yaml").get("layout") == "sample",
        comparison=comparison,
        evaluations=[read_json(EVALUATIONS / d / f"{cell}.json") for d in run.detectors for cell in cells],
        leakage={
            f"{split} {name}": read_json(LEAKAGE / split / f"{name}.json")
            for split in protocol.splits
            for name in protocol.train_sets
        },
        errors=[(d, read_json(ERRORS / d / f"{cells[0]}.json")) for d in run.detectors],
        curves={
            level: {d: _rows(CURVES / level / f"{d}.csv") for d in run.detectors}
            for level in ("video", "frame")
        },
        settings=run.model_dump(),
        skipped=[*_rows(SKIPPED), *_rows(FRAMES / "skipped.csv")],
    )


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(_text(path))))


def _text(path: Path) -> str:
    if not path.exists():
        raise InputError(f"{path} does not exist; run `dvc repro`")
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    with one_line_errors():
        main()
