"""People parted, videos across left out: nobody is in two parts, and few videos are lost."""

from collections import Counter
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.core.records import Video
from clipforensics.splits import cut
from clipforensics.splits.cut import split_by_cut
from clipforensics.splits.leakage import find_leaks, identity_groups, people_in
from clipforensics.splits.parts import Split, split_by_identity
from tests.support.populations import celeb_df, fake, frame_package, population, real
from tests.support.shared_data import needs_shared

WHO = {"train_manipulations": ["A"], "test_manipulations": ["A", "B"]}
SHARES = {"fractions": [0.5, 0.25, 0.25], "seed": 7}


def ring(n: int = 12, manipulations: tuple[str, ...] = ("A", "B")) -> list[Video]:
    """n people, each swapped with the next two: one group."""
    pairs = [f"{i:02d}_{(i + step) % n:02d}" for i in range(n) for step in (1, 2)]
    return [real(f"{i:02d}") for i in range(n)] + [fake(m, pair) for m in manipulations for pair in pairs]


def strangers(seed: int, manipulations: str = "AB") -> list[Video]:
    """Swaps of 24 people at random, in each manipulation others."""
    rng, people = np.random.default_rng(seed), [f"{i:02d}" for i in range(24)]
    swaps = {m: {"_".join(rng.choice(people, 2, replace=False)) for _ in range(40)} for m in manipulations}
    return [real(p) for p in people] + [fake(m, pair) for m in manipulations for pair in sorted(swaps[m])]


def place_of_people(videos: list[Video], split: Split) -> dict[int, str]:
    """The part of everybody, by their real videos."""
    part_of = {v.target: part for part, members in split.parts().items() for v in members if not v.label}
    people = people_in(videos)
    return {int(some[0]): part_of[v.target] for v, some in zip(videos, people, strict=True) if not v.label}


def cost(videos: list[Video], where: dict[int, str]) -> float:
    """Share of videos lost plus ten times the squared distance from the shares, class by class."""
    kinds, people, total = sorted({v.manipulation for v in videos}), people_in(videos), 0.0
    for kind in kinds:
        ours = [some.tolist() for v, some in zip(videos, people, strict=True) if v.manipulation == kind]
        total += sum(len({where[p] for p in some}) > 1 for some in ours) / len(ours)
        for part, wanted in zip(("train", "val", "test"), SHARES["fractions"], strict=True):
            held = sum(np.mean([where[p] == part for p in some]) for some in ours) / len(ours)
            total += 10 * (held - wanted) ** 2
    return total / len(kinds)


def nobody_twice(split: Split) -> bool:
    """By the flags, in each direction between any two parts."""
    parts = split.parts().values()
    pairs = [pair for a, b in combinations(parts, 2) for pair in ((a, b), (b, a))]
    return not any(leak.any_seen for a, b in pairs for leak in find_leaks(a, b))


@st.composite
def entangled(draw):
    """Random swaps, couples, shared YouTube videos and copies among few people."""
    people = [f"{i:02d}" for i in range(draw(st.integers(9, 16)))]
    someone = st.sampled_from(people)
    videos = [
        replace(
            real(p, youtube=draw(st.sampled_from(["", "", f"y{int(p) // 2}"]))),
            others=draw(st.sampled_from(["", "", "", f"{(int(p) + 1) % 8:02d}", "lone+other"])),
            sha256=draw(st.sampled_from(["", "", "", "same"])),
        )
        for p in people
    ]
    pairs = sorted(draw(st.sets(st.tuples(someone, someone), min_size=8, max_size=40)))
    videos += [fake(m, f"{a}_{b}") for m in ("A", "B") for a, b in pairs]
    return videos + [fake("A", f"{i}a_{i}b") for i in range(4)] + [real("lost")]


@given(entangled(), st.integers(0, 3))
@settings(deadline=None, max_examples=30)
def test_no_identity_is_in_two_parts_and_no_video_is_forgotten(videos, seed):
    try:
        split = split_by_cut(videos, **WHO, fractions=[0.5, 0.25, 0.25], seed=seed)
    except InputError:
        assume(False)
    assert nobody_twice(split)
    unused = [v for v in videos if all(v not in part for part in (*split.parts().values(), split.left_out))]
    assert {v.manipulation for v in unused} <= {"B"}, "of reals and training fakes none goes unaccounted for"
    people = dict(
        zip([v.key for v in videos], map(set, map(np.ndarray.tolist, people_in(videos))), strict=True)
    )
    place = {p: part for part, members in split.parts().items() for v in members for p in people[v.key]}
    for video in split.left_out:
        assert len({place.get(p, p) for p in people[video.key]}) > 1, "it could have stayed"


@given(entangled())
@settings(deadline=None, max_examples=40)
def test_people_are_those_of_a_slow_search(videos):
    """Ids of one YouTube video are one; videos of the same bytes share one; else an id is a person."""
    people = people_in(videos)
    youtube = {v.target: v.target_youtube for v in videos if v.target_youtube}
    person = {name: youtube.get(name, name) for v in videos for name in v.people}
    for (a, one), (b, two) in combinations(zip(videos, people, strict=True), 2):
        shared = {person[p] for p in a.people} & {person[p] for p in b.people}
        expected = len(shared) + (bool(a.sha256) and a.sha256 == b.sha256)
        assert len(set(one.tolist()) & set(two.tolist())) == expected
    assert all(len(set(some.tolist())) == len(some) >= 1 for some in people)


def test_where_groups_are_small_nothing_is_lost_and_the_shares_are_kept():
    videos = population(60, ("A", "B"))
    split = split_by_cut(videos, **WHO, **SHARES)
    assert split.left_out == ()
    assert split.why == ""
    sizes = {part: Counter(v.manipulation for v in members) for part, members in split.parts().items()}
    assert {part: count["real"] for part, count in sizes.items()} == {"train": 30, "val": 16, "test": 14}


@pytest.mark.parametrize("seed", range(5))
def test_three_circles_are_cut_where_they_touch(seed):
    """Everybody is swapped with everybody of the circle, and one of it with one of the next: one group."""
    ties = [f"{a}{i}_{a}{j}" for a in "xyz" for i, j in product(range(4), repeat=2) if i != j]
    videos = [real(f"{a}{i}") for a in "xyz" for i in range(4)]
    videos += [fake(m, pair) for m in ("A", "B") for pair in [*ties, "x0_y0", "y1_z1"]]
    assert len(set(identity_groups(videos).tolist())) == 1
    split = split_by_cut(videos, **WHO, fractions=[0.34, 0.33, 0.33], seed=seed)
    assert sorted(v.name for v in split.left_out) == ["x0_y0", "x0_y0", "y1_z1", "y1_z1"]
    assert split.why == "their people are in two parts"


@pytest.mark.parametrize("starts", [cut.STARTS, 0])
@pytest.mark.parametrize("videos", [ring(), *(strangers(seed) for seed in range(4))])
def test_the_search_ends_where_no_single_move_is_better(monkeypatch, videos, starts):
    """Against a slow cost of every neighbour, on tables that lose videos whatever is done."""
    monkeypatch.setattr(cut, "STARTS", starts)
    place = place_of_people(videos, split_by_cut(videos, **WHO, **SHARES))
    here = cost(videos, place)
    for person, part in product(place, ("train", "val", "test")):
        assert cost(videos, {**place, person: part}) >= here - 1e-9


@pytest.mark.parametrize("manipulations", ["A", "ABCD"])
@pytest.mark.parametrize("seed", range(4))
def test_the_best_end_of_all_starts_counts(monkeypatch, seed, manipulations):
    """More starts end no worse, by the slow cost; their first ones are the same."""
    videos = strangers(seed, manipulations)
    who = {"train_manipulations": list(manipulations), "test_manipulations": list(manipulations)}
    found = []
    for n in range(9):
        monkeypatch.setattr(cut, "STARTS", n)
        found.append(round(cost(videos, place_of_people(videos, split_by_cut(videos, **who, **SHARES))), 9))
    assert found == sorted(found, reverse=True)
    assert len(set(found)) > 1


def test_the_same_seed_gives_the_same_split_in_any_order_and_another_another():
    videos = ring(20)
    split = split_by_cut(videos, **WHO, **SHARES)
    turned = split_by_cut(videos[::-1], **WHO, **SHARES)
    for part, members in split.parts().items():
        assert set(members) == set(turned.parts()[part])
    others = [split_by_cut(videos, **WHO, fractions=SHARES["fractions"], seed=seed) for seed in range(4)]
    assert any(set(other.test) != set(split.test) for other in others)


def test_people_who_could_only_be_tested_are():
    videos = [*ring(), *(fake("B", f"n{i}_m{i}") for i in range(9))]
    split = split_by_cut(videos, **WHO, **SHARES)
    assert {f"n{i}_m{i}" for i in range(9)} <= {video.name for video in split.test}


def test_what_cannot_be_parted_is_refused_with_the_reason():
    swaps = [fake("A", f"{x}_{y}") for x, y in product("abc", repeat=2) if x != y]
    together = [real("a"), real("b"), real("c"), *swaps]
    who = {"train_manipulations": ["A"], "test_manipulations": ["A"]}
    with pytest.raises(InputError, match=r"part .* \(6 videos are left out: their people are in two parts\)"):
        split_by_cut(together, **who, **SHARES)
    with pytest.raises(InputError, match=r"grouped_fractions .* positive"):
        split_by_cut(ring(), **WHO, fractions=[0.5, 0.5, 0.0], seed=1)
    with pytest.raises(InputError, match="'C' is not a manipulation"):
        split_by_cut(ring(), train_manipulations=["C"], test_manipulations=["A"], **SHARES)


def test_celeb_df_at_its_true_size_is_one_giant_group_which_grouped_cannot_part_and_this_can():
    videos = celeb_df()
    sizes = np.bincount(identity_groups(videos))
    assert (len(videos), sizes.max(), len(sizes)) == (6529, 6229, 301)
    who = {"train_manipulations": ["Celeb-synthesis"], "test_manipulations": ["Celeb-synthesis"]}
    shares = {"fractions": [0.6, 0.2, 0.2], "seed": 42}
    with pytest.raises(InputError, match="holds only real"):
        split_by_identity(videos, **who, **shares)
    split = split_by_cut(videos, **who, **shares)
    assert nobody_twice(split)
    counts = {part: Counter(v.label for v in members) for part, members in split.parts().items()}
    fakes = sum(count[1] for count in counts.values())
    assert sum(count[0] for count in counts.values()) == 890, "every real video stays"
    assert len(split.left_out) == 5639 - fakes
    assert fakes / 5639 > 0.6**2 + 2 * 0.2**2, "better than any people of these shares"
    assert min(count[1] for count in counts.values()) > 150
    assert counts["train"][0] / 890 == pytest.approx(0.6, abs=0.03)


@needs_shared
def test_the_frame_package_loses_nothing():
    split = split_by_cut(
        frame_package(), train_manipulations=["FaceSwap"], test_manipulations=["NeuralTextures"],
        fractions=[0.6, 0.2, 0.2], seed=42,
    )  # fmt: skip
    assert split.left_out == ()
    assert nobody_twice(split)
