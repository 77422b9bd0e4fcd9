"""Which run the page is of: what params.yaml says, read whole."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from clipforensics.core.params import read_section, read_yaml
from clipforensics.machine.kernels import Portable
from clipforensics.protocol.cells import EachOnce, Protocol
from clipforensics.report.reading.findings import Run


class Settings(Portable):
    """All of params.yaml; stages check their own sections, this one that no name is misspelt."""

    dataset: str
    detector: str
    detectors: Annotated[list[str], EachOnce] = Field(min_length=1)
    protocol: dict[str, Any]
    ingest: dict[str, Any]
    faces: dict[str, Any]
    extract_frames: dict[str, Any]
    split: dict[str, Any]
    duplicates: dict[str, Any]
    recognition: dict[str, Any]
    encoder: dict[str, Any]
    embed: dict[str, Any]
    train: dict[str, Any]
    methods: dict[str, Any]
    evaluate: dict[str, Any]
    compare: dict[str, Any]
    likelihood: dict[str, Any]
    primary: dict[str, Any]
    robustness: dict[str, Any]
    controls: dict[str, Any]
    explain: dict[str, Any]
    report: dict[str, Any]
    package: dict[str, Any]


def read_run(params: Path, profiles: Path) -> Run:
    """Which cells there are, and what is switched on.

    Args:
        params: params.yaml.
        profiles: Folder of the data sets' profiles.

    Raises:
        InputError: a section is missing or misspelt.
    """
    run, protocol = read_section(params, "", Settings), read_section(params, "protocol", Protocol)
    return Run(
        dataset=run.dataset,
        is_sample=read_yaml(profiles / f"{run.dataset}.yaml").get("layout") == "sample",
        detector=run.detector,
        detectors=run.detectors,
        splits=protocol.splits,
        train_sets=protocol.train_sets,
        seeds=protocol.seeds,
        with_robustness=bool(run.robustness.get("enabled")),
        with_explanations=bool(run.explain.get("enabled")),
        settings=run.model_dump(),
    )
