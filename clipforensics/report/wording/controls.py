"""What controls say against a score, in sentences: on the page, in the verdict and on model cards.

Nothing is said where every detector is shown better than all that could explain its score. "Not shown
better" and "shown worse" are different sentences, and neither says that two are equal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clipforensics.report.wording.intervals import Json, is_shown
from clipforensics.report.wording.names import capital, listed, name_of, protocol_in_words
from clipforensics.report.wording.numbers import NO_BREAK, interval, known, number, signed

ANCHOR = "unaltered"
POOLED = "unseen"
"""Manipulation of the row over all that training never saw."""


STANDS = {
    "worse": "shown worse than that",
    "open": "not shown better than that",
    "within": "within its draws",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One control in one cell.

    Attributes:
        control: Its entry of `controls`: title, about, asks, said, draws.
        values: Its AUC in the cell, with interval and draws.
        differences: Detector, or the anchor, to its AUC minus the control's.
        detectors: Detector to its AUC in the cell.
        anchor: The AUC of the anchor.
    """

    control: Json
    values: Json
    differences: Json
    detectors: Json
    anchor: Json

    @property
    def asks(self) -> str:
        """How its AUC is read."""
        return str(self.control["asks"])

    @property
    def title(self) -> str:
        """In a sentence."""
        return str(self.control["title"])

    def stands(self, name: str) -> str:
        """How a detector stands to it: a key of `STANDS`, or `better`, which is no reason to speak."""
        found = self.differences.get(name) or {}
        if not is_shown(found):
            return "open"
        if (known(found.get("auc")) or 0.0) < 0:
            return "worse"
        return "within" if self.asks == "chance" and self._holds(name) else "better"

    def speaks_against(self, detectors: Sequence[str]) -> bool:
        """Whether one of these is not shown better."""
        return any(self.stands(name) != "better" for name in detectors)

    def _holds(self, name: str) -> bool:
        """Whether a detector's AUC is no higher than that of every draw."""
        auc, top = known((self.detectors.get(name) or {}).get("auc")), known(self.values["draws"]["max"])
        return auc is not None and top is not None and auc <= top


def row_of(controls: Json | None, **place: str) -> Json | None:
    """The row of controls.json at a protocol, train set and manipulation; None where there is none.

    Args:
        controls: Content of metrics/controls.json, or None.
        place: `protocol`, `train_set` and `manipulation`; without any, the judged cell.
    """
    if not controls or not controls.get("enabled"):
        return None
    wanted = place or controls["judged"]
    return next((row for row in controls["rows"] if all(row[k] == v for k, v in wanted.items())), None)


def in_row(controls: Json, row: Json) -> list[Told]:
    """Every control but the anchor in one cell, in the order of the file."""
    anchor = row["controls"].get(ANCHOR) or {}
    return [
        Told(one, row["controls"][name], row["differences"][name], row["detectors"], anchor)
        for name, one in controls["controls"].items()
        if name != ANCHOR
    ]


def where(row: Json) -> str:
    """`NeuralTextures, grouped folds`; all that training never saw are called so."""
    pooled = row["manipulation"] == POOLED
    name = "all manipulations that training never saw" if pooled else str(row["manipulation"])
    return f"{name}, {protocol_in_words(row['protocol'])}"


def against(controls: Json | None, detectors: Sequence[str], row: Json | None = None) -> list[str]:
    """What controls say against these detectors in a cell; nothing where they say nothing.

    Args:
        controls: Content of metrics/controls.json, or None.
        detectors: Whose scores are asked about.
        row: The cell; None: the judged one.
    """
    row = row or row_of(controls)
    if controls is None or row is None:
        return []
    return [text for one in in_row(controls, row) for text in _against(one, detectors, row)]


def in_first_lines(controls: Json | None, detectors: Sequence[str]) -> list[str]:
    """The same in the judged cell, with several controls that could explain a score in one sentence.

    Args:
        controls: As in `against`.
        detectors: As there.
    """
    row = row_of(controls)
    if controls is None or row is None:
        return []
    told = in_row(controls, row)
    speaking = [one for one in told if one.asks != "removal" and one.speaks_against(detectors)]
    if len(speaking) < 2:
        return against(controls, detectors)
    beside = [text for one in told if one.asks == "removal" for text in _removed(one, row)]
    beside += [text for one in told if one.asks == "chance" for text in _not_at_chance(one, row)]
    return [_together(speaking, detectors, row), *beside]


def _together(speaking: Sequence[Told], detectors: Sequence[str], row: Json) -> str:
    """What each control has, and who is not shown better than all of them, or shown worse than one."""
    aucs = listed([f"{one.title} {_bounded(one.values)}" for one in speaking])
    names = [name for name in detectors if any(one.stands(name) != "better" for one in speaking)]
    who = listed([f"{name_of(name)} ({number((row['detectors'][name] or {}).get('auc'))})" for name in names])
    worse = [name_of(name) for name in names if any(one.stands(name) == "worse" for one in speaking)]
    text = f"Controls on {where(row)}, video AUC: {aucs}. Not shown better than all of these: {who}"
    text += f"; shown worse than one of them: {listed(worse)}" if worse else ""
    return f"{text}. So this test does not show that a manipulation was read."


def _against(one: Told, detectors: Sequence[str], row: Json) -> Iterator[str]:
    if one.asks == "removal":
        yield from _removed(one, row)
        return
    if one.asks == "chance":
        yield from _not_at_chance(one, row)
    by_standing = {word: [name for name in detectors if one.stands(name) == word] for word in STANDS}
    said = [
        f"{STANDS[word]}: {listed([_gap(one, name) for name in names])}"
        for word, names in by_standing.items()
        if names
    ]
    if said:
        yield f"{_auc(one, row)}; {'; '.join(said)}. So this test does not show that {one.control['said']}."


def _auc(one: Told, row: Json) -> str:
    """`File metadata alone has video AUC .690 [.550, .810] on GHOST, grouped`, with the range of draws."""
    text = f"{capital(one.title)} has video AUC {_bounded(one.values)} on {where(row)}"
    draws = one.values["draws"]
    if draws["n"] < 2:
        return text
    return f"{text} (mean of {draws['n']} draws, {number(draws['min'])} to {number(draws['max'])})"


def _gap(one: Told, name: str) -> str:
    """`LoRA (.587, −.103 [−.240, .050])`, by the interval of the family where there is one."""
    found = one.differences.get(name) or {}
    ends = found.get("simultaneous") or found
    bounds = interval(ends.get("low"), ends.get("high")) or "(no interval)"
    auc = number((one.detectors.get(name) or {}).get("auc"))
    return f"{name_of(name)} ({auc}, {signed(found.get('auc'))}{NO_BREAK}{bounds})"


def _removed(one: Told, row: Json) -> Iterator[str]:
    """That the probe loses where an explanation is taken away, if that is shown."""
    found = one.differences.get(ANCHOR) or {}
    if not is_shown(found) or (known(found.get("auc")) or 0.0) < 0:
        return
    ends = found.get("simultaneous") or found
    loss = f"{signed(-found['auc'])}{NO_BREAK}{interval(-ends['high'], -ends['low'])}"
    yield (
        f"{capital(one.title)} has video AUC {_bounded(one.values)} on {where(row)}, against"
        f" {number(one.anchor.get('auc'))} on frames as stored: {loss}, so {one.control['said']}."
    )


def _not_at_chance(one: Told, row: Json) -> Iterator[str]:
    """That what must be at chance is not, by its own interval."""
    low, high = known(one.values.get("low")), known(one.values.get("high"))
    if low is None or high is None or low <= 0.5 <= high:
        return
    yield (
        f"{_auc(one, row)}, and chance lies outside its interval: either this is the one in twenty that"
        " chance gives, or something beside the labels carries them into the test. Find out before any number"
        " here is believed."
    )


def _bounded(values: Json) -> str:
    return f"{number(values.get('auc'))}{NO_BREAK}{interval(values.get('low'), values.get('high'))}".strip()


def in_one_sentence(controls: Json, row: Json, detectors: Sequence[str]) -> str:
    """How many detectors are shown better than controls that could explain their scores.

    Args:
        controls: Content of metrics/controls.json.
        row: The cell.
        detectors: Whose scores are asked about.
    """
    rivals = [one for one in in_row(controls, row) if one.asks in ("rival", "chance")]
    shown = [one.stands(name) == "better" for one in rivals for name in detectors]
    what = "a control that could explain its score"
    if all(shown):
        return f"On {where(row)} every detector is shown better than every control that could explain it."
    if not any(shown):
        return f"On {where(row)} no detector is shown better than {what}."
    return (
        f"On {where(row)} {sum(shown)} of {len(shown)} differences, a detector minus {what}, are shown to be"
        " above 0."
    )


def minus_control(values: Json | None) -> Json:
    """A control minus a detector, from the detector minus the control, with the interval of its family."""
    found = values or {}
    turned = {**found, "auc": _negative(found.get("auc")), **_turned(found)}
    together = found.get("simultaneous")
    return {**turned, "simultaneous": {**together, **_turned(together)}} if together else turned


def _turned(ends: Json) -> Json:
    return {"low": _negative(ends.get("high")), "high": _negative(ends.get("low"))}


def _negative(value: object) -> float | None:
    found = known(value)
    return None if found is None else -found
