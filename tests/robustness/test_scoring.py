"""What is degraded and in which portions: conditions, frames, chunks of whole videos, stores in memory."""

import numpy as np
import pytest

from clipforensics.alterations.degradations import degrade
from clipforensics.core.faults import InputError
from clipforensics.robustness.scoring import (
    UNDEGRADED,
    ChunkEmbeddings,
    all_conditions,
    choose_material,
    degrade_chunk,
    score_conditions,
)
from tests.support.stores import labelled_table, noise_videos, write_frame_store

VIDEOS = noise_videos(6)


@pytest.fixture
def frames(tmp_path):
    return write_frame_store(tmp_path / "frames", VIDEOS)


@pytest.fixture
def material(frames):
    table = labelled_table(6).assign(group=range(6))
    return choose_material(frames.rows, table, "FaceSwap", frames_per_video=2)


def test_the_undegraded_frames_come_first():
    assert all_conditions(["jpeg", "blur"], [1, 5]) == [
        UNDEGRADED, ("jpeg", 1), ("jpeg", 5), ("blur", 1), ("blur", 5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "strengths", "words"),
    [(["jpeg", "jpeg"], [1], "robustness.degradations lists one twice"),
     (["jpeg"], [2, 2], "robustness.strengths lists one twice"), (["fog"], [1], "fog")],
)  # fmt: skip
def test_conditions_that_cannot_be_are_refused(names, strengths, words):
    with pytest.raises(InputError, match=words):
        all_conditions(names, strengths)


def test_material_is_one_manipulation_and_all_reals_evenly_thinned(frames):
    table = labelled_table(6).assign(group=range(6))
    table.loc[5, "manipulation"] = "Other"
    found = choose_material(frames.rows, table, "FaceSwap", frames_per_video=2)
    assert found.table["key"].tolist() == ["v0", "v1", "v2", "v3", "v4"]
    assert [len(span) for span in found.spans] == [2] * 5
    assert found.a_frame("label").tolist() == [0, 0, 1, 1, 0, 0, 1, 1, 0, 0]
    assert found.rows.tolist() == [0, 2, 3, 5, 6, 8, 9, 11, 12, 14]


def test_a_chunk_is_degraded_video_by_video(frames, material):
    found = degrade_chunk(material, range(1, 3), ("noise", 2), frames=frames, seed=4)
    expected = [degrade(VIDEOS[key][[0, 2]], "noise", 2, key=key, seed=4) for key in ("v1", "v2")]
    np.testing.assert_array_equal(found.read(np.arange(4)), np.concatenate(expected))
    assert found.rows.videos == ["v1", "v2"]
    plain = degrade_chunk(material, range(1, 3), UNDEGRADED, frames=frames, seed=4)
    np.testing.assert_array_equal(plain.read(np.arange(2)), VIDEOS["v1"][[0, 2]])


def test_embeddings_are_made_when_they_are_first_read_and_once(frames, material):
    calls = []

    def embed(batch):
        calls.append(len(batch))
        return batch.reshape(len(batch), -1)[:, :3].astype(np.float32) + 1

    store = ChunkEmbeddings(degrade_chunk(material, range(3), UNDEGRADED, frames=frames, seed=0), embed, 4)
    assert calls == []
    found = store.read(np.arange(6))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)
    store.read(np.arange(2))
    assert calls == [4, 2]


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_scores_stand_in_the_order_of_the_frames_whatever_the_chunks(frames, material, tmp_path, batch_size):
    seen = []

    def bright(rows, frames, embeddings):
        seen.append(len(rows))
        return frames.read(rows).mean(axis=(1, 2, 3)) / 255

    (tmp_path / "scratch").mkdir()
    found = score_conditions(
        material, [UNDEGRADED], {"bright": bright}, frames=frames, embed=lambda batch: batch,
        batch_size=batch_size, seed=0, workers=2, scratch=tmp_path / "scratch",
    )  # fmt: skip
    expected = frames.read(material.rows).mean(axis=(1, 2, 3)) / 255
    np.testing.assert_allclose(found[UNDEGRADED]["bright"], expected)
    assert sorted(seen) == {1: [2] * 6, 4: [4] * 3, 100: [12]}[batch_size]


APART = {f"v{i}": [(0, 1), (1, 1), (2, 1), (0, 0), (2, 0)] for i in range(6)}
"""Two people in frames 0 and 2 of each video, person 1 the main one."""


def test_where_people_are_apart_whole_frames_are_thinned_and_each_is_judged_once(tmp_path):
    frames = write_frame_store(tmp_path / "frames", noise_videos(6, frames=5), apart=APART)
    material = choose_material(
        frames.rows, labelled_table(6).assign(group=range(6)), "FaceSwap", frames_per_video=2
    )
    assert sorted(material.spans[0].tolist()) == [0, 2, 3, 4]  # frames 0 and 2, all of their people
    assert material.a_frame("key").tolist() == [key for i in (*range(0, 6),) for key in [f"v{i}"] * 2]
    (tmp_path / "scratch").mkdir()

    def bright(rows, frames, embeddings):
        return frames.read(rows).mean(axis=(1, 2, 3)) / 255

    found = score_conditions(
        material, [UNDEGRADED, ("jpeg", 2)], {"bright": bright}, frames=frames, embed=lambda batch: batch,
        batch_size=5, seed=0, workers=1, scratch=tmp_path / "scratch",
    )  # fmt: skip
    slow = []
    for i in range(6):
        for frame in (0, 2):
            rows = [5 * i + n for n, (number, _) in enumerate(APART[f"v{i}"]) if number == frame]
            slow.append(max(frames.read(np.array([row])).mean() / 255 for row in rows))
    np.testing.assert_allclose(found[UNDEGRADED]["bright"], slow)
    assert found["jpeg", 2]["bright"].shape == (12,)
