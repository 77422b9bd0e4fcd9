"""The first lines: one finding in words from the numbers, whatever they are."""

import pytest

from clipforensics.report.reading.cast import cast_of
from clipforensics.report.sections import opening
from clipforensics.report.sections.seen import NOT_COUNTED, Seen
from tests.support import made_up_run
from tests.support.comparison_cells import GAPS, gap_row, in_protocol, plain_spaces, under_protocols
from tests.support.made_up_controls import made_up
from tests.support.made_up_findings import findings

LEAKS = Seen(10, 100, 8, 98, 90)


def compared(twin=90, no_twin=10, n=100, **more):
    cells = [
        in_protocol("per_class", s, n=(10, m)) for s, m in (("all", n), ("twin", twin), ("no_twin", no_twin))
    ]
    for one, auc in zip(cells, (0.8, 0.911, 0.49), strict=True):
        one["detectors"]["lora"] = {"auc": auc, "low": auc - 0.05, "high": auc + 0.05}
    return under_protocols(*cells, **more)


@pytest.mark.parametrize(
    ("twin", "no_twin", "seen", "said"),
    [
        (90, 10, LEAKS, "Nine of ten NeuralTextures fakes have a twin in training: LoRA's video AUC is"
         " .911 on those,"
         " .490 on the others"),
        (17, 83, LEAKS, "17 of 100 NeuralTextures fakes have a twin in training: LoRA's video AUC is"
         " .911 on those,"
         " .490 on the others"),
        (1, 99, LEAKS, "1 of 100 NeuralTextures fakes has a twin in training: LoRA's video AUC is .911"
         " on those,"
         " .490 on the others"),
        (99, 1, LEAKS, "99 of 100 NeuralTextures fakes have a twin in training: LoRA's video AUC is"
         " .911 on those,"
         " .490 on the other"),
        (90, 0, LEAKS, "Nine of ten NeuralTextures fakes have a twin in training: LoRA's video AUC is"
         " .911 on those;"
         " of the others it is not known who is in them"),
        (100, 0, LEAKS, "Every NeuralTextures fake has a twin in training: LoRA's video AUC is .800,"
         " and nothing here"
         " says how it does on others"),
        (0, 100, Seen(10, 100, 8, 98, 0), "On NeuralTextures, training has seen 98 of 100 fakes and 8"
         " of 10 reals:"
         " LoRA's video AUC is .800"),
        (0, 100, Seen(10, 100, 0, 0, 0, 0, 0), "Training and the 110 test videos share no known identity: on"
         " NeuralTextures LoRA's video AUC is .800"),
        (0, 100, Seen(10, 100, 0, 0, 0, 0, 40), "Training and the 110 test videos share no known"
         " identity, but of 40 test videos"
         " nobody knows who is in them: on NeuralTextures LoRA's video AUC is .800"),
        (0, 100, Seen(10, 100, 0, 0, 0, 0, 110), "On NeuralTextures LoRA's video AUC is .800; it is not"
         " known who is"
         " in its test videos, so leaks cannot be counted"),
        (50, 10, LEAKS, "Five of ten NeuralTextures fakes have a twin in training: LoRA's video AUC is"
         " .911 on those, .490 on the 10 known to have none"),
        (98, 1, LEAKS, "98 of 100 NeuralTextures fakes have a twin in training: LoRA's video AUC is"
         " .911 on those, .490 on the 1 known to have none"),
        (0, 100, Seen(10, 100, 0, 0, 0, 7, 0), "Training and the 110 test videos share no known identity, but"
         " validation has seen 7 of them: on NeuralTextures LoRA's video AUC is .800"),
        (0, 100, Seen(10, 100, 0, 0, 0, 7, 0, 5, 1), "Training and the 110 test videos share no known"
         " identity, but validation has seen 7 of them, and of 5 training and 1 validation videos nobody"
         " knows who is in them: on NeuralTextures LoRA's video AUC is .800"),
        (0, 100, Seen(100, 200, 0, 0, 0, 0, 0, is_repeated=True), "Training and the 300 test videos (a video"
         " counted once a repeat) share no known identity: on NeuralTextures LoRA's video AUC is .800"),
        (0, 0, NOT_COUNTED, "On NeuralTextures LoRA's video AUC is .800; what leaks was not counted"),
    ],
)  # fmt: skip
def test_the_leak_in_words(twin, no_twin, seen, said):
    assert opening.headline(compared(twin, no_twin), "lora", seen) == said


def test_an_undefined_auc_is_a_dash_in_the_headline():
    found = compared()
    for one in found["cells"]:
        one["detectors"]["lora"] = {"auc": None}
    text = opening.headline(found, "lora", LEAKS)
    assert text.endswith("LoRA's video AUC is – on those, – on the others")


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        ((0.2, 0.1, 0.3), "+.200 [.100, .300]: it does better on fakes that it knows."),
        ((-0.2, -0.3, -0.1), "here fakes without a twin are the easier ones."),
        ((0.1, -0.1, 0.3), "+.100 [−.100, .300]: no difference is shown."),
        ((0.1, None, None), "+.100 (no interval): nothing follows."),
    ],
)
def test_what_twins_are_worth_follows_the_interval_of_the_gap(gap, said):
    row = gap_row(9, 9, 9)
    row["detectors"]["lora"] = dict(zip(("auc", "low", "high"), gap, strict=True))
    (text,) = [p for p in lines(compared(leak_gaps=[row])).points if "minus without" in p]
    assert plain_spaces(text).endswith(said)


def test_what_twins_are_worth_is_judged_with_all_gaps_of_its_family():
    row = gap_row(9, 9, 9)
    together = {"low": -0.05, "high": 0.45, "p": 0.2}
    row["detectors"]["lora"] = {"auc": 0.2, "low": 0.1, "high": 0.3, "simultaneous": together}
    (text,) = [p for p in lines(compared(leak_gaps=[row])).points if "minus without" in p]
    assert plain_spaces(text).endswith("+.200 [−.050, .450]: no difference is shown.")


def lines(content, **more):
    found = findings(comparison=content, **more)
    return opening.opening(found, cast_of(content))


def test_the_protocol_beside_it_stands_with_its_counts():
    content = compared()
    content["cells"].append(in_protocol("grouped", gap=GAPS["above"], n=(20, 21)))
    row = {"n": 21, "any_seen": 0, "unknown": 0}
    clean = {"real": {**row, "n": 20}, "fake": row}
    said = " ".join(lines(content, leakage={"grouped FaceSwap": clean}).points)
    assert (
        "Under grouped (no shared identity known) LoRA minus the baseline is +.060 [.010,"
        " .110] video AUC"
        " (interval excludes 0)."
    ) in plain_spaces(said)
    said = " ".join(lines(content, leakage={}).points)
    assert "Under grouped (leaks not counted) LoRA" in said
    values = content["cells"][-1]["differences"]["lora"]
    values["simultaneous"] = {"low": -0.02, "high": 0.14, "p": 0.1}
    said = " ".join(lines(content, leakage={"grouped FaceSwap": clean}).points)
    assert "+.060 [−.020, .140] video AUC (not shown)" in plain_spaces(said)


def test_without_a_protocol_beside_it_nothing_is_said_of_one():
    points = lines(compared()).points
    assert all(points), "no empty line"
    assert not [text for text in points if text.startswith("Under ")]


def test_of_a_protocol_beside_it_whose_difference_is_undefined_nothing_is_said():
    content = compared()
    content["cells"].append(in_protocol("grouped", gap=(None, None, None), n=(20, 21)))
    assert not [text for text in lines(content).points if text.startswith("Under ")]


def test_power_is_told_where_nothing_is_shown_and_only_there():
    power = {"level": 0.8, "detectable": 0.17, "n_real": 1900, "n_fake": None}
    content = compared()
    for gap, told in (("open", True), ("above", False)):
        values = dict(zip(("auc", "low", "high"), GAPS[gap], strict=True))
        content["cells"][0]["differences"]["lora"] = {**values, "power": power}
        (conclusion,) = lines(content).conclusions
        assert ("a difference of .17 in four of five runs" in conclusion.text) == told
        assert conclusion.state == gap


def test_a_caution_stands_beside_the_primary_comparison():
    content = compared()
    place = {"protocol": "per_class", "train_set": "FaceSwap", "manipulation": "NeuralTextures"}
    content["primary"] = {
        "detector": "lora", "reference": "baseline", "metric": "auc", "level": "video", "stratum": "all",
        **place, "value": 0.2, "low": 0.1, "high": 0.3, "p": 0.01, "shown": False,
        "power": {"level": 0.8, "detectable": 0.17, "n_real": 1900, "n_fake": None},
        "caution": "pooled folds.", "n_real": 10, "n_fake": 100,
    }  # fmt: skip
    (conclusion,) = lines(content).conclusions
    assert conclusion.text.endswith("which is described, not tested. Caution: pooled folds.")
    assert conclusion.state == "open"


def test_one_detector_alone_has_a_headline_and_no_conclusion():
    content = compared()
    for one in content["cells"]:
        one["differences"] = {}
        del one["detectors"]["lora"]
    found = lines(content)
    assert found.conclusions == ()
    assert found.headline.startswith(
        "Nine of ten NeuralTextures fakes have a twin in training: the baseline's video"
    )
    assert not any("primary" in text or "secondary" in text for text in found.points)


def test_an_unusable_detector_is_a_red_state():
    content = compared(usable={"lora": {"usable": False, "reason": "r"}})
    assert lines(content).is_bad
    assert not lines(compared()).is_bad


def test_of_many_the_pair_is_told_and_the_others_are_counted():
    found = made_up_run.findings()
    said = opening.opening(found, cast_of(found.comparison))
    assert len(said.conclusions) == 1
    assert any(
        text.startswith("Of 11 other detectors, none has a metric that is worse") for text in said.points
    )
    assert said.headline.startswith(
        "Nine of ten NeuralTextures fakes have a twin in training: Effort's video AUC"
    )


def test_the_primary_comparison_chooses_whom_the_page_tells_of():
    content = made_up_run.comparison()
    content["primary"] = {
        "detector": "mlp", "reference": "baseline", "metric": "auc", "level": "video", "stratum": "all",
        "protocol": "grouped_kfold", "train_set": "FaceSwap", "manipulation": "NeuralTextures", "value": 0.02,
        "low": -0.1, "high": 0.14, "p": 0.5, "shown": False, "power": None, "n_real": 100, "n_fake": 100,
    }  # fmt: skip
    cast = cast_of(content, "lora")
    assert (cast.pairs, cast.chosen_by) == (("mlp",), "primary")
    found = made_up_run.findings(comparison=content)
    said = opening.opening(found, cast)
    assert "grouped folds (100 reals, 100 fakes)" in said.conclusions[0].text
    assert any("by a rule that no score has a say in" in text for text in said.points)
    assert any(text.startswith("Under per class (leaks) MLP minus") for text in said.points)


def test_controls_speak_in_the_first_lines_only_where_they_have_something_against_a_score():
    def points(controls):
        found = findings(controls=controls)
        return opening.opening(found, cast_of(found.comparison)).points

    quiet = points(made_up())
    assert quiet == points(None)
    assert [text for text in points(made_up(metadata="open")) if text not in quiet] == [
        text for text in points(made_up(metadata="open")) if text.startswith("File metadata alone")
    ]
    assert len(points(made_up(metadata="open"))) == len(quiet) + 1
