"""Which detectors a page shows in full: all while they are few, else a pair and the best by validation."""

from collections.abc import Sequence
from dataclasses import dataclass

from clipforensics.report.figures.axes import SERIES_COLOURS
from clipforensics.report.reading.lookup import candidates
from clipforensics.report.wording.tables import Json, detectors_of

FEW = 3
"""Up to so many detectors stand side by side, each against the reference; more stand one below the other."""

COLOURS = len(SERIES_COLOURS)
"""So many have a colour of their own in a figure; the others are grey."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The detectors of a page.

    Attributes:
        order: All; the reference first, then in the order of the league (of the file where there is none).
        pairs: Those that the page sets against the reference in full: all others while they are few, else
            one.
        named: Those with a colour: as many as there are colours; the reference and the pairs among them.
        chosen_by: Why the pair is that one: `primary` of the run's primary comparison, `detector`
            where params.yaml names it, else `validation`; empty while all others are pairs.
    """

    order: tuple[str, ...]
    pairs: tuple[str, ...]
    named: tuple[str, ...]
    chosen_by: str = ""

    @property
    def is_large(self) -> bool:
        """Whether there are too many detectors to stand side by side."""
        return len(self.order) > FEW

    @property
    def shown(self) -> tuple[str, ...]:
        """The reference and whom it is compared with in full."""
        return (self.order[0], *self.pairs)

    @property
    def rest(self) -> tuple[str, ...]:
        """Those without a colour."""
        return tuple(name for name in self.order if name not in self.named)

    def place(self, name: str) -> int:
        """Where the detector stands in the order; one that is not in it comes behind all."""
        return self.order.index(name) if name in self.order else len(self.order)

    def colour(self, name: str) -> int | None:
        """Index of the detector's colour; None for grey."""
        return self.named.index(name) if name in self.named else None


def cast_of(comparison: Json, detector: str = "") -> Cast:
    """Who plays which part.

    Args:
        comparison: Content of metrics/comparison.json.
        detector: The one that params.yaml names, which is the pair's where it is not the reference and none
            was named as primary.
    """
    named_first = str((comparison.get("primary") or {}).get("detector") or "")
    order, rivals = detectors_of(comparison), candidates(comparison)
    rivals.sort(key=lambda name: name != named_first)
    if len(order) <= FEW:
        return Cast(tuple(order), tuple(rivals), tuple(order))
    first, *others = order
    league = [row["detector"] for row in comparison.get("league") or ()]
    order = [first, *_ordered(others, league)]
    wanted = next((name for name in (named_first, detector) if name in rivals), "")
    pair = wanted or next((name for name in order if name in rivals), "")
    pairs = (pair,) if pair else ()
    named = order if len(order) <= COLOURS else list(dict.fromkeys([first, *pairs, *order]))[:COLOURS]
    chosen_by = "validation" if league and not wanted else ""
    chosen_by = "primary" if wanted and wanted == named_first else "detector" if wanted else chosen_by
    return Cast(tuple(order), pairs, tuple(named), chosen_by)


def _ordered(names: Sequence[str], league: Sequence[str]) -> list[str]:
    """In the order of the league; those that it lacks behind it, as they were."""
    known = [name for name in league if name in names]
    return [*known, *(name for name in names if name not in known)]
