"""The simulation of training variance: it runs, is the same each time, and its probes are equal."""

import numpy as np
import pytest

from benchmarks import training_variance as simulation


def table(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]


def test_two_runs_give_the_table_and_the_same_one_again(capsys):
    printed = []
    for _ in range(2):
        simulation.main(["--runs", "2"])
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1]
    rows = table(printed[0])
    designs = [*simulation.OVER_VIDEOS, *simulation.OVER_SETS]
    assert [row[1] for row in rows] == 2 * designs
    assert all(np.isfinite([float(cell) for cell in row[2:]]).all() for row in rows)


def test_a_mistake_is_an_interval_without_0_and_a_hold_one_with_the_mean():
    def found(gap, auc):
        return dict.fromkeys((*simulation.OVER_VIDEOS, *simulation.OVER_SETS), simulation.Found(gap, auc))

    runs = [found((0.1, 0.02, 0.18), (0.6, 0.5, 0.65)), found((-0.1, -0.3, 0.1), (0.8, 0.72, 0.9))]
    row = table("\n\n" + "\n".join(simulation.summary(simulation.WORLDS[0], runs)))[0]
    assert row[0] == "hard, AUC 0.70"
    assert row[2:] == ["0.500", "0.141", "0.14", "0.000"]


def test_the_probes_see_the_same_videos_through_noise_of_one_kind():
    world = simulation.World("wide", shift=3.0, n_dimensions=400)
    videos = simulation.population(20, (simulation.TRAINED, simulation.TESTED))
    seen = simulation.embeddings(world, videos, 0)
    apart = seen["a"] - seen["b"]
    assert np.std(apart) == pytest.approx(np.sqrt(2) * world.noise, rel=0.03)
    assert [np.var(rows) for rows in seen.values()] == pytest.approx(2 * [1 + world.noise**2], rel=0.15)
    assert not np.allclose(seen["a"], simulation.embeddings(world, videos, 1)["a"])


def test_a_number_of_runs_that_has_no_spread_is_refused(capsys):
    with pytest.raises(SystemExit):
        simulation.main(["--runs", "1"])
    assert "2 or more" in capsys.readouterr().err
