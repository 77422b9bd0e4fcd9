"""Models as evaluate leaves them, made up: videos of groups, with scores that part the classes somewhat."""

import numpy as np
from scipy.special import expit

from clipforensics.likelihood.assessment import Assessed
from clipforensics.likelihood.models import Model, Videos
from clipforensics.likelihood.settings import LikelihoodSection
from clipforensics.statistics.settings import CompareSection

SETTINGS = LikelihoodSection(method="logistic", alpha=0.2, prior_log10_odds=2.0)
BOOTSTRAP = CompareSection(reference="a", cluster="identity", n_replicates=50, seed=1, confidence=0.9)
USABLE = {"usable": True, "reason": ""}


def videos(seed, kinds, n=20, apart=1.5, prefix=""):
    """n videos of each manipulation, and n reals; the i-th of each are of one identity group."""
    rng = np.random.default_rng(seed)
    names = np.repeat(["real", *kinds], n)
    keys = np.array([f"{prefix}{name}/{i:03d}" for i, name in enumerate(names)])
    labels = (names != "real").astype(int)
    scores = expit(rng.normal(size=len(names)) + apart * labels)
    groups = np.tile(np.arange(n), 1 + len(kinds)) + 1000 * seed
    order = np.argsort(keys)
    return Videos(*(column[order] for column in (keys, scores, labels, groups, names)))


def model(seed=1, usable=USABLE, split="grouped", kinds=("NT", "FS")):
    val, test = videos(seed, ["FS"], prefix=split), videos(seed + 50, kinds, prefix=split)
    return Model(split, val, test, usable, threshold=0.6, tested=list(kinds))


def assessed(*models, detector="a", seed=1, settings=SETTINGS, split="grouped"):
    protocol = split.split("-")[0]
    place = {"detector": detector, "protocol": protocol, "split": split, "train_set": "FS", "seed": seed}
    return Assessed(models or (model(),), place, settings, BOOTSTRAP)
