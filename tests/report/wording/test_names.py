"""What things are called: a detector by its module's title, a protocol in words, the rest by its own name."""

import pytest

from clipforensics.alterations.degradations import DEGRADATIONS
from clipforensics.metrics.strata import STRATA
from clipforensics.metrics.thresholds import RULES
from clipforensics.report.wording import names


def test_a_detector_has_a_name_in_a_sentence_and_another_at_its_head():
    assert (names.name_of("baseline"), names.label_of("baseline")) == ("the baseline", "Baseline")
    assert (names.name_of("lora"), names.label_of("lora")) == ("LoRA", "LoRA")
    assert (names.name_of("my_own"), names.label_of("my_own")) == ("my_own", "my_own")


@pytest.mark.parametrize(
    ("name", "words"),
    [("per_class", "per class"), ("grouped_kfold", "grouped folds"), ("grouped_kfold-2", "grouped fold 2")],
)
def test_a_protocol_in_words(name, words):
    assert names.protocol_in_words(name) == words


def test_keys_read_as_words_and_begin_a_sentence():
    assert names.words("any_seen") == "any seen"
    assert names.capital("leaks, LoRA") == "Leaks, LoRA"
    assert names.capital("") == ""


def test_everything_that_the_library_names_has_words():
    assert set(names.STRATA) == {"all", *STRATA}
    assert set(names.RULES) == set(RULES)
    assert set(names.DEGRADATIONS) == {"none", *DEGRADATIONS}


def test_a_metric_in_a_sentence_and_which_way_is_better():
    assert (names.metric_in_words("brier"), names.metric_in_words("mine")) == ("Brier score", "mine")
    assert {"brier", "ece", "eer", "fpr"} <= names.LESS_IS_BETTER
    assert not {"auc", "tpr", "f1", "accuracy"} & names.LESS_IS_BETTER
