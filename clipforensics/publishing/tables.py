"""Tables of a model card: what the metrics files say, with a row a test manipulation, stratum or rule."""

from collections.abc import Iterator

from clipforensics.publishing.model import Json, Model
from clipforensics.report.wording.markdown import Markdown, table
from clipforensics.report.wording.names import CLASSES, PARTS, RULES, STRATA, name_of, protocol_in_words
from clipforensics.report.wording.numbers import count, interval, number, signed

LEVEL = "video"


def settings_table(model: Model) -> Markdown:
    """Encoder, parameters, the method's settings and seed."""
    counts, encoder = model.about["parameters"], model.encoder
    at = "commit" if encoder.folder is None else "weights' sha256"
    rows = [
        ("encoder", f"{encoder.name} ({at} {encoder.revision})"),
        ("embedding", model.about["encoder"]["embedding"]),
        ("parameters that moved", f"{count(counts['trainable'])} of {count(counts['all'])}"),
        ("parameters of the head", count(counts["head"])),
    ]
    chosen = {**model.about.get("settings", {}), "seed": model.cell.seed}
    rows += [(name, _words(value)) for name, value in chosen.items()]
    return table(("setting", "value"), rows)


def sizes_table(model: Model) -> Markdown:
    """How many videos of each kind are in each part of the split."""
    sizes = model.leakage["sizes"]
    names = sorted(
        {name for part in sizes.values() for name in part}, key=lambda name: (name != "real", name)
    )
    rows = [
        [PARTS.get(part, part), *(count(row.get(name, 0)) for name in names)] for part, row in sizes.items()
    ]
    return table(["part", *names], rows)


def leaks_table(model: Model) -> Markdown:
    """How many test videos training knows something of."""
    audit = model.leakage
    rows = [(CLASSES[kind], audit[kind]) for kind in ("real", "fake")] + list(audit["manipulations"].items())
    flags = ("n", "twin", "any_seen")
    return table(
        ("test videos", "all", "twin in training", "any identity in training"),
        [[name, *(count(row[flag]) for flag in flags)] for name, row in rows],
    )


def points_table(model: Model) -> Markdown:
    """This very model on every test manipulation, at the threshold in force."""
    head = ("AUC", "accuracy", "balanced accuracy", "F1", "manipulated found", "real called manipulated")
    rates = ("accuracy", "balanced_accuracy", "f1", "tpr", "fpr")
    rows = []
    for name, found in model.evaluation["test"].items():
        values = found[LEVEL]
        at = values["at_validation"]
        rows.append(
            [name, count(values["n_fake"]), *(number(v) for v in (values["auc"], *(at[r] for r in rates)))]
        )
    return table(("manipulation", "videos", *head), rows)


def intervals_table(model: Model) -> Markdown:
    """The method's AUC in every protocol, manipulation and stratum, this model's protocol first."""
    reference = model.comparison["reference"]
    against = [] if reference == model.detector else [f"minus {name_of(reference)}"]
    rows = [
        [
            protocol_in_words(row["protocol"]),
            row["manipulation"],
            STRATA[row["stratum"]],
            f"{count(row['n_real'])} / {count(row['n_fake'])}",
            _bounded(number(values["auc"]), values),
            *(_difference(row, model.detector) for _ in against),
        ]
        for row, values in _cells(model)
    ]
    return table(("split", "manipulation", "test fakes", "real / fake", "AUC", *against), rows)


def thresholds_table(model: Model, point: Json) -> Markdown:
    """Every rule's thresholds, and what they let through on validation."""
    rows = []
    for rule, found in point["video"]["thresholds"].items():
        cuts = (f"{point[level]['thresholds'][rule]['threshold']:.6g}" for level in ("video", "frame"))
        in_force = " (in force)" if rule == point["rule"] else ""
        rates = (number(found[f"validation_{rate}"]) for rate in ("fpr", "tpr"))
        rows.append([RULES.get(rule, rule) + in_force, *cuts, *rates])
    head = ("by video", "by frame", "real videos called manipulated", "manipulated videos found")
    return table(("rule", *head), rows)


def _cells(model: Model) -> Iterator[tuple[Json, Json]]:
    """Rows of comparison.json; a stratum only where it holds some of the fakes and not all."""
    wanted = (LEVEL, model.cell.train_set)
    rows = [row for row in model.comparison["cells"] if (row["level"], row["train_set"]) == wanted]
    whole = {_place(row): row["n_fake"] for row in rows if row["stratum"] == "all"}
    for row in sorted(rows, key=lambda row: row["protocol"] != model.protocol):
        if row["stratum"] == "all" or (row["stratum"] in STRATA and 0 < row["n_fake"] < whole[_place(row)]):
            yield row, row["detectors"][model.detector]


def _place(row: Json) -> tuple[str, str]:
    return row["protocol"], row["manipulation"]


def _difference(row: Json, detector: str) -> Markdown:
    values = row["differences"][detector]
    return _bounded(signed(values["auc"]), values)


def _bounded(text: str, values: Json) -> Markdown:
    """A number with its interval, or without where that is undefined; brackets need no escaping here."""
    return Markdown(f"{text} {interval(values['low'], values['high'])}".strip())


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
