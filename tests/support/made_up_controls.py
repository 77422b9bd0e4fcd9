"""metrics/controls.json made up by hand: how each control stands to each detector is what a test says."""

PLACE = {"protocol": "per_class", "train_set": "FaceSwap", "manipulation": "NeuralTextures"}
GAPS = {
    "better": (0.2, 0.1, 0.3),
    "open": (0.02, -0.1, 0.14),
    "worse": (-0.2, -0.3, -0.1),
    "none": (0.2, None, None),
}
AUC = {"baseline": 0.7654, "lora": 0.8321}
LISTED = {
    "unaltered": {
        "title": "the probe on frames as stored", "about": "As is.", "asks": "anchor", "said": "", "draws": 1,
    },
    "metadata": {
        "title": "file metadata alone", "about": "A forest.", "asks": "rival", "said": "faces were read",
        "draws": 1,
    },
    "permuted": {
        "title": "the probe on permuted labels", "about": "Shuffled.", "asks": "chance",
        "said": "anything was learnt from the labels", "draws": 10,
    },
    "reencoded": {
        "title": "the probe on frames re-encoded alike", "about": "Twice.", "asks": "removal",
        "said": "part of what it reads is gone", "draws": 1,
    },
}  # fmt: skip


def gap(kind, corrected=None):
    """A difference; its family's interval says `corrected` where that is another."""
    value, low, high = GAPS[kind]
    found = {"auc": value, "low": low, "high": high, "p": 0.04, "covers": "videos"}
    _, low, high = GAPS[corrected or kind]
    if low is None:
        return found
    return {
        **found,
        "family": "controls",
        "simultaneous": {"low": low - 0.01, "high": high + 0.01, "p": 0.05},
    }


def value(auc, low, high, n=1, least=None, most=None):
    draws = {"n": n, "sd": None if n == 1 else 0.05, "min": least or auc, "max": most or auc}
    return {"auc": auc, "low": low, "high": high, "p": 0.04, "covers": "videos", "draws": draws}


def made_up(metadata="better", permuted="better", removed="open", detectors=AUC, chance=(0.4, 0.6), **place):
    """The whole file, of one cell.

    Args:
        metadata: How detectors stand to file metadata: a key of `GAPS`, or one a detector.
        permuted: The same of permuted labels, whose draws reach from .4 to .62.
        removed: How the anchor stands to re-encoded frames.
        detectors: Name to AUC.
        chance: Interval of permuted labels.
        place: Where it is, if not at `PLACE`.
    """

    def of(kinds):
        return kinds if isinstance(kinds, dict) else dict.fromkeys(detectors, kinds)

    row = {
        **PLACE, **place, "n_real": 10, "n_fake": 100, "n_groups": 50,
        "detectors": {n: {"auc": auc, "low": auc - 0.1, "high": auc + 0.1} for n, auc in detectors.items()},
        "controls": {
            "unaltered": value(0.7654, 0.6, 0.9),
            "metadata": value(0.69, 0.55, 0.81),
            "permuted": value(0.51, *chance, n=10, least=0.4, most=0.62),
            "reencoded": value(0.7, 0.5, 0.8),
        },
        "differences": {
            "metadata": {n: gap(kind) for n, kind in of(metadata).items()} | {"unaltered": gap("better")},
            "permuted": {n: gap(kind) for n, kind in of(permuted).items()} | {"unaltered": gap("better")},
            "reencoded": {n: gap("open") for n in detectors} | {"unaltered": gap(removed)},
        },
    }  # fmt: skip
    return {
        "enabled": True, "judged": {name: row[name] for name in PLACE}, "seed": 42, "aggregate": "mean",
        "bootstrap": {"confidence": 0.95, "cluster": "identity"}, "controls": LISTED, "rows": [row],
        "families": [], "chosen": [],
    }  # fmt: skip


OFF = {"enabled": False, "undefined": "not made: controls.enabled is never"}
