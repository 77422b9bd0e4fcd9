"""The anchor is the baseline: the same scores from the same stores."""

import dataclasses

import numpy as np
import pytest

from clipforensics.controls.contract import Known
from clipforensics.controls.kinds import unaltered
from clipforensics.detectors import baseline
from tests.support.controls import controls_section, probe_settings
from tests.support.training_tasks import shipped_budget, shipped_settings


@pytest.mark.parametrize("sampling", ["all", "balanced", "paired"])
def test_it_scores_as_the_baseline_does(bench, tmp_path, sampling):
    settings = shipped_settings("baseline", inverse_l2=[0.1, 1.0])
    task = dataclasses.replace(bench.task, budget=shipped_budget({"sampling": sampling}))
    baseline.DETECTOR.fit(task, settings, tmp_path)
    expected = baseline.DETECTOR.score(
        tmp_path, bench.everything, frames=task.frames, embeddings=task.embeddings
    )
    probe = probe_settings(
        sampling, inverse_l2=[0.1, 1.0], max_iterations=settings.max_iterations, seed=task.seed
    )
    known = Known(task.train, task.val, task.embeddings, {}, None, probe)
    found = unaltered.fit(known, controls_section(), 1).score(bench.everything)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)  # its bias is read as float32
    assert found.std() > 1e-3
