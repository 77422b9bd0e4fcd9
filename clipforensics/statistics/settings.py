"""Which detectors meet, and how they are compared: what several stages read of params.yaml."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from clipforensics.core.faults import InputError
from clipforensics.core.params import Section, check_section, keep_still, read_section, read_yaml
from clipforensics.metrics.pooling import Pooling
from clipforensics.protocol.cells import EachOnce
from clipforensics.statistics.replicates import Cluster


class CompareSection(Section):
    """Section `compare` of params.yaml.

    Attributes:
        reference: Detector that the others are subtracted from.
        cluster: What the bootstrap draws: whole identity groups, or videos.
        n_replicates: Of the bootstrap.
        seed: Of the bootstrap.
        confidence: Of the intervals.
    """

    reference: str
    cluster: Cluster
    n_replicates: int = Field(ge=1)
    seed: int = Field(ge=0)
    confidence: float = Field(gt=0, lt=1)


class Compared(Section):
    """Who meets.

    Attributes:
        detectors: All that are trained and evaluated.
        aggregate: How frame scores become a video's (of the section `evaluate`).
    """

    detectors: Annotated[list[str], EachOnce] = Field(min_length=1)
    aggregate: Pooling


def read_compared(path: Path) -> tuple[Compared, CompareSection]:
    """Read and check both from params.yaml.

    Raises:
        InputError: a value is missing or wrong, or the reference is not one of `detectors`.
    """
    settings, compare = read_yaml(path), read_section(path, "compare", CompareSection)
    for name in ("detectors", "evaluate.aggregate"):
        keep_still(path, name)
    aggregate = (settings.get("evaluate") or {}).get("aggregate")
    found = {"detectors": settings.get("detectors"), "aggregate": aggregate}
    compared = check_section(found, Compared, str(path))
    check_detector(path, "compare.reference", compare.reference, compared.detectors)
    return compared, compare


def check_detector(path: Path, key: str, name: object, detectors: list[str]) -> None:
    """Raise InputError unless the detector that a param names is one of `detectors`."""
    if name not in detectors:
        raise InputError(f"{path}: `{key}` is {name!r}; it must be one of `detectors`: {detectors}")
