"""The MLP against plain numpy, and against what no linear probe can learn."""

import numpy as np
import pytest
import torch

from clipforensics.core.faults import InputError
from clipforensics.detectors.mlp import DETECTOR, Mlp
from tests.support.training_tasks import shipped_settings


def drawn(width=6, hidden=5, dropout=0.5):
    judge = Mlp(width, hidden, dropout)
    with torch.no_grad():
        for i, parameter in enumerate(judge.parameters()):
            parameter.normal_(generator=torch.Generator().manual_seed(i))
    return judge


def test_log_odds_against_plain_numpy():
    judge = drawn().eval()
    x = torch.nn.functional.normalize(torch.randn(7, 6), dim=-1)
    w, b, v, c = (p.detach().double().numpy() for p in judge.parameters())
    expected = [
        sum(v[0][j] * max(0.0, w[j] @ (row * 6**0.5) + b[j]) for j in range(5)) + c[0]
        for row in x.double().numpy()
    ]
    np.testing.assert_allclose(judge(x).detach().numpy(), expected, atol=1e-5)


def test_units_drop_out_in_training_only(tmp_path):
    judge, x = drawn(), torch.randn(3, 6)
    assert not torch.equal(judge.train()(x), judge(x))
    assert torch.equal(judge.eval()(x), judge(x))
    DETECTOR.save_judge(judge, tmp_path)
    assert torch.equal(DETECTOR.load_judge(tmp_path).train()(x), judge(x))


def test_as_many_units_drop_out_as_the_setting_says(bench):
    judge = DETECTOR.build(bench.task, shipped_settings("mlp", hidden=4000, dropout=0.3)).train()
    torch.nn.init.ones_(judge.head.weight)
    torch.nn.init.ones_(judge.hidden.bias)
    judge(torch.zeros(1, judge.hidden.in_features)).sum().backward()
    assert float((judge.hidden.bias.grad == 0).float().mean()) == pytest.approx(0.3, abs=0.03)


def test_it_begins_at_even_odds():
    assert torch.equal(Mlp(4, 8, 0.0)(torch.randn(5, 4)), torch.zeros(5))


def test_it_learns_what_no_linear_probe_can():
    torch.manual_seed(0)
    x = torch.nn.functional.normalize(torch.randn(200, 2), dim=-1)
    targets = (x[:, 0] * x[:, 1] > 0).float()
    judge = Mlp(2, 16, 0.0)
    optimizer = torch.optim.Adam(judge.parameters(), lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        judge.objective(x, targets, torch.ones(200)).backward()
        optimizer.step()
    assert ((judge(x) > 0) == (targets > 0)).float().mean() > 0.97


def test_parameters():
    judge = Mlp(16, 8, 0.1)
    counts = DETECTOR.counts(judge)
    assert (counts["trainable"], counts["all"], counts["head"]) == (16 * 8 + 8, 16 * 8 + 8, 9)
    assert sum(p.numel() for p in judge.parameters()) == 16 * 8 + 8 + 9


@pytest.mark.parametrize("change", [{"hidden": 0}, {"dropout": 1.0}, {"learning_rate": 0.0}])
def test_settings_out_of_range(change):
    with pytest.raises(InputError, match=next(iter(change))):
        shipped_settings("mlp", **change)
