"""What evaluate leaves of two detectors, made up and written as files."""

import json

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from clipforensics.comparison.by_protocol import Results
from clipforensics.protocol.cells import Cell
from clipforensics.protocol.tables import write_scores

FOLDS = ["grouped_kfold-1", "grouped_kfold-2", "grouped_kfold-3"]

OPTIONS = {
    "reference": "baseline", "aggregate": "mean", "cluster": "identity", "n_replicates": 40, "seed": 1,
    "confidence": 0.9,
}  # fmt: skip

KINDS = {"real": 0, "FS": 1, "NT": 1}


def frames_of(split, part, kinds, rng, n=4):
    """Scores of n videos of each kind, two frames each."""
    rows = []
    for kind in kinds:
        for i in range(n):
            key = f"{split}/{part}/{kind}/{i}"
            scores = 1 / (1 + np.exp(-rng.normal(KINDS[kind], 1.0, 2)))
            rows += [(key, kind, KINDS[kind], part, f, s) for f, s in enumerate(scores)]
    return pd.DataFrame(rows, columns=["key", "manipulation", "label", "part", "frame", "score"])


def write_split(folder, split, table):
    videos = table.drop_duplicates("key")
    for part in ("val", "test"):
        chosen = videos[videos["part"] == part][["key", "label", "manipulation"]]
        number = chosen["key"].str.split("/").str[-1].astype(int)
        flags = {"target_seen": 0, "source_seen": 0, "any_seen": 0, "twin": chosen["label"] * (number % 2)}
        flags |= {"unknown": 0, "val_any_seen": 0, "val_twin": 0}
        chosen = chosen.assign(target="t", source="s", group=range(len(chosen)), **flags)
        path = folder / split / "FS" / f"{part}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        chosen.to_csv(path, index=False)


def write_results(folder, splits, in_domain, seeds=(1,)):
    """Files of two detectors on the given splits; `in_domain`: whether FS is in the test."""
    tested = ["real", "FS", "NT"] if in_domain else ["real", "NT"]
    for s, split in enumerate(splits):
        for d, detector in enumerate(("baseline", "lora")):
            for seed in seeds:
                rng = np.random.default_rng([s, d, seed])
                table = pd.concat(
                    [frames_of(split, "val", ["real", "FS"], rng), frames_of(split, "test", tested, rng)],
                    ignore_index=True,
                )
                cell = Cell(split, "FS", seed).name
                write_scores(folder / "scores" / detector / f"{cell}.csv", table)
                points = {}
                for kind in tested[1:]:
                    test = table[(table["part"] == "test") & table["manipulation"].isin(["real", kind])]
                    auc = roc_auc_score(test["label"], test["score"])
                    point = {"auc": auc, "n_real": 4, "n_fake": 4, "n_groups": 8}
                    points[kind] = {"frame": point, "video": point}
                about = {
                    "validation": {"video": {"auc": 0.5 + s / 10 + d / 100}},
                    "threshold": {"frame": 0.4 + s / 10, "video": 0.5},
                    "calibration": {"method": "none", "validation_prior": {"frame": 0.5, "video": 0.5}},
                    "test": points,
                }
                path = folder / "metrics" / detector / f"{cell}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(about))
        write_split(folder / "splits", split, table)
    return Results(
        ["baseline", "lora"], list(seeds), folder / "scores", folder / "splits", folder / "metrics"
    )
