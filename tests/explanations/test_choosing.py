"""Which frames are explained, and which errors are numbered as one kind."""

import numpy as np
import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.files import write_json
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.explanations.choosing import (
    choose_frames,
    cluster_all,
    cluster_errors,
    find_rows,
    mean_embeddings,
    unclustered,
)
from tests.support.stores import write_frame_store


def entry(key, label=1, worst=(3, 1, 2)):
    return {
        "key": key,
        "manipulation": "FaceSwap" if label else "real",
        "label": label,
        "worst_frames": list(worst),
    }


def lists(positives=(), negatives=(), worst=()):
    return {
        "threshold": 0.5,
        "false_positives": list(positives),
        "false_negatives": list(negatives),
        "worst_videos": list(worst),
    }


def test_the_worst_frames_of_the_head_of_every_list_of_every_detector():
    one = lists([entry("a", 0), entry("b", 0)], [entry("c")], [entry("d"), entry("c")])
    two = lists([entry("a", 0, worst=(9, 3))], [], [])
    chosen = choose_frames([one, two], videos_per_list=1, frames_per_video=2)
    assert chosen == [("a", 1), ("a", 3), ("a", 9), ("c", 1), ("c", 3), ("d", 1), ("d", 3)]
    assert len(choose_frames([one, two], videos_per_list=2, frames_per_video=9)) == 13
    assert choose_frames([one, two], videos_per_list=0, frames_per_video=2) == []


def test_rows_are_found_by_video_and_frame_number(tmp_path):
    videos = {key: np.zeros((3, 8, 8, 3), np.uint8) for key in ("b", "a", "c")}
    frames = write_frame_store(tmp_path, videos)
    assert find_rows(frames, [("c", 0), ("a", 2), ("b", 1)]).tolist() == [6, 5, 1]
    assert find_rows(frames, []).tolist() == []
    with pytest.raises(InputError, match="frame 9 of 'a' is scored but not stored"):
        find_rows(frames, [("b", 1), ("a", 9)])


def write_store(folder, matrix, keys):
    folder.mkdir()
    np.save(folder / "embeddings.npy", matrix.astype(np.float32))
    rows = "\n".join(f"{key},{i}" for i, key in enumerate(keys))
    (folder / "index.csv").write_text(f"key,frame\n{rows}\n")
    write_json(folder / "meta.json", {})
    return EmbeddingStore(folder)


def test_a_video_is_the_mean_of_its_unit_length_embeddings(tmp_path):
    store = write_store(tmp_path / "e", np.array([[3.0, 0], [0, 5], [0, 2]]), ["a", "a", "b"])
    found = mean_embeddings(store)
    assert list(found) == ["a", "b"]
    np.testing.assert_allclose(found["a"], [0.5, 0.5])
    np.testing.assert_allclose(found["b"], [0, 1])


VIDEOS = {
    "left1": np.array([9.0, 1.0]),
    "left2": np.array([9.0, 1.1]),
    "left3": np.array([9.0, 0.9]),
    "up": np.array([10.0, 9.0]),
    "rest": np.array([13.0, -7.0]),
}
# their mean is (10, 1): seen from it, the left ones point left and `up` up; from 0 all point right


def test_errors_that_look_alike_from_the_average_video_share_a_number():
    errors = lists(
        [entry("left2", 0)], [entry("up"), entry("left3"), entry("left1")], [entry("rest"), entry("up")]
    )
    found = cluster_errors(errors, VIDEOS, max_distance=0.5)
    assert [e["cluster"] for e in found["false_negatives"]] == [1, 0, 0]
    assert found["false_positives"][0]["cluster"] == 0
    assert [e["cluster"] for e in found["worst_videos"]] == [None, 1]
    assert found["clusters"] == {
        "max_distance": 0.5,
        "n_videos": 4,
        "summary": [
            {
                "cluster": 0,
                "size": 3,
                "manipulations": {"FaceSwap": 2, "real": 1},
                "medoid": "left1",
                "keys": ["left1", "left2", "left3"],
            },
            {"cluster": 1, "size": 1, "manipulations": {"FaceSwap": 1}, "medoid": "up", "keys": ["up"]},
        ],
    }
    assert found["threshold"] == 0.5
    assert "cluster" not in errors["false_negatives"][0]
    one = cluster_errors(errors, VIDEOS, max_distance=1.9)
    assert [row["size"] for row in one["clusters"]["summary"]] == [4]


def test_the_order_of_the_lists_does_not_matter():
    negatives = [entry("up"), entry("left3"), entry("left1")]
    there, back = (
        cluster_errors(lists([], order), VIDEOS, max_distance=0.5) for order in (negatives, negatives[::-1])
    )
    assert there["clusters"] == back["clusters"]
    assert there["false_negatives"] == back["false_negatives"][::-1]


@pytest.mark.parametrize("errors", [lists(), lists([], [entry("up")], [entry("up"), entry("rest")])])
def test_fewer_than_two_errors_make_no_clusters_and_say_so(errors):
    found = cluster_errors(errors, VIDEOS, max_distance=0.5)
    assert found["clusters"]["summary"] == []
    assert "at least 2" in found["clusters"]["undefined"]
    assert all(e["cluster"] is None for name in ("false_negatives", "worst_videos") for e in found[name])
    assert unclustered(errors, "why")["clusters"] == {"summary": [], "undefined": "why"}


def test_every_detector_is_clustered_on_the_same_means(tmp_path):
    store = write_store(tmp_path / "e", np.stack(list(VIDEOS.values())), list(VIDEOS))
    several = {"one": lists([], [entry("left1"), entry("left2")]), "two": lists([], [entry("up")])}
    found = cluster_all(several, store, max_distance=0.5)
    means = mean_embeddings(store)
    assert found == {name: cluster_errors(e, means, max_distance=0.5) for name, e in several.items()}
    assert found["one"]["clusters"]["n_videos"] == 2


def test_a_worst_frame_is_that_of_the_person_by_whom_it_was_judged(tmp_path):
    judged = {**entry("a", worst=(3, 1)), "frames": [1, 2, 3], "people": [0, 4, 2]}
    chosen = choose_frames([lists([judged])], videos_per_list=1, frames_per_video=2)
    assert chosen == [("a", 1, 0), ("a", 3, 2)]
    apart = {"a": [(1, 2), (3, 2), (1, 0), (2, 4)]}
    frames = write_frame_store(tmp_path, {"a": np.zeros((4, 8, 8, 3), np.uint8)}, apart=apart)
    assert find_rows(frames, chosen).tolist() == [2, 1]
    with pytest.raises(InputError, match="frame 3 of 'a' is scored but not stored"):
        find_rows(frames, [("a", 3, 0)])
