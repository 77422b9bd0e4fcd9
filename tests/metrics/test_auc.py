"""The ROC and the area under it, against scikit-learn's."""

import numpy as np
from hypothesis import given
from sklearn import metrics as sk

from clipforensics.metrics import auc
from tests.support.score_tables import tables


@given(tables())
def test_the_roc_is_scikit_learns(table):
    scores, labels = table
    curve = auc.roc_curve(scores, labels)
    for ours, theirs in zip(curve, sk.roc_curve(labels, scores, drop_intermediate=False), strict=True):
        np.testing.assert_array_equal(ours, theirs)
