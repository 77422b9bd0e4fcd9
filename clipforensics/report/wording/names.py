"""What things are called on the page: one dictionary for each kind of key, its own name for any other."""

from clipforensics.report.wording.titles import title_of

SHOWN_LEVELS = ("video", "frame")
"""Levels in the order of a page: a video is what is judged."""

STRATA = {
    "all": "all test fakes",
    "twin": "with a twin in training",
    "no_twin": "without a twin",
    "seen_identity": "any identity seen in training",
    "clean": "no identity seen in training",
    "clean_of_both": "no identity seen in training or validation",
    "unknown": "not known who is in it",
}
"""Strata in the order of a table."""

PROTOCOLS = {
    "per_class": "each class is split on its own, so people and twins may cross from training into the test",
    "grouped": "identities that are known are kept in one part",
    "grouped_cut": "identities that are known are in one part; videos that show people of two are left out",
    "grouped_kfold": "identity-disjoint folds as far as identities are known, pooled",
    "grouped_repeat": "known identities are kept in one part, each time anew; means over these",
    "official": "the data set's own lists of videos",
}
"""Protocols, and what they mean to keep apart; what they do, the counts say."""

ORACLE = "Read off the test's own ROC (an oracle's: nobody without test labels can set that threshold)"
"""Heading of metrics whose threshold the test's own labels set."""

METRICS = {
    "Ranking, which needs no threshold": {
        "auc": "AUC",
        "ap": "average precision",
        "partial_auc": "partial AUC, FPR up to 10%",
    },
    ORACLE: {
        "eer": "equal error rate, ROC interpolated ↓",
        "eer_at_nearest_threshold": "mean of FPR and FNR at the nearest threshold ↓",
        "tpr_at_fpr_0.01": "TPR at FPR 1%",
        "tpr_at_fpr_0.05": "TPR at FPR 5%",
        "tpr_at_fpr_0.1": "TPR at FPR 10%",
    },
    "At the threshold chosen on validation": {
        "accuracy": "accuracy",
        "balanced_accuracy": "balanced accuracy",
        "f1": "F1",
        "tpr": "true positive rate",
        "fpr": "false positive rate ↓",
    },
    "Calibrated scores": {
        "brier": "Brier score ↓",
        "ece": "expected calibration error ↓",
        "brier_at_validation_prior": "Brier score, classes as in validation ↓",
        "ece_at_validation_prior": "calibration error, classes as in validation ↓",
    },
}
"""Kinds of metrics, and the metrics of each; an arrow marks those where less is better."""

LESS_IS_BETTER = frozenset(
    metric for kind in METRICS.values() for metric, text in kind.items() if text.endswith("↓")
)
"""Metrics of which a lower value is better."""


def metric_in_words(metric: str) -> str:
    """A metric in a sentence: `AUC`, `false positive rate`; its own name where it has no other."""
    text = next((kind[metric] for kind in METRICS.values() if metric in kind), str(metric))
    return text.removesuffix(" ↓")


RULES = {"eer": "equal error rates", "youden": "Youden's index", "fpr": "false positive budget"}
"""How a threshold is chosen on validation."""

DEGRADATIONS = {
    "none": "as they are",
    "jpeg": "JPEG",
    "h264": "H.264",
    "blur": "blur",
    "noise": "noise",
    "scale": "down- and up-scaling",
    "brightness": "brightness",
}

LEAKS = {
    "n": "videos",
    "n_groups": "identity groups",
    "twin": "twin in training (same target and source)",
    "any_seen": "any identity in training",
    "trained_on": "the very video in training",
    "target_is_training_real": "target's real video in training",
    "source_is_training_real": "source's real video in training",
    "in_training_fake": "in a training fake, as target or source",
    "target_seen": "target in training, in any role",
    "source_seen": "source in training, in any role",
    "id_seen": "target or source in training",
    "youtube_seen": "YouTube video in training",
    "same_content": "same file in training, under any name",
    "unknown": "not known who is in it",
}
"""Leak flags in the order of a table: how many test videos have ... ."""

CLASSES = {"real": "real", "fake": "all fakes"}
PARTS = {"train": "training", "val": "validation", "test": "test"}


def name_of(detector: str) -> str:
    """The detector's name within a sentence: its module's title, else its own name."""
    return title_of(detector) or detector


def label_of(detector: str) -> str:
    """The detector's name in a table, a legend or at the head of a sentence."""
    title = title_of(detector)
    return detector if title is None else capital(title.removeprefix("the "))


def protocol_in_words(name: str) -> str:
    """A protocol's or a split's name in a sentence: `grouped folds`, `grouped fold 2`, `grouped repeat 2`."""
    text = str(name).replace("_kfold-", " fold ").replace("_kfold", " folds").replace("_repeat-", " repeat ")
    return text.replace("_", " ")


def words(key: object) -> str:
    """Any other key for reading: `any_seen` is `any seen`."""
    return str(key).replace("_", " ")


def capital(text: str) -> str:
    """The text with its first letter raised, the rest as it is."""
    return text[:1].upper() + text[1:]


def listed(parts: list[str] | tuple[str, ...]) -> str:
    """`a, b and c`."""
    if len(parts) < 2:
        return parts[0] if parts else "–"
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
