"""The first lines of page, summary and `clipforensics verdict`: one finding in words, then what failed."""

from collections.abc import Mapping
from dataclasses import dataclass

from clipforensics.report.reading.cast import Cast
from clipforensics.report.reading.findings import Findings
from clipforensics.report.reading.lookup import (
    State,
    as_judged,
    difference,
    find_cell,
    find_gap,
    of_headline,
    of_protocol,
    partner_protocol,
    protocol,
    sign_of,
)
from clipforensics.report.sections.elsewhere import about_elsewhere
from clipforensics.report.sections.failures import Failure, failures
from clipforensics.report.sections.losses import about_losses, about_others
from clipforensics.report.sections.primary import (
    Primary,
    about_caution,
    about_looks,
    about_power,
    about_primary,
    about_variance,
    primary_of,
)
from clipforensics.report.sections.recognition import about_unnamed
from clipforensics.report.sections.seen import (
    NOT_COUNTED,
    Seen,
    about_unknown,
    seen_in_words,
    seen_of,
    status_in_words,
    unknown_in_words,
)
from clipforensics.report.sections.unseen import about_unseen
from clipforensics.report.wording.controls import in_first_lines
from clipforensics.report.wording.names import capital, name_of, protocol_in_words
from clipforensics.report.wording.numbers import NO_BREAK, counted, interval, known, number, share, signed
from clipforensics.report.wording.tables import Json


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What is said of one detector against the reference, and the state of the difference."""

    text: str
    state: State


@dataclass(frozen=True, slots=True)
class Opening:
    """The first lines.

    Attributes:
        headline: The leak in words, with the AUC on either side of it.
        conclusions: Of each pair, whether it is shown that the adaptation generalises.
        failures: What failed, worst first.
        points: What else has to be known at once: losses, unknown identities, what is primary.
    """

    headline: str
    conclusions: tuple[Conclusion, ...]
    failures: tuple[Failure, ...]
    points: tuple[str, ...]

    @property
    def is_bad(self) -> bool:
        """Whether a detector is unusable."""
        return any(one.kind == "unusable" for one in self.failures)


def all_seen(findings: Findings) -> dict[str | None, Seen]:
    """Protocol -> what training has seen of its test: the headline's first, then the one beside it."""
    comparison = findings.comparison
    names = [protocol(comparison), partner_protocol(comparison)]
    return {
        name: seen_of(comparison, findings.leakage, name)
        for place, name in enumerate(names)
        if name is not None or place == 0
    }


def opening(findings: Findings, cast: Cast) -> Opening:
    """All first lines, from the numbers of the files alone."""
    comparison, seen = findings.comparison, all_seen(findings)
    pairs = [one for name in cast.pairs if (one := primary_of(comparison, name))]
    told = pairs[0]["detector"] if pairs else comparison["reference"]
    others = [name for name in cast.order[1:] if name not in cast.pairs]
    partner = partner_protocol(comparison)
    points = [
        *(_beside(comparison, one, name, found) for one in pairs for name, found in seen.items()),
        _about_twins(comparison, told),
        about_unseen(comparison, cast.shown),
        about_elsewhere(comparison, cast.shown),
        *in_first_lines(findings.controls, cast.shown),
        *(about_losses(comparison, name) for name in cast.pairs),
        about_others(comparison, others),
        about_unknown(seen),
        about_unnamed(findings.duplicates, findings.recognised),
        about_looks(comparison) if pairs else "",
    ]
    return Opening(
        headline(comparison, told, seen.get(protocol(comparison), NOT_COUNTED)),
        tuple(conclusion(comparison, one, seen) for one in pairs),
        tuple(failures(comparison, of_headline(findings), partner, of_protocol(findings, partner))),
        tuple(text for text in points if text),
    )


def headline(comparison: Json, detector: str, seen: Seen) -> str:
    """How many fakes training knows, and the detector's AUC on those and on the others.

    Args:
        comparison: Content of metrics/comparison.json.
        detector: Whose AUC.
        seen: What training has seen of the headline's test.
    """
    kind, who = str(comparison["headline"]["manipulation"]), name_of(detector)
    cells = {name: find_cell(comparison, stratum=name, level="video") for name in ("all", "twin", "no_twin")}
    auc = f"{_of(who)} video AUC is {_auc(cells['all'], detector)}"
    n = (cells["all"] or {}).get("n_fake") or 0
    n_twin, n_other = ((cells[name] or {}).get("n_fake") or 0 for name in ("twin", "no_twin"))
    if n_twin and n_twin == n:
        return f"Every {kind} fake has a twin in training: {auc}, and nothing here says how it does on others"
    if n_twin:
        text = (
            f"{capital(share(n_twin, n))} {kind} fakes {'has' if n_twin == 1 else 'have'} a twin in training:"
            f" {_of(who)} video AUC is {_auc(cells['twin'], detector)} on those"
        )
        if n_other:
            return f"{text}, {_auc(cells['no_twin'], detector)} on the {_others(n_other, n - n_twin)}"
        return f"{text}; of the others it is not known who is in them"
    if seen.status == "leaks":
        return f"On {kind}, {seen_in_words(seen)}: {auc}"
    if seen.status == "clean":
        return f"Training and the {_shared_by_none(seen)}: on {kind} {auc}"
    return f"On {kind} {auc}; {seen_in_words(seen)}"


def _others(n_known: int, n_rest: int) -> str:
    """Those without a twin, `others` only where of all the rest it is known that they have none."""
    if n_known < n_rest:
        return f"{n_known} known to have none"
    return "other" if n_known == 1 else "others"


def _shared_by_none(seen: Seen) -> str:
    """`110 test videos share no known identity`, and what that leaves open."""
    once = " (a video counted once a repeat)" if seen.is_repeated else ""
    text = f"{counted(seen.n, 'test video')}{once} share no known identity"
    text += f", but validation has seen {seen.by_validation} of them" if seen.by_validation else ""
    if not seen.has_unknown:
        return text
    and_or_but = "and" if seen.by_validation else "but"
    return f"{text}, {and_or_but} of {unknown_in_words(seen)} nobody knows who is in them"


def conclusion(comparison: Json, one: Primary, seen: Mapping[str | None, Seen]) -> Conclusion:
    """Whether it is shown that a detector generalises, what the test could show, the mean over splits."""
    said = [
        about_primary(one, seen.get(one["protocol"], NOT_COUNTED)),
        about_caution(one),
        about_power(one["power"], one["value"]) if one.holds_zero else "",
        about_variance(comparison, one["detector"]),
    ]
    return Conclusion(" ".join(text for text in said if text), one.state)


def _beside(comparison: Json, one: Primary, name: str | None, seen: Seen) -> str:
    """The difference in video AUC under a protocol that is not the comparison's own; else empty."""
    if name == one["protocol"]:
        return ""
    cell = find_cell(comparison, stratum="all", level="video", protocol=name)
    found = as_judged(difference(cell, one["detector"]))
    if cell is None or known(found.get("auc")) is None:
        return ""
    bounds = interval(found.get("low"), found.get("high"))
    said = {"open": "not shown", "unknown": "no interval"}.get(sign_of(found), "interval excludes 0")
    return (
        f"Under {protocol_in_words(name or '')} ({status_in_words(seen)}) {name_of(one['detector'])}"
        f" minus {name_of(one['reference'])} is {signed(found['auc'])}{NO_BREAK}{bounds} video AUC ({said})."
    )


def _about_twins(comparison: Json, detector: str) -> str:
    """Whether the detector's AUC is shown to be higher with a twin than without, if there are any."""
    found = as_judged(((find_gap(comparison) or {}).get("detectors") or {}).get(detector) or {})
    if known(found.get("auc")) is None:
        return ""
    bounds = interval(found.get("low"), found.get("high")) or "(no interval)"
    gap = f"{signed(found['auc'])}{NO_BREAK}{bounds}"
    text = f"{capital(_of(name_of(detector)))} AUC with a twin in training minus without is {gap}"
    return {
        "above": f"{text}: it does better on fakes that it knows.",
        "below": f"{text}: here fakes without a twin are the easier ones.",
        "open": f"{text}: no difference is shown.",
        "unknown": f"{text}: nothing follows.",
    }[sign_of(found)]


def _of(who: str) -> str:
    return f"{who}'s"


def _auc(cell: Json | None, detector: str) -> str:
    return number((((cell or {}).get("detectors") or {}).get(detector) or {}).get("auc"))
