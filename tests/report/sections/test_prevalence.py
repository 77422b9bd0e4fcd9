"""What a verdict is worth where fakes are rare, from the rates of the files."""

import pytest

from clipforensics.report.sections.prevalence import operating, prevalence_section
from tests.support.comparison_cells import in_protocol, metric_row, plain_spaces, under_protocols


def run(tpr=0.9, fpr=0.1):
    point = {"n_real": 10, "n_fake": 100, "at_validation": {"tpr": tpr, "fpr": fpr}}
    return {"detector": "lora", "test": {"NeuralTextures": {"video": point}}}


def rates(tpr, fpr, **more):
    rows = [metric_row(name, 0.5, detectors={"lora": dict(zip(("value", "low", "high"), v, strict=True))})
            for name, v in (("tpr", tpr), ("fpr", fpr))]  # fmt: skip
    return under_protocols(in_protocol("per_class"), metrics=rows, **more)


def test_rates_with_intervals_come_from_the_comparison():
    one = operating(rates((0.9, 0.8, 0.95), (0.1, 0.02, 0.3)), [run(0.1, 0.9)], "lora")
    assert (one.tpr.value, one.tpr.bounds, one.fpr.bounds) == (0.9, (0.8, 0.95), (0.02, 0.3))


def test_a_rate_without_an_interval_has_the_exact_one():
    """No real of ten accused must not read as a PPV of 1 for certain."""
    one = operating(rates((0.9, 0.8, 0.95), (0.0, None, None)), [], "lora")
    assert one.fpr.bounds == pytest.approx((0.0, 1 - 0.025**0.1))
    wider = operating(rates((0.9, 0.8, 0.95), (0.0, None, None), bootstrap={"confidence": 0.99}), [], "lora")
    assert wider.fpr.high == pytest.approx(1 - 0.005**0.1)
    bare = operating(under_protocols(in_protocol("per_class")), [run()], "lora")
    assert bare.is_bounded


def test_the_sentence_is_about_one_fake_in_a_hundred():
    found = prevalence_section(rates((0.9, 0.8, 0.95), (0.1, 0.02, 0.3)), [], ["lora", "baseline"])
    assert plain_spaces(found.lead).endswith("would be: LoRA .083 [.026, .324].")
    assert found.names == ("LoRA",)
    assert [caption[:3] for caption, _ in found.figures] == ["PPV", "NPV"]


def test_nobody_called_manipulated_is_said():
    found = prevalence_section(rates((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)), [], ["lora"])
    assert found.lead.endswith("LoRA calls nothing manipulated.")


def test_without_rates_there_is_no_figure():
    found = prevalence_section(under_protocols(in_protocol("per_class")), [], ["lora"])
    assert found.figures == ()
    assert "no rates at a threshold" in found.lead
