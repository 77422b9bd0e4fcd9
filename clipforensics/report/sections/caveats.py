"""Doubts in plain words: how small the test is, what the intervals cover, where a second method disagrees."""

from collections.abc import Sequence

from clipforensics.report.wording.names import capital, label_of, listed, name_of, protocol_in_words
from clipforensics.report.wording.numbers import counted, interval, known, number
from clipforensics.report.wording.tables import Json

FEW = 30
"""Fewer videos of a class than this are called few."""

CLUSTERS = {"group": "identity groups", "identity": "identity groups", "video": "videos"}


def about_size(cell: Json | None, unknown: int | None = 0) -> str:
    """How much hangs on one video: of an AUC of n real videos, each decides up to 1/n.

    Args:
        cell: Of the test.
        unknown: Of how many of its videos nobody knows who is in them.
    """
    if cell is None:
        return ""
    n_real, n_fake = cell["n_real"], cell["n_fake"]
    text = f"The test has {counted(n_real, 'real video')} and {counted(n_fake, 'manipulated video')}"
    groups = known(cell.get("n_groups"))
    if groups is not None:
        text += f", of {counted(groups, 'identity group')}"
        if unknown:
            text += (
                f" ({counted(unknown, 'video')} of nobody known, each a group of its own: if people recur"
                " among them, intervals are too narrow)"
            )
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


def fold_alone(comparison: Json) -> str:
    """`fold 1 of the 5 folds alone` where the headline's split is a fold of its protocol; else empty."""
    headline = comparison["headline"]
    split = str(headline.get("split") or "")
    if not split or split == headline.get("protocol"):
        return ""
    folds = {row["fold"] for row in comparison.get("folds") or ()}
    of_how_many = f" of the {len(folds)} folds" if folds else ""
    return f"fold {split.rpartition('-')[2]}{of_how_many} alone"


def about_fold(comparison: Json) -> str:
    """What is of one fold and what of all; empty where the headline's split is no fold."""
    alone = fold_alone(comparison)
    if not alone:
        return ""
    return (
        f"{capital(alone)}: thresholds, calibration, run-by-run numbers, errors, heatmaps and robustness."
        " All folds pooled: the numbers at the head, the tables with intervals, ROC curves and their bands."
    )


def about_seeds(comparison: Json, cell: Json | None, only: Sequence[str] | None = None) -> str:
    """What the intervals cover, as the headline's cell says it, and how far training runs lie apart.

    Args:
        comparison: Content of metrics/comparison.json.
        cell: The headline's, all fakes by video, or None.
        only: Whose training runs to tell of; None for all.
    """
    seeds = comparison["seeds"]
    if not seeds:
        return ""
    if _covers_seeds(cell):
        text = f"The intervals cover the choice of test videos and {counted(len(seeds), 'training seed')}"
    else:
        many = "One training seed" if len(seeds) == 1 else f"{len(seeds)} training seeds"
        text = (
            f"{many} ({', '.join(map(str, seeds))}): the intervals cover the choice of test videos,"
            " not the luck of a training run"
        )
    spread = []
    for name, values in ((cell or {}).get("detectors") or {}).items():
        found = (values or {}).get("seeds") or {}
        if only is not None and name not in only:
            continue
        if known(found.get("sd")) is not None:
            spread.append(
                f"{name_of(name)} {number(found.get('min'))} to {number(found.get('max'))}"
                f" (standard deviation {number(found['sd'])})"
            )
    return f"{text}; video AUC between seeds: {listed(spread)}." if spread else f"{text}."


def _covers_seeds(cell: Json | None) -> bool:
    """Whether every interval of the cell covers the training seeds too."""
    rows = [row for kind in ("detectors", "differences") for row in ((cell or {}).get(kind) or {}).values()]
    return bool(rows) and all("seeds" in str((row or {}).get("covers")) for row in rows)


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
        where = f"Under {protocol_in_words(protocol)}, " if protocol else ""
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
