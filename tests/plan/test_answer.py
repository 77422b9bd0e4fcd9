"""What a test can show: its power against the pipeline's own intervals on simulated videos, and its words."""

import re
import time
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from clipforensics.plan import answer, command
from clipforensics.plan.answer import Question, fewest, lines
from clipforensics.statistics.binormal import Design
from clipforensics.statistics.bootstrap import bootstrap_auc
from clipforensics.statistics.replicates import draw_replicates

BASE, GAIN = 0.775, 0.06


def share_shown(n, correlation, n_runs, n_replicates=250):
    """How often the interval of lora minus baseline leaves out 0, on simulated videos."""
    truth, shown = np.repeat([0, 1], n), 0
    for number in range(n_runs):
        rng = np.random.default_rng([21, *n, number])
        common = np.sqrt(correlation) * rng.normal(size=len(truth))
        scores = {
            name: np.sqrt(2) * ndtri(auc) * truth
            + common
            + np.sqrt(1 - correlation) * rng.normal(size=len(truth))
            for name, auc in (("baseline", BASE), ("lora", BASE + GAIN))
        }
        draws = draw_replicates(truth, np.arange(len(truth)), n_replicates=n_replicates, seed=number)
        video = bootstrap_auc(draws, scores)["all"]["video"]
        shown += (video["lora"] - video["baseline"]).interval().p < 0.05
    return shown / n_runs


def within(found, expected, n_runs):
    """Whether a share of runs is what it should be, within three standard errors of the simulation."""
    return abs(found - expected) < 3 * np.sqrt(expected * (1 - expected) / n_runs)


def test_power_is_what_the_pipelines_interval_shows():
    expected = answer.power_of(Design(BASE, 40, 40, 0.5), GAIN)
    assert within(share_shown((40, 40), 0.5, 200), expected, 200)
    assert not within(0.05, expected, 200), "the simulation could tell"


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
@pytest.mark.parametrize("n", [(10, 100), (20, 20), (100, 100)])
def test_power_at_the_sizes_that_people_have(n, correlation):
    expected, n_runs = answer.power_of(Design(BASE, *n, correlation), GAIN), 400
    found = share_shown(n, correlation, n_runs)
    print(n, correlation, round(expected, 3), round(found, 3))
    assert within(found, expected, n_runs)


def test_few_videos_are_simulated_and_many_are_not():
    few, many = Design(BASE, 20, 20, 0.8), Design(BASE, 200, 200, 0.8)
    assert answer.power_of(few, GAIN) == few.simulated_power(GAIN) < few.power(GAIN)
    assert answer.power_of(many, GAIN) == many.power(GAIN)


def ask(*words, capsys):
    command.main(["--real", "10", "--fake", "100", "--auc", ".78", "--difference", ".06", *words])
    return capsys.readouterr().out


def test_the_answer_for_ten_reals(capsys):
    said, design = ask(capsys=capsys), Design(0.78, 10, 100, 0.5)
    assert f"shows a true difference of .06 in {answer.power_of(design, 0.06) * 100:.0f} of 100 runs" in said
    assert re.search(r"\(\d+ at a correlation of \.20, \d+ at a correlation of \.80\)\.\n", said)
    assert "AUC .78 against .84; scores correlated .50" in said
    assert "Smallest difference shown with .80 power: .192." in said
    fewer = ask("--fake", "30", capsys=capsys)
    assert "No difference is shown with .80 power: not even an AUC of 1 against .78." in fewer
    assert "with 10 real: no number is enough" in said
    ((real, fake),) = re.findall(r"in this ratio: (\d+) real and (\d+) manipulated", said)
    assert int(fake) == pytest.approx(10 * int(real), abs=5)
    needed = replace(design, n_real=int(real), n_fake=int(fake))
    assert needed.power(0.06) >= 0.8
    assert replace(needed, n_real=int(real) - 1, n_fake=int(fake) - 10).power(0.06) < 0.8


def test_more_than_a_million_is_not_said_to_be_no_number(capsys):
    command.main(["--real", "10", "--fake", "100", "--auc", ".8", "--difference", ".001", "--power", ".51"])
    said = capsys.readouterr().out
    assert "in this ratio: more than a million of a class" in said
    assert "with 10 real: no number is enough" in said
    command.main(["--real", "10", "--fake", "100", "--auc", ".8", "--difference", ".0001", "--power", ".51"])
    assert "as many of both: more than a million of a class" in capsys.readouterr().out


def test_the_answer_where_the_videos_are_enough(capsys):
    said = ask("--real", "300", "--fake", "300", capsys=capsys)
    assert "These videos are enough to show .06 with .80 power." in said
    (least,) = re.findall(r"Smallest difference shown with .80 power: (\.\d+)", said)
    many = Design(0.78, 300, 300, 0.5)
    assert float(least) == pytest.approx(many.detectable(0.8), abs=0.0006)
    assert answer.detectable(many, 0.8, asked=0.06) == many.detectable(0.8), (
        "in no steps where it is a formula"
    )


@pytest.mark.parametrize("n", [(20, 20), (17, 17), (12, 35)])
def test_the_answers_agree_where_few_videos_are_simulated(n):
    """Power, smallest difference and numbers needed come to one verdict; each is the very smallest."""
    design, d = Design(0.78, *n, 0.5), 0.2
    said = "\n".join(lines(Question(design, d, 0.8)))
    (least,) = (float(found) for found in re.findall(r"shown with .80 power: (\.\d+)", said))
    assert answer.power_of(design, least) >= 0.8 > answer.power_of(design, round(least - 0.001, 3))
    if answer.power_of(design, d) >= 0.8:
        assert least <= d
        assert "These videos are enough to show .20 with .80 power." in said
        return
    assert least > d
    sizes = [(int(r), int(f)) for r, f in re.findall(r": (\d+) real and (\d+) manipulated$", said, re.M)]
    assert sizes
    for real, fake in sizes:
        assert answer.power_of(replace(design, n_real=real, n_fake=fake), d) >= 0.8
    (more,) = (fake for real, fake in sizes if real == n[0])
    assert answer.power_of(replace(design, n_fake=more - 1), d) < 0.8


def test_few_videos_are_answered_in_a_second_or_two():
    start = time.process_time()
    list(lines(Question(Design(0.78, 17, 17, 0.41), 0.2, 0.8)))
    assert time.process_time() - start < 5, "a loaded machine is allowed for"


def test_videos_of_one_person_count_once():
    design = Design(0.78, 10, 100, 0.5)
    assert Question(design, 0.06, 0.8, 40).independent == replace(design, n_fake=40)
    assert Question(design, 0.06, 0.8).independent == design
    said = "\n".join(lines(Question(design, 0.06, 0.8, 40)))
    assert "10 real and 40 manipulated videos that count" in said
    assert "Of 40 people each counts once a class" in said


def test_the_smallest_design_of_a_row():
    def grow(n):
        return Design(0.78, round(n), round(n), 0.5)

    found = fewest(grow, 0.06, 0.8)
    assert found.power(0.06) >= 0.8 > grow(found.n_real - 1).power(0.06)
    assert fewest(lambda n: Design(0.78, 10, round(n), 0.5), 0.06, 0.8) is None
