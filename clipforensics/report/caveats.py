"""Doubts in plain words: how small the test is, what the intervals cover, where a second method disagrees."""

from collections.abc import Sequence

from clipforensics.report.names import label_of, listed, name_of, protocol_of
from clipforensics.report.numbers import counted, interval, known, number
from clipforensics.report.tables import Json

FEW = 30
"""Fewer videos of a class than this are called few."""

CLUSTERS = {"group": "identity groups", "identity": "identity groups", "video": "videos"}


def about_size(cell: Json | None) -> str:
    """How much hangs on one video: of an AUC of n real videos, each decides up to 1/n."""
    if cell is None:
        return ""
    n_real, n_fake = cell["n_real"], cell["n_fake"]
    text = f"The test has {counted(n_real, 'real video')} and {counted(n_fake, 'manipulated video')}"
    groups = known(cell.get("n_groups"))
    if groups is not None:
        text += f", of {counted(groups, 'identity group')}"
    fewest = min(n_real, n_fake)
    if not fewest or fewest >= FEW:
        return f"{text}."
    kind = "real" if n_real <= n_fake else "manipulated"
    return f"{text}. That is few: a single {kind} video decides up to {number(1 / fewest)} of any AUC here."


def resampled(comparison: Json) -> str:
    """What the bootstrap draws: `bootstrap over identity groups`; empty where the file does not say."""
    bootstrap = comparison.get("bootstrap")
    if not bootstrap:
        return ""
    cluster = str(bootstrap.get("cluster", "video"))
    return f"bootstrap over {CLUSTERS.get(cluster, cluster)}"


def about_seeds(comparison: Json, cell: Json | None) -> str:
    """How many training runs the intervals cover, and how far these lie apart."""
    seeds = comparison["seeds"]
    if not seeds:
        return ""
    if len(seeds) == 1:
        return (
            f"One training seed ({seeds[0]}): the intervals cover the choice of test videos,"
            " not the luck of a training run."
        )
    text = f"The intervals cover the choice of test videos and {len(seeds)} training seeds"
    spread = []
    for name, values in ((cell or {}).get("detectors") or {}).items():
        found = (values or {}).get("seeds") or {}
        if known(found.get("sd")) is not None:
            spread.append(
                f"{name_of(name)} {number(found.get('min'))} to {number(found.get('max'))}"
                f" (standard deviation {number(found['sd'])})"
            )
    return f"{text}; video AUC between seeds: {listed(spread)}." if spread else f"{text}."


def about_delong(candidate: str, cells: Sequence[tuple[str, Json | None]]) -> list[str]:
    """A sentence for each cell in which DeLong's interval and the bootstrap's disagree about 0.

    Args:
        candidate: A detector of `differences`.
        cells: (protocol, cell); an empty protocol is the headline's.
    """
    found = []
    for protocol, cell in cells:
        values = ((cell or {}).get("differences") or {}).get(candidate) or {}
        delong = values.get("delong") or {}
        ours, theirs = _excludes(values), _excludes(delong)
        if ours is None or theirs is None or ours == theirs:
            continue
        where = f"Under {protocol_of(protocol)}, " if protocol else ""
        bounds = interval(delong.get("low"), delong.get("high"))
        found.append(
            f"{where}DeLong's interval {'excludes' if theirs else 'holds'} 0 ({bounds}) and the"
            f" bootstrap's {'excludes' if ours else 'holds'} it: take the difference of"
            f" {label_of(candidate)} as unsettled."
        )
    return found


def _excludes(values: Json) -> bool | None:
    low, high = known(values.get("low")), known(values.get("high"))
    return None if low is None or high is None else low > 0 or high < 0
