"""What training has seen of a test, in words that only counts decide."""

import pytest

from clipforensics.report.sections import seen
from clipforensics.report.sections.seen import NOT_COUNTED, Seen, seen_in_words, seen_of, status_in_words

CLEAN = Seen(10, 20, 0, 0, 0, 0, 0)
HEAD = {"headline": {"train_set": "A", "manipulation": "X", "protocol": "grouped"}}


def audit(real=0, fake=0, *, unknown=(0, 0), validation=None, n=(10, 20)):
    row = {"n": n[1], "any_seen": fake, "twin": fake, "unknown": unknown[1]}
    found = {
        "real": {"n": n[0], "any_seen": real, "unknown": unknown[0]}, "fake": {**row, "any_seen": 99},
        "manipulations": {"X": row, "Y": {**row, "any_seen": 7}},
    }  # fmt: skip
    if validation is not None:
        found["validation"] = {
            "real": {"any_seen": validation[0]},
            "manipulations": {"X": {"any_seen": validation[1]}},
        }
    return found


@pytest.mark.parametrize("protocol", ["official", "grouped", "per_class", "anything"])
def test_a_protocols_name_says_nothing(protocol):
    """The same counts give the same words, whatever the protocol is called."""
    leaks = seen_of(HEAD, {f"{protocol} A": audit(2, 4)}, protocol)
    assert leaks.status == "leaks"
    assert seen_in_words(leaks) == "training has seen 4 of 20 fakes (4 by a twin) and 2 of 10 reals"
    assert status_in_words(leaks) == "leaks"
    clean = seen_of(HEAD, {f"{protocol} A": audit()}, protocol)
    assert seen_in_words(clean) == "no shared identity is known"


@pytest.mark.parametrize(
    ("found", "status", "words"),
    [
        (Seen(10, 20, 1, 0, 0), "leaks", "training has seen 0 of 20 fakes and 1 of 10 reals"),
        (Seen(10, 20, 0, 0, 0, 3, 0), "clean",
         "no identity shared with training is known, but validation has seen 3 of 30 test videos"),
        (Seen(10, 20, 0, 0, 0, 0, 0, 5, 1), "clean",
         "no shared identity is known, and of 5 training and 1 validation videos it is not known who is in"
         " them"),
        (Seen(10, 20, 0, 0, 0, 0, 0, 0, 1), "clean",
         "no shared identity is known, and of 1 validation video it is not known who is in them"),
        (Seen(10, 20, 0, 0, 0, 0, 0, 59, 0, n_train=60), "clean",
         "no shared identity is known, and of 59 training videos it is not known who is in them"),
        (Seen(10, 20, 0, 0, 0, 0, 0, 60, 0, n_train=60), "unknown",
         "it is not known who is in the training videos, so leaks cannot be counted"),
        (Seen(10, 20, 0, 4, 0, 0, 0, is_repeated=True), "leaks",
         "training has seen 4 of 20 fakes and 0 of 10 reals, a video counted once a repeat"),
        (Seen(10, 20, 0, 0, 0, 0, 12), "clean",
         "no shared identity is known, and of 12 test videos it is not known who is in them"),
        (Seen(10, 20, 0, 0, 0, 0, 30), "unknown",
         "it is not known who is in its test videos, so leaks cannot be counted"),
        (Seen(10, 20, None, 0), "uncounted", "what leaks was not counted"),
        (Seen(10, 20, 0, None), "uncounted", "what leaks was not counted"),
        (NOT_COUNTED, "uncounted", "what leaks was not counted"),
        (Seen(0, 0, 0, 0), "uncounted", "what leaks was not counted"),
    ],
)  # fmt: skip
def test_every_state_has_its_words(found, status, words):
    assert found.status == status
    assert seen_in_words(found) == words
    assert ("no shared" in status_in_words(found)) == (status == "clean" and not found.by_validation)
    assert (status_in_words(found) == "seen by validation only") == bool(found.by_validation)


def test_only_where_every_video_is_known_nothing_is_held_back():
    """All unknown must never exonerate."""
    found = seen_of(HEAD, {"grouped A": audit(unknown=(10, 20))}, "grouped")
    assert found.status == "unknown"
    assert "no shared identity" not in seen_in_words(found)
    assert seen.about_unknown({"grouped": found}).startswith("Of 30 of 30 test videos it is not known")


def test_folds_and_repeats_are_summed_and_other_train_sets_left_out():
    audits = {
        "grouped_kfold-1 A": audit(0, 1), "grouped_kfold-2 A": audit(1, 0),
        "grouped_kfold-1 B": audit(9, 9), "grouped A": audit(5, 5),
    }  # fmt: skip
    assert seen_of(HEAD, audits, "grouped_kfold") == Seen(20, 40, 1, 1, 1, None, 0, n_splits=2)
    half = {**audits, "grouped_kfold-2 A": {"real": {"n": 1}, "fake": {"n": 1}}}
    assert seen_of(HEAD, half, "grouped_kfold").status == "uncounted", "a fold that nobody counted is no zero"


def test_counts_of_the_comparison_stand_in_where_there_is_no_audit():
    row = {"n_real": 4, "n_fake": 6, "real_seen": 0, "fake_seen": 2, "twin": 1, "val_seen": 5, "unknown": 0}
    compared = {**HEAD, "leaks": {"official": {"A": row}}}
    assert seen_of(compared, {}, "official") == Seen(4, 6, 0, 2, 1, 5, 0)
    assert seen_of(compared, {"official A": audit()}, "official").fake == 0, (
        "an audit is of the manipulation itself"
    )
    assert seen_of(compared, {}, "grouped") == NOT_COUNTED


def test_an_old_audit_knows_the_unknown_only_where_there_are_none():
    old = audit()
    for row in (old["real"], old["manipulations"]["X"]):
        del row["unknown"]
    assert seen_of(HEAD, {"grouped A": {**old, "unknown_identity": {"test": 0}}}, "grouped").unknown == 0
    assert seen_of(HEAD, {"grouped A": {**old, "unknown_identity": {"test": 3}}}, "grouped").unknown is None


def test_validation_is_counted_beside_training():
    found = seen_of(HEAD, {"grouped A": audit(validation=(1, 2))}, "grouped")
    assert found.by_validation == 3
    assert seen_in_words(found).endswith("but validation has seen 3 of 30 test videos")


def test_unknown_people_of_training_and_validation_are_read_and_told():
    whole = {"unknown_identity": {"train": 5, "val": 2, "test": 0}, "sizes": {"train": {"A": 30, "real": 30}}}
    found = seen_of(HEAD, {"grouped A": {**audit(), **whole}}, "grouped")
    assert (found.unknown_train, found.unknown_val, found.n_train) == (5, 2, 60)
    assert seen.about_unknown({"grouped": found}).startswith(
        "Of 5 training and 2 validation videos it is not"
    )
    some = Seen(10, 20, 0, 0, 0, 0, 3, 5)
    said = seen.about_unknown({"grouped": some, "per_class": CLEAN})
    assert said.startswith("Of 3 of 30 test videos and 5 training videos (grouped) it is not known")
    row = {"n_real": 4, "n_fake": 6, "real_seen": 0, "fake_seen": 0, "train_unknown": 7, "val_unknown": 8}
    found = seen_of({**HEAD, "leaks": {"official": {"A": row}}}, {}, "official")
    assert (found.unknown_train, found.unknown_val) == (7, 8)


def test_training_videos_of_several_splits_are_not_summed():
    counted = [{**audit(), "unknown_identity": {"train": n, "val": 0, "test": 0}} for n in (3, 5)]
    audits = {f"grouped_kfold-{place} A": one for place, one in enumerate(counted, 1)}
    assert "of up to 5 training videos it is" in seen_in_words(seen_of(HEAD, audits, "grouped_kfold"))


def test_videos_of_repeats_are_counted_once_a_repeat():
    splits = [f"grouped_repeat-{n}" for n in (1, 2)]
    audits = {f"{split} A": audit(unknown=(0, 3)) for split in splits}
    found = seen_of({**HEAD, "splits": {"grouped_repeat": splits}}, audits, "grouped_repeat")
    assert (found.n, found.is_repeated) == (60, True)
    said = seen.about_unknown({"grouped_repeat": found})
    assert said.startswith("Of 6 of 60 test videos (a video counted once a repeat) it is not known")


def test_sentences_on_protocols_and_reals():
    both = {"per_class": Seen(10, 20, 8, 20, 18), "grouped": Seen(10, 20, 0, 0, 0)}
    assert seen.about_protocols(both) == (
        "Per class: training has seen 20 of 20 fakes (18 by a twin) and 8 of 10 reals;"
        " grouped: no shared identity is known."
    )
    assert seen.about_protocols({None: NOT_COUNTED}) == ""
    assert seen.about_unknown(both) == ""
    some = {"per_class": Seen(10, 20, 8, 20, 18, None, 3), "grouped": Seen(30, 28, 0, 0, 0, None, 23)}
    said = (
        "Of 3 of 30 test videos (per class) and 23 of 58 test videos (grouped) it is not known who is in them"
    )
    assert seen.about_unknown(some).startswith(said)
    assert seen.about_reals(both["per_class"]).startswith("Of 10 test reals, 8 show somebody from training:")
    assert seen.about_reals(Seen(10, 20, 1, 0)).startswith("Of 10 test reals, 1 shows")
    assert seen.about_reals(both["grouped"]) == seen.about_reals(NOT_COUNTED) == ""


def test_a_headline_of_another_data_set_has_the_counts_of_that_one():
    head = {**HEAD, "headline": {**HEAD["headline"], "manipulation": "X@other"}}
    other = audit(1, 2)
    other["manipulations"] = {"X@other": other["manipulations"]["X"]}
    audits = {
        "grouped_kfold-1 A": {**audit(7, 8), "elsewhere": {"other": other}},
        "grouped_kfold-2 A": audit(7, 8),
    }
    found = seen_of(head, audits, "grouped_kfold")
    assert (found.real, found.fake, found.n_splits) == (1, 2, 1)
    row = {"n_real": 4, "n_fake": 6, "real_seen": 0, "fake_seen": 2}
    leaks = {"grouped": {"A": {"other": row}}}
    compared = {**head, "leaks": {"grouped": {"A": {**row, "fake_seen": 5}}}, "elsewhere": {"leaks": leaks}}
    assert seen_of(compared, {}, "grouped").fake == 2
