"""Names in params.yaml against those that there are: detectors and degradations."""

from clipforensics.adaptation.contract import known_detectors, unknown_detector
from clipforensics.check.problems import Problems
from clipforensics.check.settings import Params
from clipforensics.comparison.primary import PrimarySection, resolve_primary
from clipforensics.protocol.cells import Protocol, protocol_of
from clipforensics.robustness.scoring import RobustnessSection, all_conditions
from clipforensics.statistics.settings import CompareSection, check_detector


def check_names(params: Params, problems: Problems) -> None:
    """What a run would find out stage by stage, and the reference and the one shown only at its end.

    Args:
        params: As far as it is right.
        problems: Receives what is wrong.
    """
    _check_detectors(params, problems)
    _check_primary(params, problems)
    if robustness := params.section(RobustnessSection):
        with problems.caught(str(params.path)):
            all_conditions(robustness.degradations, robustness.strengths)


def _check_detectors(params: Params, problems: Problems) -> None:
    listed = params.content.get("detectors")
    if not isinstance(listed, list):
        return
    known = known_detectors()
    for name in listed:
        if name not in known:
            problems.add(f"{params.path}: {unknown_detector(name)}")
    chosen = {"detector": params.content.get("detector")}
    if compare := params.section(CompareSection):
        chosen["compare.reference"] = compare.reference
    for key, name in chosen.items():
        if isinstance(name, str):
            with problems.caught():
                check_detector(params.path, key, name, listed)


def _check_primary(params: Params, problems: Problems) -> None:
    """Whether the primary comparison is one of this run's, as `compare` would find at the end."""
    named, compare = params.section(PrimarySection), params.section(CompareSection)
    protocol = params.section(Protocol)
    if named and compare and protocol:
        with problems.caught(str(params.path)):
            resolve_primary(
                named,
                reference=compare.reference,
                detectors=params.detectors,
                protocols=[protocol_of(split) for split in protocol.splits],
                train_sets=protocol.train_sets,
                manipulations=protocol.test_manipulations,
            )
