"""Flags and counts of a split agree with the pairs of videos that they are made of, data set by data set."""

from clipforensics.splits.auditing import audit_of, flags_of, summary
from clipforensics.splits.elsewhere import groups_of
from clipforensics.splits.leakage import find_leaks
from tests.splits.test_elsewhere import OWN, elsewhere, split


def audited(others):
    made = split("per_class", others)
    return made, audit_of(made, groups_of(made, [*OWN, *others]))


def test_counts_are_told_apart_by_data_set():
    made, audit = audited(elsewhere(24, identities_of="FF"))
    for of, name in ((audit, made.train[0].dataset), (audit["elsewhere"]["other"], "other")):
        test = [video for video in made.test if video.dataset == name]
        for kind, label in (("real", 0), ("fake", 1)):
            chosen = [video for video in test if video.label == label]
            assert of[kind]["n"] == len(chosen)
            for known, where in ((made.train, of), (made.val, of["validation"])):
                seen = sum(leak.any_seen for leak in find_leaks(known, chosen))
                assert where[kind]["any_seen"] == seen
    assert audit["elsewhere"]["other"]["fake"]["any_seen"] > 0


def test_one_data_set_has_nothing_elsewhere_and_strangers_are_seen_by_nobody():
    assert "elsewhere" not in audited([])[1]
    found = audited(elsewhere(6))[1]["elsewhere"]["other"]
    assert (found["real"]["any_seen"], found["fake"]["any_seen"]) == (0, 0)


def test_unknown_people_are_counted_by_part_without_other_data_sets():
    others = elsewhere(2)
    nobody = [*others, *(video for video in elsewhere(3) if not video.label)]
    made, audit = audited(nobody[:4])
    assert audit["unknown_identity"] == {"train": 0, "val": 0, "test": 0}
    assert summary(made).startswith("in test ")


def test_flags_stand_in_the_order_of_each_part():
    made, _ = audited(elsewhere(24, identities_of="FF"))
    flags = flags_of(made)
    assert {part: len(of["unknown"]) for part, of in flags.items()} == {
        part: len(members) for part, members in made.parts().items()
    }
    assert flags["test"]["any_seen"] == [leak.any_seen for leak in find_leaks(made.train, made.test)]
    assert flags["test"]["val_twin"] == [leak.twin for leak in find_leaks(made.val, made.test)]
