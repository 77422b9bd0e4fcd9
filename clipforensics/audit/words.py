"""The audit in plain words, no more certain than its intervals. Pure: numbers in, sentences out."""

from collections.abc import Mapping, Sequence
from typing import Any

from clipforensics.core.records import REAL
from clipforensics.report.wording.numbers import NO_BREAK, interval, known, number, share, signed

Json = Mapping[str, Any]


def headline(content: Json, manipulation: str) -> str:
    """What the page opens with: what was trained on, how many fakes have a twin, the score on either side.

    Of a reference that calls reals more manipulated than fakes that comes first.
    """
    if _is_below_chance(_video_cells(content, manipulation)["all"]["detectors"][content["reference"]]):
        return below_chance(content, manipulation, [content["reference"]])[0]
    trained = _trained(content, manipulation)
    counted, found = _twins(content, manipulation)
    return f"{trained}{found}" if trained or not counted else _capital(found)


def _trained(content: Json, manipulation: str) -> str:
    row, real = content["leakage"]["manipulations"][manipulation], content["leakage"]["real"]
    counts = ((row, f"{manipulation} fakes"), (real, "real videos"))
    found = [f"{share(r['trained_on'], r['n'])} {what}" for r, what in counts if r["trained_on"]]
    return f"Trained on {' and '.join(found)} of this test; " if found else ""


def _twins(content: Json, manipulation: str) -> tuple[bool, str]:
    """Whether it begins with a count, which may be raised to a capital; a detector's name may not."""
    cells, name = _video_cells(content, manipulation), content["reference"]
    sizes = {stratum: cell["n_fake"] for stratum, cell in cells.items()}
    whole = f"{name}: video AUC {number(_auc(cells['all'], name))} on {manipulation}"
    if not sizes["twin"]:
        doubts = unsure(content, manipulation)
        return False, f"{whole}; {doubts[0] if doubts else _no_twin(content, manipulation)}"
    if sizes["twin"] == sizes["all"]:
        return False, f"{whole}; every fake has a twin in training"
    text = (
        f"{share(sizes['twin'], sizes['all'])} {manipulation} fakes have a twin in training:"
        f" {name}'s video AUC is {number(_auc(cells['twin'], name))} on those"
    )
    if not sizes["no_twin"]:
        return True, f"{text}; it is not known who is in the others"
    others = f"the {sizes['no_twin']} known to have none" if sizes["unknown"] else "the others"
    return True, f"{text}, {number(_auc(cells['no_twin'], name))} on {others}"


def _no_twin(content: Json, manipulation: str, follows: str = "") -> str:
    """That no fake has a twin, what follows, and how many are nonetheless of people that were trained on."""
    row = content["leakage"]["manipulations"][manipulation]
    seen = f", but {row['any_seen']} of {row['n']} show somebody from training" if row["any_seen"] else ""
    return f"no fake has a twin in training{follows}{seen}"


def unsure(content: Json, manipulation: str) -> list[str]:
    """Why it cannot be said of a fake without a known twin that it has none; empty where it can.

    A name that says nobody, scored or trained on, may hide a twin; and names of which one identity is in
    most (more than half of ten or more) hardly tell people apart.
    """
    row, names = content["leakage"]["manipulations"][manipulation], content["names"]
    found, hidden = [], "so twins in training may go unseen"
    if row["unknown"]:
        found.append(f"it is not known who is in {share(row['unknown'], row['n'])} fakes, {hidden}")
    if names["n_train_fakes_unknown"]:
        n_fake = names["n_train"] - names["n_train_real"]
        known_of = share(names["n_train_fakes_unknown"], n_fake)
        found.append(f"it is not known who is in {known_of} training fakes, {hidden}")
    if names.get("naming") == "ffpp" and not names.get("naming_stated", True):
        found.append(
            "nobody said that these are FaceForensics++'s names (--naming ffpp), and serial numbers can look"
            " like them"
        )
    for owner in names["owners"]:
        if owner["class"] == manipulation or (owner["part"] == "training" and owner["class"] != REAL):
            where = f"{owner['n']} of {owner['whole']} {owner['part']} videos of {owner['class']}"
            found.append(f"{owner['identity']} is in {where}, so the names may not tell people apart")
    return found


def conclusion(content: Json, manipulation: str, detector: str) -> str:
    """What follows for one detector from its AUC with and without a twin, as far as intervals go."""
    cells = _video_cells(content, manipulation)
    twin, other = (cells[name]["detectors"][detector] for name in ("twin", "no_twin"))
    who = f"{detector}: video AUC {_whole(cells['all']['detectors'][detector])} on all fakes"
    if not cells["twin"]["n_fake"]:
        if doubts := unsure(content, manipulation):
            return f"{who}. Whether twins explain it cannot be said: {doubts[0]}."
        return f"{who}. {_capital(_no_twin(content, manipulation, ', so twins do not explain it'))}."
    if not cells["no_twin"]["n_fake"] and not cells["unknown"]["n_fake"]:
        return f"{who}. Every fake has a twin in training: nothing here says how it does on others."
    text = f"{who}, {_whole(twin)} on the {cells['twin']['n_fake']} with a twin in training"
    if not cells["no_twin"]["n_fake"]:
        return f"{text}. It is not known who is in the others: nothing here says how it does on new faces."
    text += f" and {_whole(other)} on the {cells['no_twin']['n_fake']} without."
    if _is_below_chance(cells["all"]["detectors"][detector]):
        return f"{text} Below chance a gap means nothing."
    gap = next(
        row
        for row in content["leak_gaps"]
        if (row["manipulation"], row["level"], row["subtrahend"]) == (manipulation, "video", "no_twin")
    )
    return f"{text} {_gap(gap['detectors'][detector])}"


def points(content: Json, manipulation: str) -> list[str]:
    """Further sentences: leaks of fakes and reals, size, names, thresholds."""
    row = content["leakage"]["manipulations"][manipulation]
    real, names = content["leakage"]["real"], content["names"]
    found = [
        *chosen(content, manipulation),
        "A twin is a manipulated training video of the same target and source: the same two faces with the"
        " same label.",
        f"{row['any_seen']} of {row['n']} {manipulation} fakes and {real['any_seen']} of {real['n']} real"
        " videos share an identity with training.",
        *_trained_on(row, real, manipulation),
        *_size(real["n"], row["n"]),
        *_no_interval(content, manipulation),
        *_about_names(content, manipulation),
        *_validation(content, manipulation),
        *_thresholds(content["threshold"]),
        *_all_fake(content, manipulation),
        *(f"{text}." for text in below_chance(content, manipulation)),
    ]
    if not names["n_train_sharing"]:
        found.insert(
            0,
            "No training video shares an identity with a scored one, as --disjoint said it would be; that"
            " the names of both files mean the same people is taken on trust.",
        )
    return found


def _trained_on(row: Json, real: Json, manipulation: str) -> list[str]:
    if not row["trained_on"] and not real["trained_on"]:
        return []
    text = (
        f"The worst leak: {row['trained_on']} of {row['n']} {manipulation} fakes and {real['trained_on']} of"
        f" {real['n']} real videos are training videos themselves."
    )
    if real["trained_on"]:
        text += " Every stratum is set against these reals, so none of the numbers here is free of it."
    return [text]


def _size(n_real: int, n_fake: int) -> list[str]:
    fewest = min(n_real, n_fake)
    if fewest >= 30:
        return []
    kind = "real" if n_real <= n_fake else "manipulated"
    return [
        f"{fewest} {kind} videos are few: a single one decides up to {number(1 / fewest)} of any AUC here."
    ]


def _no_interval(content: Json, manipulation: str) -> list[str]:
    cell = _video_cells(content, manipulation)["all"]
    if known(cell["detectors"][content["reference"]].get("low")) is not None:
        return []
    remedy = ""
    if content["bootstrap"]["cluster"] == "identity":
        remedy = " --cluster video draws videos instead, as if those that share a face were independent."
    return [f"There is no interval: {cell.get('undefined', 'the reason is unknown')}.{remedy}"]


def _about_names(content: Json, manipulation: str) -> list[str]:
    """What of the leaks may go unseen, and why."""
    names = content["names"]
    found = [f"{_capital(doubt)}." for doubt in unsure(content, manipulation)]
    reals = content["leakage"]["real"]["unknown"]
    if reals or names["n_train_unknown"] > names["n_train_fakes_unknown"]:
        in_training = names["n_train_unknown"] - names["n_train_fakes_unknown"]
        found.append(
            f"It is not known who is in {reals} scored and {in_training} training reals: whether they share a"
            " person with any other video cannot be said."
        )
    if names["n_train_unsaid"]:
        found.append(
            f"Of {names['n_train_unsaid']} training videos the list says no manipulation: a fake of the same"
            " name counts as a twin, and may be the very same video."
        )
    if names["naming"] == "dfdc":
        found.append(
            "DFDC names clips, not people: an actor of two clips counts as two, so there are more leaks."
        )
    return found


def _validation(content: Json, manipulation: str) -> list[str]:
    """What the part on which things were chosen knows of the fakes."""
    if "validation" not in content["leakage"]:
        return []
    row = content["leakage"]["validation"]["manipulations"][manipulation]
    both = _video_cells(content, manipulation)["clean_of_both"]["n_fake"]
    text = (
        f"Validation, on which checkpoints, settings and thresholds are chosen, has a twin of {row['twin']}"
        f" of {row['n']} {manipulation} fakes and an identity of {row['any_seen']}; {both} fakes show nobody"
        " known from training or validation."
    )
    if unknown := content["leakage"]["unknown_identity"]["val"]:
        videos = "video" if unknown == 1 else "videos"
        text += f" It is not known who is in {unknown} validation {videos}: what they share goes unseen."
    return [text]


def chosen(content: Json, manipulation: str) -> list[str]:
    """What it does to the number that it was chosen among several by its test score."""
    if "chosen_from" not in content:
        return []
    chosen = content["chosen_from"]
    text = (
        f"{chosen['detector']} is the best of {chosen['n']} by this test's own scores, which makes its number"
        " too high"
    )
    row = chosen["manipulations"][manipulation]
    if row["excess"] is None:
        return [f"{text}; by how much cannot be said without an interval."]
    return [
        f"{text}: the best of {chosen['n']} equally good ones scores {number(row['excess'])} above their"
        f" worth on average if their errors (standard error {number(row['standard_error'])}) are independent,"
        " and less where they err alike. No interval here covers that choice."
    ]


def _thresholds(cuts: Json) -> list[str]:
    return [
        f"{name}: no accuracy or F1, since {cut['undefined']}."
        for name, cut in cuts.items()
        if cut.get("undefined")
    ]


def _all_fake(content: Json, manipulation: str) -> list[str]:
    """Which detectors have no higher video accuracy than calling every video manipulated."""
    points = {name: found[manipulation] for name, found in content["points"].items()}
    reference = next(iter(points.values()))["all_fake"]["video"]
    accuracies = {name: (p["video"]["at_threshold"] or {}).get("accuracy") for name, p in points.items()}
    beaten = [
        name for name, value in accuracies.items() if value is not None and value <= reference["accuracy"]
    ]
    if not beaten:
        return []
    return [
        f"Calling every video manipulated has an accuracy of {number(reference['accuracy'])} and an F1 of"
        f" {number(reference['f1'])} here. No better in accuracy: {', '.join(beaten)}. Read AUC and balanced"
        " accuracy instead."
    ]


def below_chance(content: Json, manipulation: str, names: Sequence[str] = ()) -> list[str]:
    """Of each detector, or of these, whose interval on all fakes is below .5: it may be upside down."""
    values = _video_cells(content, manipulation)["all"]["detectors"]
    return [
        f"{name} is below chance on {manipulation}, video AUC {_whole(row)}: check that a higher score means"
        " manipulated"
        for name, row in values.items()
        if _is_below_chance(row) and (not names or name in names)
    ]


def _is_below_chance(row: Json) -> bool:
    high = known(row.get("high"))
    return high is not None and high < 0.5


def _gap(gap: Json) -> str:
    """What the paired difference, AUC with a twin minus AUC without, says."""
    low, high = known(gap.get("low")), known(gap.get("high"))
    if low is None or high is None:
        return f"The gap, {signed(gap.get('auc'))}, has no interval: it cannot be said whether these differ."
    text = f"The gap, {signed(gap['auc'])}{NO_BREAK}{interval(low, high)},"
    if low > 0:
        return (
            f"{text} leaves 0 out: the detector does better where it was trained on a twin, and the number"
            " on all fakes says little about new faces."
        )
    if high < 0:
        return f"{text} leaves 0 out: here fakes without a twin are the easier ones."
    return f"{text} holds 0: a difference is not shown, which is no evidence that there is none."


def _video_cells(content: Json, manipulation: str) -> dict[str, Json]:
    return {
        cell["stratum"]: cell
        for cell in content["cells"]
        if cell["manipulation"] == manipulation and cell["level"] == "video"
    }


def _auc(cell: Json, detector: str) -> object:
    return cell["detectors"][detector].get("auc")


def _whole(row: Json) -> str:
    bounds = interval(row.get("low"), row.get("high"))
    return number(row.get("auc")) + (f"{NO_BREAK}{bounds}" if bounds else " (no interval)")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
