"""Sentences of a card: of leaks, of probabilities; what a name holds stays text."""

from types import SimpleNamespace

from clipforensics.publishing.sentences import choice_words, leak_words, probability_words, reals_words


def leakage(seen=0, twins=0, unknown=0, by_validation=0):
    fake = {"n": 20, "twin": twins, "any_seen": seen}
    rows = {"fake": fake, "real": {"n": 10, "any_seen": 0}}
    return {
        **rows,
        "unknown_identity": {"train": unknown, "test": 0},
        "validation": {**rows, "fake": {**fake, "any_seen": by_validation}},
    }


def test_a_leak_is_counted_and_none_is_said():
    said = leak_words(leakage(seen=7, twins=3))
    assert "7 of 30 test videos show somebody" in said
    assert "3 of 20 manipulated ones have a twin there" in said
    assert leak_words(leakage()) == "No test video is known to share an identity with training."
    assert leak_words(leakage(unknown=4)).endswith(" Of 4 videos it is not known who is in them.")
    assert leak_words(leakage(by_validation=3)).endswith(
        " 3 show somebody from validation, on which everything was chosen."
    )


def test_a_choice_among_candidates_is_told():
    assert choice_words(1) == ""
    assert "the best of 8 on validation" in choice_words(8)


def test_a_probability_is_promised_only_where_a_map_was_fitted():
    assert "no probability of .8." in probability_words({"calibration": None})
    fitted = {"slope": 0.0, "intercept": 0.25, "note": "no *better*"}
    said = probability_words({"calibration": fitted, "prior": 0.5})
    assert "slope 0 and intercept 0.25" in said
    assert r"(slope 0: no \*better\*)" in said
    assert "a share of .500 is manipulated" in said


def test_the_reals_of_other_data_sets_are_told_apart():
    def words(*names):
        tests = {name: {"video": {"n_real": 9 if "@" in name else 12}} for name in names}
        return reals_words(SimpleNamespace(evaluation={"test": tests}))

    assert words("NT", "DF") == "all 12 real test videos"
    assert words("X@other", "NT").startswith(
        "all 12 real test videos; a row of another data set, against all"
    )
