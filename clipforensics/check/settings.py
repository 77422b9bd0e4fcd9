"""All of params.yaml at once, each section by the class that its stage reads it with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from clipforensics.adaptation.contract import find_detector, known_detectors
from clipforensics.check.problems import Problems
from clipforensics.comparison.primary import PrimarySection
from clipforensics.controls.settings import ControlsSection
from clipforensics.core.faults import InputError
from clipforensics.core.params import (
    Section,
    check_section,
    find_problems,
    nearest,
    read_settings,
    read_yaml,
)
from clipforensics.crops.extraction import ExtractSection
from clipforensics.duplicates.settings import DuplicatesSection
from clipforensics.encoder.embeddings import EmbedSection
from clipforensics.encoder.vision import EncoderSection
from clipforensics.explanations.choosing import ExplainSection
from clipforensics.faces.settings import FacesSection
from clipforensics.footage.probing import IngestSection
from clipforensics.likelihood.settings import LikelihoodSection
from clipforensics.metrics.evaluation import EvaluateSection
from clipforensics.protocol.cells import Protocol
from clipforensics.publishing.folder import PackageSection
from clipforensics.recognition.settings import RecognitionSection
from clipforensics.report.page import ReportSection
from clipforensics.report.reading.settings import Settings
from clipforensics.robustness.scoring import RobustnessSection
from clipforensics.splits.by_name import SplitSection
from clipforensics.statistics.settings import CompareSection
from clipforensics.training.budget import TrainSection
from clipforensics.training.candidates import MOST_RUNS, expand

SECTIONS: Mapping[str, type[Section]] = {
    "protocol": Protocol,
    "ingest": IngestSection,
    "faces": FacesSection,
    "extract_frames": ExtractSection,
    "split": SplitSection,
    "duplicates": DuplicatesSection,
    "recognition": RecognitionSection,
    "encoder": EncoderSection,
    "embed": EmbedSection,
    "train": TrainSection,
    "evaluate": EvaluateSection,
    "compare": CompareSection,
    "likelihood": LikelihoodSection,
    "primary": PrimarySection,
    "robustness": RobustnessSection,
    "controls": ControlsSection,
    "explain": ExplainSection,
    "report": ReportSection,
    "package": PackageSection,
}
"""Section of params.yaml -> its class; beside them stand `methods` and the plain values of `Settings`."""

S = TypeVar("S", bound=Section)


@dataclass(frozen=True)
class Params:
    """params.yaml as far as it is right.

    Attributes:
        path: The file.
        content: As read; not an empty mapping only where it is YAML.
        sections: Those that are right, by name.
        methods: Of `methods`, those that are right: the candidates of each, one where nothing is listed.
    """

    path: Path
    content: Mapping[str, Any]
    sections: Mapping[str, Section]
    methods: Mapping[str, Sequence[Section]]

    def section(self, kind: type[S]) -> S | None:
        """The section that a class is of, or None where it is missing or wrong."""
        return next((found for found in self.sections.values() if isinstance(found, kind)), None)

    @property
    def detectors(self) -> list[str]:
        """Those of `detectors` that are names of detectors."""
        listed = self.content.get("detectors")
        known = known_detectors()
        return [name for name in listed if name in known] if isinstance(listed, list) else []


def read_params(path: Path, problems: Problems) -> Params:
    """Read the file and check every section, and every section of `methods`.

    Args:
        path: params.yaml.
        problems: Receives what is wrong.
    """
    content: dict[str, Any] | None = None
    with problems.caught():
        _refuse_aliases(path)
        content = read_yaml(path)
    if content is None:
        return Params(path, {}, {}, {})
    for line in find_problems(content, Settings, str(path)):
        problems.add(line)
    sections = _checked({name: (content.get(name), kind) for name, kind in SECTIONS.items()}, path, problems)
    train = sections.get("train")
    max_runs = train.choice.max_runs if isinstance(train, TrainSection) else MOST_RUNS
    return Params(path, content, sections, _read_methods(content, path, problems, max_runs))


def _read_methods(
    content: Mapping[str, Any], path: Path, problems: Problems, max_runs: int
) -> dict[str, list[Section]]:
    written, listed = content.get("methods"), content.get("detectors")
    if not isinstance(written, dict):
        return {}  # which `Settings` has told
    known = known_detectors()
    for name in written:
        if name not in known:
            problems.add(f"{path}: `methods.{name}` is no method{nearest(name, known)}; mend or remove it")
    for name in listed if isinstance(listed, list) else ():
        if name in known and name not in written:
            problems.add(f"{path}: section `methods.{name}` is missing; add it, or take it from `detectors`")
    found: dict[str, list[Section]] = {}
    for name in (name for name in written if name in known):
        kind, where = find_detector(name).settings, f"methods.{name}"
        with problems.caught():
            several = expand(written[name], kind, f"{path}: {where}", max_runs=max_runs)
            right = [_checked({where: (one, kind)}, path, problems) for _, one in several]
            if all(right):
                found[name] = [one[where] for one in right]
    return found


def _checked(
    given: Mapping[str, tuple[object, type[Section]]], path: Path, problems: Problems
) -> dict[str, Section]:
    """Sections that are right; every wrong key of the others is a problem of its own."""
    right: dict[str, Section] = {}
    for name, (content, kind) in given.items():
        if not isinstance(content, dict):
            if name.startswith("methods."):
                problems.add(f"{path}: `{name}` is {content!r}; it must hold `name: value` lines; mend it")
            continue  # other sections: `Settings` has told
        wrong = find_problems(content, kind, f"{path}: {name}")
        for line in wrong:
            problems.add(line)
        if not wrong:
            right[name] = check_section(content, kind, name)
    return right


def _refuse_aliases(path: Path) -> None:
    """A few lines of YAML that name one another can stand for more values than memory holds; DVC tries.

    Raises:
        InputError: the file is missing, or holds an alias.
    """
    try:
        for event in yaml.parse(read_settings(path), yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise InputError(f"{path}: *{event.anchor} stands for another value; write that value out")
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; run this in a project's folder") from error
    except (yaml.YAMLError, UnicodeDecodeError):
        return  # `read_yaml` tells it
