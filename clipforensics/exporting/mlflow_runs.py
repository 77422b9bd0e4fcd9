"""Every trained detector as a run of an MLflow experiment: settings, metrics with their intervals, files.

MLflow (`pip install mlflow-skinny` is enough) is an extra of this package, `mlflow`. A detector that the
experiment already has with the same settings and numbers is not logged again.
"""

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

from clipforensics.core.faults import InputError
from clipforensics.core.records import OF
from clipforensics.exporting.run import EVALUATIONS, Run
from clipforensics.protocol.cells import Cell, protocol_of

DIGEST = "clipforensics.digest"
REPORT, MODELS = "report/report.html", "models"
RANKING = ("auc", "eer", "ap", "partial_auc")
AT_THRESHOLD = ("accuracy", "balanced_accuracy", "f1", "tpr", "fpr")
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
"""What MLflow's client waits unless somebody has set it: a wrong address fails in seconds, not in minutes."""

REMEDY = (
    "check the address: of a server that runs (`mlflow server`, of `pip install mlflow`), or a folder with"
    " MLFLOW_ALLOW_FILE_STORE=true in the environment"
)

LONGEST_VALUE = 6000  # characters of a param that MLflow takes


def log_runs(run: Run, *, tracking_uri: str, experiment: str) -> tuple[int, int]:
    """Log every detector and cell that the experiment has not yet.

    Args:
        run: Whose models.
        tracking_uri: Of the server, as MLflow reads it (`http://...`; a folder with
            MLFLOW_ALLOW_FILE_STORE=true; `sqlite:///...` with the whole of MLflow installed).
        experiment: Its name; made if it is new.

    Returns:
        How many were logged, and how many were there already.

    Raises:
        InputError: MLflow is not installed, cannot be reached, or a metrics file is missing.
    """
    try:
        from mlflow import MlflowClient, MlflowException
    except ImportError as error:
        raise InputError("MLflow is not installed; `pip install mlflow-skinny`, and try again") from error
    wanted = list(_described(run))  # before anything is logged: a missing file leaves no half experiment
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    try:
        client = MlflowClient(tracking_uri=tracking_uri)
        number = _experiment(client, experiment)
        there = _digests(client, number)
        new = [one for one in wanted if one[-1] not in there]
        for detector, cell, params, metrics, digest in new:
            _log(client, number, run, detector, cell, params, metrics, digest)
    except (MlflowException, OSError) as error:
        first = str(error).strip().splitlines()[0]
        raise InputError(f"--tracking-uri {tracking_uri}: {first}; {REMEDY}") from error
    return len(new), len(wanted) - len(new)


def settings_of(run: Run, detector: str, cell: Cell) -> dict[str, str]:
    """Params of one model: where it stands in the matrix, and every setting of params.yaml that made it.

    A setting that lists candidates is logged as the one that validation chose; `n_tried` is among how many
    candidates of all settings together, 1 where nothing was chosen; `usable` is of the video level.

    Raises:
        InputError: its metrics file is missing.
    """
    evaluation = run.evaluation(detector, cell)
    of_others = {f"methods.{name}." for name in run.params.get("methods", {}) if name != detector}
    chosen = {f"methods.{detector}.{name}": value for name, value in _flat(run.settings(detector, cell))}
    flat = dict(_flat(run.params)) | chosen
    made = {
        name: value
        for name, value in flat.items()
        if not any(name.startswith(prefix) for prefix in of_others)
        and name.split(".")[0] not in ("report", "detector", "protocol", "detectors")
    }
    place = {"detector": detector, "split": cell.split, "train_set": cell.train_set, "seed": str(cell.seed)}
    place["n_tried"] = str(evaluation["n_tried"])
    place["usable"] = _words(evaluation["usable"]["video"]["usable"])
    return {**place, **{name: _words(value) for name, value in made.items()}}


def metrics_of(evaluation: Mapping[str, Any], comparison: Mapping[str, Any], cell: Cell) -> dict[str, float]:
    """Metrics of one model by name: `<manipulation>.<level>.<metric>`, of validation `validation.<level>...`,
    on another data set `<data set>/<manipulation>...`, since MLflow takes no `@`.

    The ends of an interval, `..._low` and `..._high`, and the AUC of a leak stratum,
    `<manipulation>.video.auc.<stratum>`, are those of comparison.json: of the mean over seeds and of all
    folds of the protocol. What is undefined is left out.
    """
    found: dict[str, float | None] = {}
    shown = {"validation": evaluation["validation"], **evaluation["test"]}
    for name, points in shown.items():
        for level in ("video", "frame"):
            values = points[level]
            at = values.get("at_validation") or {}
            for metric in RANKING:
                found[f"{_named(name)}.{level}.{metric}"] = values.get(metric)
            for metric in AT_THRESHOLD:
                found[f"{_named(name)}.{level}.{metric}"] = at.get(metric)
    for row in _rows(comparison, cell):
        values = row["detectors"].get(evaluation["detector"]) or {}
        of = f"{_named(row['manipulation'])}.{row['level']}.auc"
        whole = row["stratum"] == "all"
        if not whole:
            found[f"{of}.{row['stratum']}"] = values.get("auc")
        suffix = "" if whole else f".{row['stratum']}"
        found |= {f"{of}_{end}{suffix}": values.get(end) for end in ("low", "high")}
    return {name: float(value) for name, value in found.items() if value is not None and math.isfinite(value)}


def _named(manipulation: str) -> str:
    name, _, data_set = manipulation.partition(OF)
    return f"{data_set}/{name}" if data_set else name


def _rows(comparison: Mapping[str, Any], cell: Cell) -> Iterator[Mapping[str, Any]]:
    for row in comparison["cells"]:
        here = (row["protocol"], row["train_set"]) == (protocol_of(cell.split), cell.train_set)
        if here and row["stratum"] != "validation":
            yield row


def _described(run: Run) -> Iterator[tuple[str, Cell, dict[str, str], dict[str, float], str]]:
    comparison = run.comparison()
    for detector, cell in run.models():
        params = settings_of(run, detector, cell)
        metrics = metrics_of(run.evaluation(detector, cell), comparison, cell)
        text = json.dumps([params, metrics], sort_keys=True)
        yield detector, cell, params, metrics, hashlib.sha256(text.encode()).hexdigest()


def _experiment(client: Any, name: str) -> str:
    found = client.get_experiment_by_name(name)
    number: str = found.experiment_id if found else client.create_experiment(name)
    return number


def _digests(client: Any, experiment: str) -> set[str]:
    """Of the finished runs that the experiment has; one that was cut off is logged anew."""
    found, token = set[str](), None
    while True:
        page = client.search_runs([experiment], "attributes.status = 'FINISHED'", page_token=token)
        found |= {one.data.tags.get(DIGEST, "") for one in page}
        token = page.token
        if not token:
            return found


def _log(
    client: Any,
    experiment: str,
    run: Run,
    detector: str,
    cell: Cell,
    params: Mapping[str, str],
    metrics: Mapping[str, float],
    digest: str,
) -> None:
    name = f"{detector}/{cell.name}"
    number = client.create_run(experiment, run_name=name, tags={DIGEST: digest}).info.run_id
    for key, value in params.items():
        client.log_param(number, key, value)
    for key, number_ in metrics.items():
        client.log_metric(number, key, number_)
    for path in (
        run.project / EVALUATIONS / detector / f"{cell.name}.json",
        run.project / REPORT,
        run.project / MODELS / detector / cell.name / "README.md",
    ):
        if path.is_file():
            client.log_artifact(number, str(path))
    client.set_terminated(number)


def _flat(content: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _words(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text[:LONGEST_VALUE]
