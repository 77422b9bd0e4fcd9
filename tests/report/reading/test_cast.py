"""Which detectors a page shows in full: few all, of many a pair and the best by validation."""

from clipforensics.report import page
from clipforensics.report.reading.cast import COLOURS, FEW, cast_of
from clipforensics.report.wording.names import name_of
from tests.support import made_up_run
from tests.support.made_up_findings import findings


def test_few_detectors_all_stand_side_by_side_in_the_order_of_the_file():
    cast = cast_of(findings().comparison)
    assert (cast.order, cast.pairs, cast.named) == (("baseline", "lora"), ("lora",), ("baseline", "lora"))
    assert (cast.is_large, cast.rest, cast.chosen_by) == (False, (), "")
    three = cast_of(made_up_run.comparison(("baseline", "lora", "effort")))
    assert three.pairs == ("lora", "effort")
    assert not three.is_large
    assert FEW == 3


def test_of_many_the_page_opens_with_the_first_by_validation_or_with_whom_params_name():
    compared = made_up_run.comparison()
    cast = cast_of(compared, "baseline")
    assert (cast.order[:3], cast.pairs) == (("baseline", "effort", "zero_shot"), ("effort",))
    assert cast.named == cast.order[:COLOURS]
    assert (len(cast.rest), cast.chosen_by, cast.shown) == (8, "validation", ("baseline", "effort"))
    named = cast_of(compared, "full")
    assert (named.pairs, named.chosen_by) == (("full",), "detector")
    assert named.named == ("baseline", "full", "effort", "zero_shot", "clip_adapter")
    assert (named.colour("full"), named.colour("lora"), named.place("nobody")) == (1, None, 13)


def test_the_best_but_the_reference_is_the_pair_where_the_reference_leads():
    cast = cast_of(made_up_run.comparison(leader="baseline"))
    assert cast.pairs == ("zero_shot",)
    text = page.about_pair(made_up_run.comparison(leader="baseline"), cast)
    second = name_of("zero_shot")
    assert text == f"The baseline itself is first by validation, {second} second of 13 by validation."
    named = cast_of(made_up_run.comparison(), "full")
    text = page.about_pair(made_up_run.comparison(), named)
    assert text == f"params.yaml names {name_of('full')}, number 13 of 13 by validation."


def test_between_few_and_colours_all_have_a_colour():
    four = made_up_run.comparison(("baseline", "lora", "mlp", "effort"))
    cast = cast_of(four)
    assert (cast.is_large, cast.named, cast.rest) == (True, ("baseline", "effort", "lora", "mlp"), ())


def test_without_a_league_the_order_is_that_of_the_file():
    old = {**made_up_run.comparison(), "league": []}
    cast = cast_of(old)
    assert (cast.order, cast.pairs, cast.chosen_by) == (made_up_run.DETECTORS, ("zero_shot",), "")
    assert "stands first in the file" in page.about_pair(old, cast)
