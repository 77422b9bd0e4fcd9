"""Whether a protocol leaks: from counts, never from its name. Pure.

Counts of one protocol and train set, over all its splits (a fold's test video counts once, in its fold):

- `n_real`, `n_fake`: test videos, of one data set; `unknown`: those of whom nobody can say who they show;
- `real_seen`, `fake_seen`: those that show somebody from training; `twin`: fakes with a twin there;
- `val_seen`, `val_twin`: the same against validation, real and fake together;
- `n_val`: validation videos; `val_in_train`: those of them that show somebody from training;
- `train_unknown`, `val_unknown`: videos of training and validation of whom nobody can say who they show.
"""

from collections.abc import Mapping

import pandas as pd

Leaks = Mapping[str, int]


def count_leaks(train: pd.DataFrame, val: pd.DataFrame, test: pd.DataFrame) -> dict[str, int]:
    """Counts as above, from the parts as stage split writes them; those of folds end to end."""
    fake, real = (test[test["label"] == label] for label in (1, 0))
    return {
        "n_real": len(real),
        "n_fake": len(fake),
        "real_seen": int(real["any_seen"].sum()),
        "fake_seen": int(fake["any_seen"].sum()),
        "twin": int(fake["twin"].sum()),
        "val_seen": int(test["val_any_seen"].sum()),
        "val_twin": int(fake["val_twin"].sum()),
        "unknown": int(test["unknown"].sum()),
        "n_val": len(val),
        "val_in_train": int(val["any_seen"].sum()),
        "val_unknown": int(val["unknown"].sum()),
        "train_unknown": int(train.drop_duplicates("key")["unknown"].sum()),
    }


def nobody_shared(leaks: Leaks) -> bool:
    """Whether no test video, real or fake, is known to show anybody from training or validation.

    Where `unknown`, `train_unknown` or `val_unknown` is not 0, that leaves leaks unseen: say how many.
    """
    return leaks["real_seen"] == leaks["fake_seen"] == leaks["val_seen"] == 0


def in_words(leaks: Leaks) -> str:
    """What the counts say: `no shared identity known`, or how many are; and how many are unknown."""
    tested = leaks["n_real"] + leaks["n_fake"]
    text = "no shared identity known"
    if not nobody_shared(leaks):
        text = (
            f"{leaks['real_seen']} of {leaks['n_real']} real test videos and {leaks['fake_seen']} of"
            f" {leaks['n_fake']} fakes show somebody from training, {leaks['val_seen']} of {tested} somebody"
            " from validation"
        )
    kinds = (("", "test"), ("train_", "training"), ("val_", "validation"))
    lost = [f"{leaks[f'{kind}unknown']} {what}" for kind, what in kinds if leaks[f"{kind}unknown"]]
    return text + (f"; not known who is in {', '.join(lost)} videos" if lost else "")


def share_in_training(val: pd.DataFrame) -> float:
    """Share of validation videos, as stage split writes them, that show somebody from training."""
    return float(val["any_seen"].mean())
