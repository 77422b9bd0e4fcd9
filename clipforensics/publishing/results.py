"""A model's results in the two forms that the Hugging Face hub reads.

`model-index` stands in the YAML head of a model card (hub-docs, modelcard.md); files in `.eval_results/`
(hub-docs, eval_results.yaml) tie a number to a data set that the hub has. Both are written with
huggingface_hub's own records, so that they are what it reads.
"""

import re
from typing import Any

from huggingface_hub import EvalResult, EvalResultEntry, eval_result_entries_to_yaml
from huggingface_hub.repocard_data import eval_results_to_model_index

from clipforensics.core.faults import InputError
from clipforensics.core.records import OF, data_set_of
from clipforensics.publishing.model import Json, Model

TASK = "image-classification"
HUB_DATASET = r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[0-9a-f]{40})?"
"""`owner/name` of a data set of the hub, with the commit where it is pinned."""

AT_THRESHOLD = {"accuracy": "accuracy", "f1": "F1"}


def model_index(model: Model, hub_dataset: str = "") -> list[Json]:
    """The value of `model-index`: video AUC of every test manipulation and leak stratum, accuracy, F1, Brier.

    An undefined number is left out. The interval of an AUC, where there is one, stands in the metric's `args`
    beside the numbers of videos; it is of the protocol in comparison.json (means over seeds, folds pooled).

    Args:
        model: Whose results.
        hub_dataset: `owner/name[@commit]` of the data set on the hub; empty: the profile's name stands there,
            as it does for data sets that are only tested on.
    """
    index: list[Json] = eval_results_to_model_index(
        f"{model.detector}-{model.cell.name.replace('/', '-')}", list(_results(model, hub_dataset))
    )
    return index


def eval_results(model: Model, hub_dataset: str, task: str) -> list[Json]:
    """Content of one file of `.eval_results/`: the headline's video AUC, and what it is of.

    Where another data set has the headline, that of the first manipulation of the one that is trained on.
    The hub shows one number a file on the data set's leaderboard, so the card's other numbers are not here.

    Args:
        model: Whose results.
        hub_dataset: `owner/name[@commit]`; the hub refuses an entry whose data set it does not have.
        task: Id of the task in that data set's eval.yaml.

    Raises:
        InputError: the AUC is undefined, so that there is nothing to say.
    """
    name, found = next(one for one in model.evaluation["test"].items() if not data_set_of(one[0]))
    values = found["video"]
    if values["auc"] is None:
        raise InputError(
            f"package.hub_dataset: the AUC of {model.detector} on {name} is undefined; leave it empty"
        )
    dataset, _, revision = hub_dataset.partition("@")
    entry = EvalResultEntry(
        dataset_id=dataset,
        task_id=task,
        value=values["auc"],
        dataset_revision=revision or None,
        notes=f"video AUC on {name}, {values['n_real']} real and {values['n_fake']} manipulated videos;"
        f" split {model.cell.split}: {_leak(model.leakage)}",
    )
    return eval_result_entries_to_yaml([entry])


def check_hub_dataset(name: str) -> None:
    """Raise InputError unless the name is empty, `owner/name` or `owner/name@<whole commit hash>`."""
    if name and not re.fullmatch(HUB_DATASET, name):
        raise InputError(
            f"package.hub_dataset {name!r}: must be owner/name of a data set on the hub, or"
            " owner/name@<commit hash of 40 digits>; or leave it empty"
        )


def _leak(leakage: Json) -> str:
    fake = leakage["fake"]
    doubt = f"; of {fake['unknown']} it is not known who is in them" if fake["unknown"] else ""
    return (
        f"{fake['any_seen']} of {fake['n']} manipulated test videos are known to show somebody from training"
        f"{doubt}"
    )


def _results(model: Model, hub_dataset: str) -> list[EvalResult]:
    found = []
    for manipulation, values in model.evaluation["test"].items():
        name, _, other = manipulation.partition(OF)
        dataset, _, revision = ("" if other else hub_dataset).partition("@")
        place: dict[str, Any] = {
            "task_type": TASK,
            "task_name": "face forgery detection in videos",
            "dataset_type": dataset or other or model.footage.dataset,
            "dataset_name": f"{other or model.footage.dataset}, {name} against real videos",
            # huggingface_hub tells data sets apart by all but their names, so the manipulation stands here
            "dataset_config": f"{model.cell.split}/{model.cell.train_set}/{manipulation}",
            "dataset_split": "test",
            "dataset_revision": revision or None,
        }
        for kind, title, value, about in _metrics(model, manipulation, values):
            if value is not None:
                result = EvalResult(
                    **place,
                    metric_type=kind,
                    metric_name=title,
                    metric_value=value,
                    metric_args=about or None,
                )
                found.append(result)
    return found


def _metrics(model: Model, manipulation: str, values: Json) -> list[tuple[str, str, Any, Json]]:
    """(metric id, title, value, args) of one manipulation, by video."""
    video = values["video"]
    counts = {name: video[name] for name in ("n_real", "n_fake")}
    rows = {
        row["stratum"]: row
        for row in model.comparison["cells"]
        if (row["protocol"], row["train_set"], row["manipulation"], row["level"])
        == (model.protocol, model.cell.train_set, manipulation, "video")
    }
    whole = _ends(rows.get("all"), model.detector)
    found: list[tuple[str, str, Any, Json]] = [("roc_auc", "video AUC", video["auc"], {**counts, **whole})]
    for stratum, row in rows.items():
        if stratum not in ("all", "validation") and row["n_fake"]:
            about = {"n_real": row["n_real"], "n_fake": row["n_fake"], **_ends(row, model.detector)}
            auc = row["detectors"][model.detector]["auc"]
            found.append(("roc_auc", f"video AUC, fakes of stratum {stratum}", auc, about))
    at = video["at_validation"]
    for kind, title in AT_THRESHOLD.items():
        about = {"threshold": "chosen on validation"}
        found.append((kind, f"video {title} at the threshold in force", at[kind], about))
    found.append(("brier_score", "video Brier score", (video.get("probability") or {}).get("brier"), {}))
    return found


def _ends(row: Json | None, detector: str) -> Json:
    values = (row or {"detectors": {}})["detectors"].get(detector) or {}
    return {end: values[end] for end in ("low", "high") if values.get(end) is not None}
