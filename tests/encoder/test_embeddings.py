"""The embedding store as it is read."""

import numpy as np
import pandas as pd
import pytest

from clipforensics.core.faults import InputError
from clipforensics.encoder import embeddings
from clipforensics.encoder.embeddings import EmbeddingStore


def test_read_gives_unit_length(tmp_path):
    raw = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    np.save(tmp_path / "embeddings.npy", raw)
    pd.DataFrame({"key": "v", "frame": range(8)}).to_csv(tmp_path / "index.csv", index=False)
    (tmp_path / "meta.json").write_text("{}")
    store = EmbeddingStore(tmp_path)
    read = store.read(np.array([5, 0]))
    np.testing.assert_allclose(np.linalg.norm(read, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(read[1] * np.linalg.norm(store.matrix[0]), store.matrix[0], rtol=1e-6)


@pytest.mark.parametrize("matrix", [np.ones((7, 3), np.float32), np.ones((8, 3)), np.ones(8, np.float32)])
def test_a_matrix_of_other_frames_or_numbers_is_refused(tmp_path, matrix):
    np.save(tmp_path / "embeddings.npy", matrix)
    pd.DataFrame({"key": "v", "frame": range(8)}).to_csv(tmp_path / "index.csv", index=False)
    (tmp_path / "meta.json").write_text("{}")
    with pytest.raises(InputError, match=f"the index has 8 frames, and the matrix is of {matrix.dtype}"):
        EmbeddingStore(tmp_path)


def test_read_is_the_same_however_many_rows_it_is_asked_for(tmp_path):
    n = 2 * embeddings.READ_ROWS + 3
    raw = np.random.default_rng(0).normal(size=(n, 5)).astype(np.float32)
    np.save(tmp_path / "embeddings.npy", raw)
    pd.DataFrame({"key": "v", "frame": range(n)}).to_csv(tmp_path / "index.csv", index=False)
    (tmp_path / "meta.json").write_text("{}")
    store = EmbeddingStore(tmp_path)
    order = np.random.default_rng(1).permutation(n)
    whole = store.read(order)
    assert np.array_equal(whole, raw[order] / np.linalg.norm(raw[order], axis=1, keepdims=True))
    assert np.array_equal(store.read(order[5:9]), whole[5:9])
    assert store.read(order[:0]).shape == (0, 5)
