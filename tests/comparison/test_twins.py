"""The permutation of twins: where it stands, which fakes take part, and where there is none."""

import numpy as np
import pandas as pd
import pytest

from clipforensics.comparison.by_protocol import compare_protocol
from clipforensics.comparison.meeting import compare_aucs, meet
from clipforensics.comparison.twins import with_permutations
from clipforensics.statistics.permutation import permute_status
from tests.support.result_files import FOLDS, OPTIONS, write_results

N_REAL, N_FAKE = 5, 12


def videos_of(part, twins=range(8)):
    """Reals, and fakes of people 0, 1, ...; the first eight have a twin."""
    rows = [(f"{part}/r{i}", 0, "real", f"r{i}", "", 0) for i in range(N_REAL)]
    rows += [
        (f"{part}/f{i}", 1, "NT" if part == "test" else "FS", f"{i}", "s", int(i in twins))
        for i in range(N_FAKE)
    ]
    table = pd.DataFrame(rows, columns=["key", "label", "manipulation", "target", "source", "twin"])
    return table.assign(group=range(len(table)), any_seen=table["twin"], unknown=0)


def scores_of(seed):
    """Two frames a video, twins scoring higher; rows shuffled."""
    rng, videos = np.random.default_rng(seed), videos_of("test")
    means = videos["label"] + 1.5 * videos["twin"] + rng.normal(size=len(videos))
    table = pd.concat([videos.assign(frame=f, part="test", score=means + f / 10) for f in (0, 1)])
    return table[["key", "manipulation", "label", "part", "frame", "score"]].sample(frac=1, random_state=1)


def gaps_of(trained, test=None, seeds=(1, 2)):
    scores = {("baseline", seed): scores_of(seed) for seed in seeds}
    meeting = meet(
        scores, videos_of("test") if test is None else test, "NT",
        aggregate="mean", cluster="video", n_replicates=50, seed=1,
    )  # fmt: skip
    _, gaps = compare_aucs(meeting, reference="baseline", confidence=0.95)
    return gaps, with_permutations(meeting, gaps, trained, n=199, seed=7)


def by_hand(seeds, chosen):
    """Share of reals that each chosen fake beats, mean over seeds, from the frames."""
    found = []
    for seed in seeds:
        video = scores_of(seed).groupby("key")["score"].mean()
        reals = np.array([video[f"test/r{i}"] for i in range(N_REAL)])
        found.append([(video[f"test/f{i}"] > reals).mean() for i in chosen])
    return np.mean(found, axis=0)


def test_the_gap_of_twins_by_video_has_a_permutation():
    before, after = gaps_of(videos_of("val"))
    expected = permute_status(by_hand((1, 2), range(12)), np.arange(12) < 8, n=199, seed=7)
    assert expected.p < 0.2
    for old, new in zip(before, after, strict=True):
        if (new["level"], new["subtrahend"]) == ("video", "no_twin"):
            found = new["detectors"]["baseline"].pop("permutation")
            assert found == {"p": pytest.approx(expected.p, abs=0.1), "n": 199, "n_twin": 8, "n_no_twin": 4}
        assert new == old


def test_fakes_that_could_have_had_no_twin_take_no_part():
    """People 10 and 11 are in no training manipulation at all; 9 is in one of two."""
    trained = videos_of("val")
    trained = trained[~trained["target"].isin(["10", "11"])]
    other = trained[trained["target"] != "9"].assign(manipulation="DF")
    for table, n in ((trained, 2), (pd.concat([trained, other]), 1)):
        found = gaps_of(table)[1][1]["detectors"]["baseline"]["permutation"]
        assert (found["n_twin"], found["n_no_twin"]) == (8, n)


@pytest.mark.parametrize("why", ["no training", "all twins", "shared status"])
def test_there_is_none_where_single_videos_were_not_drawn(why):
    trained, test = videos_of("val"), videos_of("test")
    if why == "no training":
        trained = trained[:0]
    elif why == "all twins":
        trained = trained[trained["twin"] != 0]
    else:
        test.loc[test["key"] == "test/f1", "target"] = "0"
    before, after = gaps_of(trained, test)
    assert after == before


def test_only_a_protocol_that_draws_twins_has_it(tmp_path):
    for splits, there in ((["per_class"], True), (["grouped"], False), (FOLDS, False)):
        results = write_results(tmp_path, splits, in_domain=False)
        rows = compare_protocol(results, splits, "FS", ["NT"], **OPTIONS)["leak_gaps"]
        found = [
            (row["level"], row["subtrahend"])
            for row in rows
            if all("permutation" in one for one in row["detectors"].values())
        ]
        assert found == ([("video", "no_twin")] if there else [])
