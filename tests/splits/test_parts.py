"""Protocols: their guarantees, their arithmetic, and the known leaks at true size."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video
from clipforensics.splits.folds import split_by_fold
from clipforensics.splits.leakage import audit, identity_groups
from clipforensics.splits.parts import (
    Split,
    available_manipulations,
    parse_train_set,
    resolve_test_manipulations,
    split_by_identity,
    split_official,
    split_per_class,
)
from tests.support.populations import fake, frame_package, full_ffpp, official_lists, population, real
from tests.support.shared_data import needs_shared

FF = {"train_manipulations": ["FaceSwap"], "test_manipulations": ["NeuralTextures", "FaceSwap"]}
REPORT = {"real_fractions": [0.8, 0.1, 0.1], "train_fractions": [0.9, 0.1], "seed": 42}
GROUPED = {"fractions": [0.7, 0.15, 0.15], "seed": 42}


def counts(split: Split) -> dict[str, Counter[str]]:
    return {part: Counter(video.manipulation for video in members) for part, members in split.parts().items()}


def names(videos: tuple[Video, ...], manipulation: str) -> set[str]:
    return {video.name for video in videos if video.manipulation == manipulation}


# Train sets and test manipulations


def test_a_train_set_is_one_manipulation_or_several():
    available = ["Deepfakes", "FaceSwap"]
    assert parse_train_set("FaceSwap", available) == ("FaceSwap",)
    assert parse_train_set("FaceSwap+Deepfakes", available) == ("FaceSwap", "Deepfakes")


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a/b", "FaceSwap+", "+", ".hidden", "Face Swap", "a\\b", "a\n"]
)
def test_a_train_set_that_is_no_safe_file_name_is_refused(name):
    with pytest.raises(InputError, match="must be manipulations joined by"):
        parse_train_set(name, ["FaceSwap", name])


def test_unknown_and_repeated_manipulations_are_refused():
    with pytest.raises(InputError, match=r"'Faceswap' is not .* it has Deepfakes, FaceSwap"):
        parse_train_set("Faceswap", ["FaceSwap", "Deepfakes"])
    with pytest.raises(InputError, match="twice"):
        parse_train_set("FaceSwap+FaceSwap", ["FaceSwap"])
    with pytest.raises(InputError, match=r"'real' is not a manipulation"):
        parse_train_set("real", available_manipulations(population()))


def test_rest_is_every_other_manipulation_in_its_place():
    available = ["D", "A", "C", "B"]
    assert resolve_test_manipulations(["C", "rest"], available) == ("C", "A", "B", "D")
    assert resolve_test_manipulations(["rest", "A"], available) == ("B", "C", "D", "A")
    assert resolve_test_manipulations(["B"], available) == ("B",)
    with pytest.raises(InputError, match="'X' is not"):
        resolve_test_manipulations(["X", "rest"], available)
    with pytest.raises(InputError, match="twice"):
        resolve_test_manipulations(["A", "A"], available)
    with pytest.raises(InputError, match="empty"):
        resolve_test_manipulations([], available)


# What all protocols promise


def split_with(protocol: str, videos: list[Video], **who) -> Split:
    who = who or FF
    if protocol == "per_class":
        return split_per_class(videos, **who, **REPORT)
    if protocol == "grouped":
        return split_by_identity(videos, **who, **GROUPED)
    ids = sorted({video.target for video in videos if video.label == 0})
    pairs = [list(pair) for pair in zip(ids[::2], ids[1::2], strict=True)]
    return split_official(videos, **who, lists={"train": pairs[:6], "val": pairs[6:8], "test": pairs[8:]})


protocols = pytest.mark.parametrize("protocol", ["per_class", "grouped", "official"])


@protocols
def test_parts_are_disjoint_and_hold_what_they_may(protocol):
    videos = population()
    split = split_with(protocol, videos)
    keys = [video.key for part in split.parts().values() for video in part]
    assert len(keys) == len(set(keys))
    for part, members in split.parts().items():
        assert {video.label for video in members} == {0, 1}, part
        assert list(members) == [video for video in videos if video in members]
    assert set(counts(split)["train"]) == set(counts(split)["val"]) == {"real", "FaceSwap"}
    in_domain = {"FaceSwap"} if protocol != "per_class" else set()
    assert set(counts(split)["test"]) == {"real", "NeuralTextures"} | in_domain


@protocols
def test_the_order_of_the_table_does_not_matter(protocol):
    videos = population()
    shuffled = videos[:]
    random.Random(5).shuffle(shuffled)
    first, second = split_with(protocol, videos), split_with(protocol, shuffled)
    for part, members in first.parts().items():
        assert set(members) == set(second.parts()[part])


@protocols
def test_a_table_that_lacks_a_class_or_manipulation_is_refused(protocol):
    with pytest.raises(InputError, match="no real video"):
        split_with(protocol, [video for video in population() if video.label == 1])
    with pytest.raises(InputError, match=r"'FaceSwap' is not .* it has NeuralTextures;"):
        split_with(protocol, [video for video in population() if video.manipulation != "FaceSwap"])
    with pytest.raises(InputError, match="it has no manipulated video; check its root"):
        split_with(protocol, [video for video in population() if video.label == 0])
    who = {"train_manipulations": ["FaceSwap"], "test_manipulations": ["Nope"]}
    with pytest.raises(InputError, match="test manipulations: 'Nope'"):
        split_with(protocol, population(), **who)


@pytest.mark.parametrize("protocol", ["per_class", "grouped"])
def test_another_seed_is_another_split(protocol, monkeypatch):
    first = split_with(protocol, population())
    monkeypatch.setitem(REPORT if protocol == "per_class" else GROUPED, "seed", 43)
    assert split_with(protocol, population()) != first


# Per class


def test_per_class_shuffles_sorted_names_with_one_generator_a_class():
    split = split_per_class(population(20), **FF, **REPORT)
    expected = sorted(video.name for video in population(20) if video.label == 0)
    random.Random(42).shuffle(expected)
    assert names(split.train, "real") == set(expected[:16])
    assert names(split.val, "real") == set(expected[16:18])
    assert names(split.test, "real") == set(expected[18:])


@pytest.mark.parametrize(
    ("n", "fractions", "sizes"),
    [
        (100, [0.8, 0.1, 0.1], (80, 10, 10)),
        (5, [0.8, 0.1, 0.1], (3, 1, 1)),  # 4, 4.5 -> 5, 5: test would be empty, so it takes one from train
        (3, [0.8, 0.1, 0.1], (1, 1, 1)),
        (15, [0.8, 0.1, 0.1], (12, 2, 1)),  # ends at 12, 13.5 -> 14, 15
        (10, [0.5, 0.25, 0.25], (5, 3, 2)),
    ],
)
def test_rounding(n, fractions, sizes):
    who = {"train_manipulations": ["FaceSwap"], "test_manipulations": ["Face2Face"]}
    videos = population(n, ("FaceSwap", "Face2Face"))
    split = split_per_class(videos, **who, real_fractions=fractions, train_fractions=[0.5, 0.5], seed=1)
    assert tuple(c["real"] for c in counts(split).values()) == sizes


def test_a_third_training_fraction_is_an_in_domain_test():
    settings = {**REPORT, "train_fractions": [0.8, 0.1, 0.1]}
    assert counts(split_per_class(population(), **FF, **settings))["test"]["FaceSwap"] == 2
    who = {"train_manipulations": ["FaceSwap"], "test_manipulations": ["NeuralTextures"]}
    assert "FaceSwap" not in counts(split_per_class(population(), **who, **settings))["test"]


def test_a_video_in_several_compressions_stays_in_one_part():
    videos = population(20)
    others = [
        Video(**{f: getattr(v, f) for f in v.__dataclass_fields__} | {"compression": "c23"}) for v in videos
    ]
    split = split_per_class(videos + others, **FF, **REPORT)
    assert not names(split.train, "real") & (names(split.val, "real") | names(split.test, "real"))
    assert len(split.train) == 2 * len(split_per_class(videos, **FF, **REPORT).train)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"real_fractions": [0.8, 0.1, 0.2]},
            r"real_fractions \[0.8, 0.1, 0.2\]: must be 0 or more and sum to 1",
        ),
        ({"real_fractions": [0.8, 0.2]}, "must be 3 numbers"),
        ({"real_fractions": [1.2, -0.1, -0.1]}, "must be 0 or more"),
        ({"train_fractions": [0.9, 0.2]}, "train_fractions"),
        ({"train_fractions": [float("nan"), 1.0]}, "must be 0 or more"),
        ({"real_fractions": [0.9, 0.1, 0.0]}, r"part test holds only manipulated videos \(20\)"),
        ({"train_fractions": [1.0, 0.0]}, r"part val holds only real videos \(2\)"),
        (
            {"real_fractions": [0.0, 0.0, 1.0], "train_fractions": [1.0, 0.0]},
            "part train holds only manipulated",
        ),
        ({"shuffle": "sklearn"}, "must be one of per_class, one_stream, numpy"),
    ],
)
def test_wrong_settings_are_refused_in_one_line(change, message):
    with pytest.raises(InputError, match=message) as error:
        split_per_class(population(), **FF, **{**REPORT, **change})
    assert "\n" not in str(error.value)


def test_too_few_videos_and_nothing_left_to_test_are_refused():
    with pytest.raises(InputError, match="real: 2 videos cannot fill 3 parts"):
        split_per_class(population(2), **FF, **REPORT)
    who = {"train_manipulations": ["FaceSwap"], "test_manipulations": ["FaceSwap"]}
    with pytest.raises(InputError, match="part test holds only real"):
        split_per_class(population(), **who, **REPORT)


# By identity


@st.composite
def tables(draw):
    """Random swaps between random people, some of whom share a YouTube video."""
    n = draw(st.integers(20, 60))
    people = [f"{i:02d}" for i in range(n)]
    youtube = {p: draw(st.sampled_from(["", f"y{int(p) // 2}", f"y{p}"])) for p in people}
    near = [f"{people[i]}_{people[i + 1]}" for i in range(0, n - 1, 2)]
    swaps = set(draw(st.lists(st.sampled_from(near), min_size=6, unique=True)))
    someone = st.sampled_from(people)
    swaps |= {f"{a}_{b}" for a, b in draw(st.lists(st.tuples(someone, someone), max_size=4)) if a != b}
    videos = [real(p, youtube=youtube[p]) for p in people]
    for manipulation in ("FaceSwap", "NeuralTextures"):
        videos += [
            fake(manipulation, s, youtube=tuple(youtube[p] for p in s.split("_"))) for s in sorted(swaps)
        ]
    return videos


@given(tables(), st.integers(0, 3))
@settings(deadline=None, max_examples=150)
def test_by_identity_no_identity_is_in_two_parts(videos, seed):
    split = split_by_identity(videos, **FF, fractions=[0.6, 0.2, 0.2], seed=seed)
    group = dict(zip([v.key for v in videos], identity_groups(videos).tolist(), strict=True))
    used = [{group[video.key] for video in part} for part in split.parts().values()]
    assert sum(map(len, used)) == len(set.union(*used))
    for part in (split.val, split.test):
        found = audit(split.train, part)
        assert all(found[kind][name] == 0 for kind in ("real", "fake") for name in ("any_seen", "twin"))


def test_by_identity_uses_every_video_it_may():
    videos = population(60)
    split = split_by_identity(videos, **FF, **GROUPED)
    assert sum(c["real"] for c in counts(split).values()) == 60
    assert sum(c["FaceSwap"] for c in counts(split).values()) == 60
    assert counts(split)["test"]["NeuralTextures"] == counts(split)["test"]["FaceSwap"]


def test_by_identity_an_identity_stays_in_its_part_for_every_train_set():
    videos = population(60, ("Deepfakes", "FaceSwap", "NeuralTextures"))
    tested = ["Deepfakes", "FaceSwap", "NeuralTextures"]
    parts = [
        split_by_identity(videos, train_manipulations=[name], test_manipulations=tested, **GROUPED)
        for name in ("Deepfakes", "FaceSwap")
    ]
    assert parts[0].test == parts[1].test


def test_by_identity_a_small_table_is_mended_until_each_part_has_both_labels():
    separate = [real(f"r{i}") for i in range(4)] + [fake("FaceSwap", f"a{i}_b{i}") for i in range(3)]
    split = split_by_identity(separate, train_manipulations=["FaceSwap"], test_manipulations=["FaceSwap"],
        fractions=[0.98, 0.01, 0.01], seed=0)  # fmt: skip
    assert [dict(sorted(c.items())) for c in counts(split).values()] == [
        {"FaceSwap": 1, "real": 2},
        {"FaceSwap": 1, "real": 1},
        {"FaceSwap": 1, "real": 1},
    ]


def test_by_identity_refuses_people_who_cannot_be_parted():
    chain = [real(f"{i}") for i in range(5)] + [fake("FaceSwap", f"{i}_{i + 1}") for i in range(4)]
    with pytest.raises(InputError, match=r"part .* share people"):
        split_by_identity(chain, train_manipulations=["FaceSwap"], test_manipulations=["FaceSwap"], **GROUPED)
    for fractions in ([0.8, 0.2, 0.0], [0.5, 0.4, 0.2], [1.0]):
        with pytest.raises(InputError, match="grouped_fractions"):
            split_by_identity(population(), **FF, fractions=fractions, seed=0)


# Official


def test_official_pairs_give_both_directions_and_leave_the_rest_out():
    extra = [real("900"), fake("FaceSwap", "000_003")]  # an id in no list; ids of two pairs
    lists = {"train": [["000", "001"]], "val": [["002", "003"]], "test": [["005", "004"]]}
    split = split_official(population(6) + extra, **FF, lists=lists)
    assert {v.name for v in split.train} == {"000", "001", "000_001", "001_000"}
    assert names(split.test, "NeuralTextures") == names(split.test, "FaceSwap") == {"004_005", "005_004"}
    assert not {"900", "000_003"} & {v.name for part in split.parts().values() for v in part}


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        ({"train": [], "val": []}, "must be train, val and test"),
        ({"train": [["0", "1"]], "val": [["1", "2"]], "test": []}, "id '1' is in train and in val"),
        ({"train": [[0, 1]], "val": [], "test": []}, r"official list train: \[0, 1\] is not a pair"),
        ({"train": ["01"], "val": [], "test": []}, "'01' is not a pair"),
        ({"train": [["0"]], "val": [], "test": []}, "is not a pair"),
        ({"train": [], "val": [], "test": []}, "part train is empty"),
    ],
)
def test_wrong_official_lists_are_refused(lists, message):
    with pytest.raises(InputError, match=message):
        split_official(population(), **FF, lists=lists)


# At true size


@needs_shared
def test_the_reports_protocol_on_the_frame_package_leaks_90_twins():
    split = split_per_class(frame_package(), **FF, **REPORT)
    assert counts(split) == {
        "train": {"real": 80, "FaceSwap": 90},
        "val": {"real": 10, "FaceSwap": 10},
        "test": {"real": 10, "NeuralTextures": 100},
    }
    assert audit(split.train, split.test)["manipulations"]["NeuralTextures"]["twin"] == 90


@needs_shared
@pytest.mark.parametrize(
    ("shuffle", "any_id", "reals"), [("per_class", 996, 96), ("one_stream", 1000, 99), ("numpy", 994, 94)]
)
def test_the_reports_protocol_on_1000_ids(shuffle, any_id, reals):
    split = split_per_class(full_ffpp(), **FF, **REPORT, shuffle=shuffle)
    found = audit(split.train, split.test)
    fakes = found["manipulations"]["NeuralTextures"]
    assert fakes["n"] == 1000
    assert fakes["target_is_training_real"] == fakes["source_is_training_real"] == 800
    assert fakes["twin"] == 900
    assert fakes["id_seen"] == any_id
    assert found["real"]["n"] == 100
    assert found["real"]["in_training_fake"] == reals


@needs_shared
@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=5)
def test_800_800_900_for_any_seed(seed):
    split = split_per_class(full_ffpp(), **FF, **{**REPORT, "seed": seed})
    fakes = audit(split.train, split.test)["fake"]
    assert (fakes["target_is_training_real"], fakes["source_is_training_real"], fakes["twin"]) == (
        800,
        800,
        900,
    )


@needs_shared
def test_the_official_split_leaks_no_id_but_two_youtube_videos():
    split = split_official(full_ffpp(), **FF, lists=official_lists())
    assert {part: c["real"] for part, c in counts(split).items()} == {"train": 720, "val": 140, "test": 140}
    found = audit(split.train, split.test)
    fakes, reals = found["manipulations"]["NeuralTextures"], found["real"]
    assert (fakes["n"], fakes["id_seen"], fakes["twin"]) == (140, 0, 0)
    assert (fakes["youtube_seen"], reals["youtube_seen"], reals["id_seen"]) == (4, 2, 0)
    youtube = {v.target_youtube for v in split.train}
    assert {v.target for v in split.test if v.label == 0 and v.target_youtube in youtube} == {"755", "955"}


@needs_shared
def test_by_identity_at_true_size_is_clean_and_near_its_fractions():
    manipulations = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures")
    split = split_by_identity(full_ffpp(manipulations), train_manipulations=["FaceSwap"],
        test_manipulations=manipulations, fractions=[0.8, 0.1, 0.1], seed=42)  # fmt: skip
    for part, share in (("train", 800), ("val", 100), ("test", 100)):
        assert abs(counts(split)[part]["real"] - share) <= 5
        assert abs(counts(split)[part]["FaceSwap"] - share) <= 5
    found = audit(split.train, split.test)
    assert found["real"]["any_seen"] == found["fake"]["any_seen"] == found["fake"]["twin"] == 0


@needs_shared
def test_by_identity_on_the_frame_package():
    split = split_by_identity(frame_package(youtube=True), **FF, fractions=[0.8, 0.1, 0.1], seed=42)
    for part, share in (("train", 80), ("val", 10), ("test", 10)):
        assert abs(counts(split)[part]["real"] - share) <= 2
        assert abs(counts(split)[part]["FaceSwap"] - share) <= 2


def test_where_identical_files_leave_a_part_without_a_label_it_says_so():
    videos = [replace(video, sha256=video.key) for video in population(12)]
    split_by_identity(videos, **FF, **GROUPED)
    copied = [replace(video, sha256="one file") if video.label else video for video in videos]
    first, second, *_ = (video.path for video in copied if video.label)
    with pytest.raises(InputError, match=r"^part \w+ (is empty|holds only)") as caught:
        split_by_identity(copied, **FF, **GROUPED)
    said = f"24 of these 36 videos are the same file as another, so {first!r} and {second!r}, and"
    assert said in str(caught.value)
    with pytest.raises(InputError, match="24 of these 36 videos are the same file"):
        split_by_fold(copied, **FF, n_folds=3, fold=1, seed=0)


def test_a_split_that_fails_without_identical_files_speaks_of_none():
    names = [f"{i:03d}" for i in range(6)]
    chain = [fake("FaceSwap", f"{a}_{b}") for a, b in zip(names, names[1:] + names[:1], strict=True)]
    videos = [replace(video, sha256=video.key) for video in [*map(real, names), *chain]]
    who = {"train_manipulations": ["FaceSwap"], "test_manipulations": ["FaceSwap"]}
    with pytest.raises(InputError, match="videos that share people cannot be parted") as caught:
        split_by_identity(videos, **who, **GROUPED)
    assert "same file" not in str(caught.value)
