"""Names in params.yaml against one another: detectors, splits and folds, degradations."""

from clipforensics.adaptation.contract import known_detectors, unknown_detector
from clipforensics.check.problems import Problems
from clipforensics.check.settings import Params
from clipforensics.protocol.cells import Protocol, by_protocol, protocol_of
from clipforensics.robustness.scoring import RobustnessSection, all_conditions
from clipforensics.splits.by_name import SplitSection, read_lists
from clipforensics.splits.parts import check_fractions
from clipforensics.statistics.settings import CompareSection, check_detector


def check_names(params: Params, problems: Problems) -> None:
    """What a run would find out stage by stage.

    Args:
        params: As far as it is right.
        problems: Receives what is wrong.
    """
    _check_detectors(params, problems)
    _check_splits(params, problems)
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


def _check_splits(params: Params, problems: Problems) -> None:
    """Folds are whole, fractions are fractions, lists are there: those of protocols that are asked for."""
    protocol, split = params.section(Protocol), params.section(SplitSection)
    if protocol is None or split is None:
        return
    where, asked = str(params.path), {protocol_of(name) for name in protocol.splits}
    with problems.caught(where):
        by_protocol(protocol.splits, split.n_folds)
    if "per_class" in asked:
        with problems.caught(f"{where}: split"):
            check_fractions("real_fractions", split.real_fractions, (3,))
        with problems.caught(f"{where}: split"):
            check_fractions("train_fractions", split.train_fractions, (2, 3))
    if "grouped" in asked:
        with problems.caught(f"{where}: split"):
            check_fractions("grouped_fractions", split.grouped_fractions, (3,), positive=True)
    if "official" in asked:
        with problems.caught(where):
            read_lists(split)
