"""Error lists: who is in them, in which order, against a slow loop."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clipforensics.core.faults import InputError
from clipforensics.metrics.errors import find_worst_frames, list_errors, video_table

HALF = {"frame": 0.5, "video": 0.5}


def frames_of(videos: dict[str, tuple[int, list[float]]]) -> pd.DataFrame:
    """`{key: (label, scores)}` as a table of frames, every tenth frame of each video."""
    rows = [
        {"key": key, "manipulation": key.split("/")[1], "label": label, "frame": 10 * i, "score": score}
        for key, (label, scores) in videos.items()
        for i, score in enumerate(scores)
    ]
    return pd.DataFrame(rows, columns=["key", "manipulation", "label", "frame", "score"])


FRAMES = frames_of(
    {
        "d/real/-/b": (0, [0.9, 0.7]),
        "d/real/-/a": (0, [0.7, 0.9]),
        "d/real/-/c": (0, [0.95, 0.99]),
        "d/real/-/right": (0, [0.1, 0.6, 0.2]),
        "d/FaceSwap/-/000_003": (1, [0.3, 0.2, 0.4]),
        "d/NeuralTextures/-/000_003": (1, [0.1, 0.1, 0.9]),
        "d/NeuralTextures/-/right": (1, [0.5, 0.5]),  # score >= threshold is manipulated
    }
)


def keys(rows):
    return [row["key"] for row in rows]


def test_lists_are_ranked_by_how_wrong_and_ties_by_key():
    found = list_errors(FRAMES, HALF)
    assert keys(found["false_positives"]) == ["d/real/-/c", "d/real/-/a", "d/real/-/b"]
    assert keys(found["false_negatives"]) == ["d/FaceSwap/-/000_003", "d/NeuralTextures/-/000_003"]
    assert [round(row["score"], 3) for row in found["false_negatives"]] == [0.3, 0.367]
    assert found["threshold"] == found["frame_threshold"] == 0.5


def test_the_worst_videos_have_the_highest_share_of_wrong_frames():
    found = list_errors(FRAMES, HALF, worst_videos=6)["worst_videos"]
    assert keys(found) == [
        "d/FaceSwap/-/000_003",
        "d/real/-/a",
        "d/real/-/b",
        "d/real/-/c",
        "d/NeuralTextures/-/000_003",
        "d/real/-/right",
    ]
    assert [round(row["error_rate"], 3) for row in found] == [1, 1, 1, 1, 0.667, 0.333]
    assert found[4] == {
        "key": "d/NeuralTextures/-/000_003",
        "manipulation": "NeuralTextures",
        "label": 1,
        "score": pytest.approx(1.1 / 3),
        "mean_score": pytest.approx(1.1 / 3),
        "n_frames": 3,
        "error_rate": pytest.approx(2 / 3),
        "worst_frames": [0, 10, 20],
        "frames": [0, 10, 20],
        "scores": [0.1, 0.1, 0.9],
        "spread": pytest.approx(np.sqrt(((0.1 - 1.1 / 3) ** 2 * 2 + (0.9 - 1.1 / 3) ** 2) / 3)),
        "twin": None,
        "any_seen": None,
        "group": None,
    }
    assert len(list_errors(FRAMES, HALF)["worst_videos"]) == 5
    assert len(list_errors(FRAMES, HALF, worst_videos=99)["worst_videos"]) == 7


def test_worst_frames_are_the_highest_of_a_real_and_the_lowest_of_a_manipulated_video():
    real = frames_of({"d/real/-/a": (0, [0.2, 0.9, 0.9, 0.5])})
    assert find_worst_frames(real.iloc[::-1], 3) == [10, 20, 30]
    assert find_worst_frames(real.assign(label=1), 2) == [0, 30]
    assert find_worst_frames(real, 9) == [10, 20, 30, 0]


def test_scores_over_time_stand_in_the_order_of_the_frames_whatever_that_of_the_rows():
    shuffled = FRAMES.sample(frac=1, random_state=3)
    found = {row["key"]: row for row in list_errors(shuffled, HALF, worst_videos=99)["worst_videos"]}
    assert found["d/FaceSwap/-/000_003"]["frames"] == [0, 10, 20]
    assert found["d/FaceSwap/-/000_003"]["scores"] == [0.3, 0.2, 0.4]
    assert found["d/NeuralTextures/-/right"]["spread"] == 0.0
    for row in found.values():
        assert row["spread"] == pytest.approx(
            np.sqrt(np.mean((np.array(row["scores"]) - row["mean_score"]) ** 2))
        )


def test_an_entry_repeats_what_training_knows_of_the_video():
    keys_ = sorted(set(FRAMES["key"]), reverse=True)
    test = pd.DataFrame({"key": keys_, "twin": 0, "any_seen": 1, "group": range(10, 10 + len(keys_))})
    test.loc[test["key"] == "d/FaceSwap/-/000_003", ["twin", "any_seen"]] = 1, 0
    found = list_errors(FRAMES, HALF, worst_videos=99, test=test)
    groups = dict(zip(test["key"], test["group"], strict=True))
    for row in found["worst_videos"]:
        assert row["group"] == groups[row["key"]]
        assert (row["twin"], row["any_seen"]) == ((1, 0) if row["key"] == "d/FaceSwap/-/000_003" else (0, 1))
    assert found["false_negatives"][0]["twin"] == 1
    json.dumps(found)
    unknown = list_errors(FRAMES, HALF, test=test.drop(columns="group"))["worst_videos"][0]
    assert (unknown["group"], unknown["twin"]) == (None, 1)


def test_a_test_table_that_does_not_fit_the_scores_is_refused():
    test = pd.DataFrame({"key": sorted(set(FRAMES["key"])), "twin": 0})
    with pytest.raises(InputError, match="'d/FaceSwap/-/000_003' it lacks or holds twice"):
        list_errors(FRAMES, HALF, test=test[1:])
    with pytest.raises(InputError, match="'d/real/-/right' it lacks or holds twice"):
        list_errors(FRAMES, HALF, test=pd.concat([test, test[-1:]]))


def test_frames_and_videos_have_their_own_thresholds_and_pooling_is_chosen():
    found = list_errors(FRAMES, {"frame": 0.05, "video": 0.97}, aggregate="max")
    assert keys(found["false_positives"]) == ["d/real/-/c"]
    assert found["false_positives"][0]["score"] == 0.99
    assert found["false_positives"][0]["mean_score"] == pytest.approx(0.97)
    assert all(row["error_rate"] == 1.0 for row in found["worst_videos"][:4])
    assert (found["threshold"], found["frame_threshold"]) == (0.97, 0.05)


def test_nothing_wrong_makes_empty_lists():
    found = list_errors(frames_of({"d/real/-/a": (0, [0.1]), "d/X/-/a_b": (1, [0.9])}), HALF)
    assert found["false_positives"] == found["false_negatives"] == []
    assert [row["error_rate"] for row in found["worst_videos"]] == [0.0, 0.0]


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=3),
        st.tuples(
            st.integers(0, 1), st.lists(st.integers(0, 4).map(lambda i: i / 4), min_size=1, max_size=5)
        ),
        min_size=1,
        max_size=8,
    ),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=50)
def test_any_names_in_any_order_equal_a_slow_loop(content, random):
    videos = {f"d/m/-/{name}": value for name, value in content.items()}
    expected = {}
    for key, (label, scores) in videos.items():
        wrong = sum((score >= 0.5) != (label == 1) for score in scores) / len(scores)
        expected[key] = (label, np.mean(scores), wrong, len(scores))
    order = list(range(sum(len(scores) for _, scores in videos.values())))
    random.shuffle(order)
    table = video_table(frames_of(videos).iloc[order], HALF)
    assert list(table["key"]) == sorted(expected)
    for row in table.to_dict("records"):
        label, score, rate, n = expected[row["key"]]
        assert (row["label"], row["n_frames"]) == (label, n)
        assert row["score"] == pytest.approx(score)
        assert row["error_rate"] == pytest.approx(rate)
        assert row["wrong"] == ((row["score"] >= 0.5) != (label == 1))
        assert row["wrong"] == (row["excess"] > 0 or (row["excess"] == 0 and label == 0))
    found = list_errors(frames_of(videos).iloc[order], HALF)
    json.dumps(found, allow_nan=False)
    ranked = sorted(expected, key=lambda key: (-expected[key][2], key))
    assert keys(found["worst_videos"]) == ranked[:5]


def test_wrong_tables_are_refused():
    with pytest.raises(InputError, match=r"columns \['frame'\] are missing"):
        list_errors(FRAMES.drop(columns="frame"), HALF)
    with pytest.raises(InputError, match="frames of both labels"):
        list_errors(FRAMES.assign(key="d/real/-/a"), HALF)
    with pytest.raises(InputError, match="not finite"):
        list_errors(FRAMES.assign(score=float("nan")), HALF)
