"""What a package keeps of its validation: fitted on validation alone, naming nobody."""

import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

from clipforensics.core.faults import InputError
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.likelihood.likeness import fit_likeness, video_embedding
from clipforensics.likelihood.models import Model
from clipforensics.publishing.validation import (
    Knowledge,
    Origin,
    describe_footage,
    likeness_of,
    looked_at,
    read_likeness,
    validation_record,
    write_likeness,
)
from tests.support.scored_models import SETTINGS, USABLE, videos

ORIGIN = Origin("mine", False, False, ["FS"])


@pytest.fixture
def known(tmp_path):
    val, test = videos(1, ["FS"], prefix="val/"), videos(2, ["FS", "NT"], prefix="test/")
    train = [f"train/{n}" for n in range(30)]
    keys = [*train, *val.keys, *test.keys]
    n = len(keys)
    table = pd.DataFrame(
        {"codec": ["h264"] * (n - 1) + ["av1"], "width": 640, "height": 360, "n_frames": 50}, index=keys
    ).assign(target="a", source="b", label=1)
    table["sha256"] = [f"{number:064x}"[::-1] for number in range(n)]
    table.loc[train[0], ["codec", "height", "n_frames"]] = ["vp9", 240, 20]
    rows = pd.DataFrame({"key": np.repeat(keys, 6), "frame": np.tile(np.arange(6), n)})
    rows.to_csv(tmp_path / "index.csv", index=False)
    matrix = np.random.default_rng(0).normal(0, 1, (6 * n, 5)).astype(np.float32)
    np.save(tmp_path / "embeddings.npy", matrix)
    (tmp_path / "meta.json").write_text("{}")
    model = Model("grouped", val, test, USABLE, threshold=0.6, tested=["FS"])
    return Knowledge(model, train, table, EmbeddingStore(tmp_path))


def test_nothing_of_test_enters(known):
    record = validation_record(known, SETTINGS, ORIGIN)
    assert record["footage"] == {
        "n_videos": 70, "n_unknown": 0, "codecs": {"h264": 69, "vp9": 1}, "shorter_side": [240, 360],
        "n_frames": [20, 50],
        "face_size": None, "digests": sorted(f"{number:064x}"[::-1][:16] for number in range(70)),
    }  # fmt: skip
    worse = known.scored.test._replace(scores=1 - known.scored.test.scores)
    other = Knowledge(known.scored.__class__(**{**vars(known.scored), "test": worse}), known.train,
                      known.videos, known.embeddings)  # fmt: skip
    assert validation_record(other, SETTINGS, ORIGIN) == record


def test_it_names_no_video_and_is_plain_json(known):
    text = json.dumps(validation_record(known, SETTINGS, ORIGIN), allow_nan=False)
    assert not [key for key in (*known.train, *known.scored.val.keys) if key in text]
    assert json.loads(text)["propositions"]["H1"].startswith("The video was manipulated by FS")


def test_it_is_counted_of_whom_nobody_is_known(known):
    some = known.videos.assign(target=["", "a", "a"] + ["a"] * (len(known.videos) - 3))
    some.loc[some.index[1], "source"] = ""  # a fake: who lent the face is not known
    some.loc[some.index[2], ["source", "label"]] = ["", 0]
    assert describe_footage(some)["n_unknown"] == 2


def test_faces_are_told_where_they_were_looked_for(known):
    with_faces = known.videos.assign(face_size=[0, *range(100, 99 + len(known.videos))])
    assert describe_footage(with_faces)["face_size"] == [100, 98 + len(with_faces)]


def test_likeness_is_of_evenly_spaced_frames_of_training_and_validation(known):
    found, read = likeness_of(known), known.embeddings.read

    def embedded(key):
        return video_embedding(read(known.embeddings.rows.span(key)[[0, 2, 3, 5]]))

    expected = fit_likeness(
        [embedded(key) for key in known.train], [embedded(key) for key in known.scored.val.keys]
    )
    np.testing.assert_allclose(found.reference, expected.reference)
    assert len(found.reference) == len(known.scored.val.keys)


def test_all_frames_are_looked_at_where_they_are_few():
    assert looked_at(3).tolist() == [0, 1, 2]
    assert looked_at(32).tolist() == [4, 12, 20, 28]


def test_it_is_read_as_it_was_written_to_the_same_bytes(known, tmp_path):
    made = likeness_of(known)
    for name in ("a", "b"):
        write_likeness(tmp_path / name, made)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    again = read_likeness(tmp_path / "a")
    assert again.rest == made.rest
    for name in ("mean", "components", "variances", "reference"):
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))


def test_what_is_damaged_is_told(known, tmp_path):
    write_likeness(tmp_path / "a", likeness_of(known))
    whole = (tmp_path / "a").read_bytes()
    for name, content in {"cut": whole[:-9], "none": b"", "text": b"no tensors at all"}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=r"cannot be read .*copy the package again"):
            read_likeness(tmp_path / name)
    with pytest.raises(InputError, match="cannot be read"):
        read_likeness(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("mean", [np.nan, 0.0, 0.0]),
        ("variances", [1.0, 0.0]),
        ("rest", [-1.0]),
        ("reference", [[1.0, 2.0]]),
        ("reference", [np.inf]),
    ],
)
def test_a_cloud_that_cannot_be_is_refused(tmp_path, name, values):
    path = tmp_path / "likeness.safetensors"
    rng = np.random.default_rng(0)
    write_likeness(path, fit_likeness(rng.normal(size=(10, 3)), rng.normal(size=(4, 3))))
    read_likeness(path)
    save_file(load_file(path) | {name: np.array(values)}, path)
    with pytest.raises(InputError, match="copy the package again"):
        read_likeness(path)
