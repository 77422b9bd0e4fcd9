"""A league of single letters, made by hand."""


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
