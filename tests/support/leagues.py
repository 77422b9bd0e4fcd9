"""A league of single letters, made by hand."""


def leaks_of(**seen):
    """Counts of a protocol in which nobody is known to be shared, but for those given."""
    nothing = dict.fromkeys(
        ("real_seen", "fake_seen", "twin", "val_seen", "val_twin", "unknown", "val_in_train", "val_unknown",
         "train_unknown"), 0,
    )  # fmt: skip
    return {"n_real": 10, "n_fake": 100, "n_val": 20, **nothing, **seen}


LEAKING = leaks_of(real_seen=9, fake_seen=98, twin=90, val_seen=15, val_twin=10, val_in_train=18)
"""As the usual protocol leaks."""

KNOWN_LEAKS = {"per_class": LEAKING, "grouped": leaks_of(), "grouped_kfold": leaks_of()}
"""By protocol, of a run of these."""


def league_of(rows, reference="a", **more):
    """A league of single letters; each (to_leader, to reference) as (low, high)."""
    league = []
    for name, leader, other in rows:
        estimate = {"auc": 0.7, "low": 0.6, "high": 0.8, "protocol": "per_class", "manipulation": "NT"}
        gaps = {
            kind: {"cross": {"auc": sum(found) / 2, "low": found[0], "high": found[1]}} if found else {}
            for kind, found in (("to_leader", leader), ("differences", other))
        }
        chosen_on = {"auc": 0.9, "n_models": 1, "protocol": "per_class", "manipulation": "FS"}
        league.append({
            "detector": name, "parameters": {"trainable": 10, "head": 1, "all": 100}, "in_domain": None,
            "validation": chosen_on, "cross": estimate, "clean": None, **gaps,
            "undefined": {"clean": "none was run"},
        })  # fmt: skip
    return {"reference": reference, "league": league, "cells": [], "seeds": [42], **more}


ABOVE, BELOW, OPEN = (0.01, 0.2), (-0.2, -0.01), (-0.1, 0.1)
