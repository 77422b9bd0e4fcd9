"""Videos with embeddings and file metadata, for controls: as separable as a test wants them."""

from pathlib import Path

import numpy as np
import pandas as pd

from clipforensics.controls.contract import Control, Fitted, Known, ProbeSettings
from clipforensics.controls.results import ControlledRun, content, judged_cell
from clipforensics.controls.scoring import ControlScores
from clipforensics.controls.settings import ControlsSection
from clipforensics.controls.view import known_views
from clipforensics.core.params import check_section, read_yaml
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.frames.rows import RowIndex
from clipforensics.protocol.cells import Protocol
from clipforensics.protocol.tables import write_scores
from tests.support.imports import ROOT
from tests.support.result_files import FOLDS, OPTIONS, write_results

N_FRAMES, WIDTH = 3, 6
PARTS = {"train": 40, "val": 20, "test": 40}
SHIPPED = read_yaml(ROOT / "params.yaml")
QUICK = {"metadata": {"trees": 25, "min_leaf": [1, 4]}, "permuted": {"draws": 4}}


def controls_section(**changes):
    """Section `controls` as it is shipped, but quick and with changes."""
    return check_section({**SHIPPED["controls"], **QUICK, **changes}, ControlsSection, "controls")


def probe_settings(sampling="all", **changes):
    return ProbeSettings(
        **{"inverse_l2": [0.1, 1.0, 10.0], "max_iterations": 1000, "class_weight": "balanced",
           "sampling": sampling, "seed": 42, **changes}
    )  # fmt: skip


def write_embeddings(folder: Path, keys, seed=0, shift=0.0) -> EmbeddingStore:
    """`N_FRAMES` rows a video, normal; those of manipulated videos (odd numbers) are moved by `shift`."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    fake = np.array([int(key[1:]) % 2 for key in keys]).repeat(N_FRAMES)
    matrix = rng.normal(size=(len(fake), WIDTH)) + shift * fake[:, None]
    np.save(folder / "embeddings.npy", matrix.astype(np.float32))
    RowIndex(np.repeat(list(keys), N_FRAMES), np.tile(range(N_FRAMES), len(keys))).write(folder / "index.csv")
    (folder / "meta.json").write_text("{}")
    return EmbeddingStore(folder)


def split_tables(parts=None) -> dict[str, pd.DataFrame]:
    """Videos `v0`, `v1`, ...: even real, odd manipulated; a real and its fake are of one target and group."""
    tables, start = {}, 0
    for part, n in (parts or PARTS).items():
        numbers = np.arange(start, start + n)
        tables[part] = pd.DataFrame({
            "key": [f"v{i}" for i in numbers], "label": numbers % 2,
            "manipulation": np.where(numbers % 2, "Swap", "real"), "group": numbers // 2,
            "target": (numbers // 2).astype(str), "source": "",
        })  # fmt: skip
        start += n
    return tables


def videos_table(keys, telling=False, seed=0) -> pd.DataFrame:
    """What data/videos.csv says of each file: the same for both classes, or another codec for fakes."""
    rng = np.random.default_rng([seed, 1])
    n, odd = len(keys), np.array([int(key[1:]) % 2 for key in keys])
    codec = np.where(odd, "vp9", "h264") if telling else rng.choice(["vp9", "h264"], n)
    return pd.DataFrame({
        "codec": codec, "width": rng.integers(200, 900, n), "height": rng.integers(200, 900, n),
        "n_frames": rng.integers(50, 400, n), "n_bytes": rng.integers(10_000, 900_000, n),
        "frame_rate": rng.choice([0.0, 25.0, 30.0], n), "key_interval": rng.choice([12.0, 250.0], n),
        "encoder": rng.choice(["", "Lavf58"], n),
    }, index=list(keys))  # fmt: skip


def make_known(folder: Path, shift=0.0, telling=False, seed=0, sampling="all", parts=None) -> Known:
    """Everything that controls are fitted on.

    Args:
        folder: For the embeddings.
        shift: How far embeddings of the classes lie apart.
        telling: Whether the codec gives the class away.
        seed: Of all numbers.
        sampling: As in section `train`.
        parts: Part to its number of videos.
    """
    tables = split_tables(parts)
    keys = [key for table in tables.values() for key in table["key"]]
    store = write_embeddings(folder / "embeddings", keys, seed, shift)
    views = {
        name: write_embeddings(folder / "views" / name, keys, seed + 1 + place, shift)
        for place, name in enumerate(sorted(known_views(), key=lambda name: (name != "reencoded", name)))
    }
    train, val = (store.rows.labelled(tables[part]) for part in ("train", "val"))
    videos = videos_table(keys, telling, seed)
    return Known(train, val, store, views, videos, probe_settings(sampling))


def auc_on_test(fitted, known: Known, parts=None) -> float:
    """Video AUC of a fitted control on the test videos."""
    from sklearn.metrics import roc_auc_score

    test = known.index.labelled(split_tables(parts)["test"])
    by_video = fitted.score(test.rows).reshape(-1, N_FRAMES).mean(axis=1)
    return float(roc_auc_score(test.table["label"], by_video))


CONTROLS = {
    name: Control(f"the {name} control", "Made up.", asks, "", fit=lambda *_: Fitted(len, (0.5, 0.5)))
    for name, asks in (("unaltered", "anchor"), ("metadata", "rival"), ("reencoded", "removal"))
}
"""Of made-up scores, none of which is ever fitted."""


def write_control_scores(results, folder: Path, splits, like: dict[str, str], draws=1) -> ControlScores:
    """Scores of `CONTROLS` as files: each those of a detector of `write_results`, whose seeds are the draws.

    Args:
        results: Of `write_results`, with as many seeds as there are draws.
        folder: Where to.
        splits: As in `write_results`.
        like: Control to the detector that it scores as.
        draws: Of every control.
    """
    out = ControlScores(folder, dict.fromkeys(like, draws))
    for name, detector in like.items():
        for split in splits:
            for draw, seed in enumerate(results.seeds[:draws], 1):
                table = results.read_scores([split], "FS")[detector, seed]
                write_scores(out.path(name, split, "FS", draw), table)
    return out


def written_content(folder: Path) -> dict:
    """controls.json of made-up detectors and controls, under one split and under folds, with two unseen."""
    splits = ["grouped", *FOLDS]
    results = write_results(folder, splits, in_domain=True)
    for path in (*results.splits.rglob("test.csv"), *results.scores.rglob("*.csv")):
        table = pd.read_csv(path)
        odd = table["key"].str[-1].astype(int) % 2 == 1
        table.loc[odd & (table["manipulation"] == "NT"), "manipulation"] = "DF"
        table.to_csv(path, index=False)
    like = {"unaltered": "baseline", "metadata": "lora", "reencoded": "lora"}
    scores = write_control_scores(results, folder / "controls", splits, like)
    protocol = Protocol(splits=splits, train_sets=["FS"], test_manipulations=["NT", "rest"], seeds=[1])
    options = {name: value for name, value in OPTIONS.items() if name != "reference"}
    rank = {"video_auc": 0.5, "frame_auc": 0.5}
    chosen = [
        {
            "split": "grouped",
            "train_set": "FS",
            "control": name,
            "draw": 1,
            "chosen": {key: 1},
            "validation": rank,
        }
        for name, key in (("metadata", "min_leaf"), ("unaltered", "inverse_l2"))
    ]
    run = ControlledRun(results, scores, CONTROLS, protocol, 3, options)
    headline = {"protocol": "grouped", "train_set": "FS", "manipulation": "NT"}
    return content(run, chosen, judged_cell({"primary": None, "headline": headline}))
