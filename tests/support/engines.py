"""An engine held to eager on tiny towers of every family."""

from typing import Any

import numpy as np
import pytest
import torch

from clipforensics.encoder import vision
from clipforensics.encoder.families.finding import family_of
from clipforensics.engines.choosing import missing
from clipforensics.engines.embedding import engine_embedder
from tests.support.towers import SIZE, WRITERS, needs_timm, write_tower

BATCH = 4
KINDS = [pytest.param(kind, marks=[needs_timm] if kind == "timm_wrapper" else []) for kind in WRITERS]


def skip_without(engine: str) -> None:
    """Skip with the reason where the engine cannot run."""
    if reason := missing(engine):
        pytest.skip(f"{engine} needs {reason}")


def noise(n: int = BATCH, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, SIZE, SIZE, 3), dtype=np.uint8)


class EngineContract:
    """Subclasses, one an engine, name it."""

    engine: str

    @pytest.fixture(autouse=True)
    def there(self):
        skip_without(self.engine)

    def build(self, kind: str, tmp_path: Any, embedding: Any = None, **changes: Any) -> Any:
        """The engine's function, and eager's."""
        folder = write_tower(kind, tmp_path / "encoder")
        tower = vision.load_vision_tower(str(folder), "local")
        preprocessing = vision.load_preprocessing(str(folder), "local", fitting=None)
        embedding = embedding or next(iter(family_of(tower).embeddings))
        how = {"device": torch.device("cpu"), "dtype": torch.float32, **changes}
        options = {**how, "batch_size": BATCH, "folder": tmp_path / "engine"}
        eager = vision.frame_embedder(tower, preprocessing, embedding, **how)
        return engine_embedder(self.engine, tower, preprocessing, embedding, **options), eager

    @pytest.mark.slow
    @pytest.mark.parametrize("kind", KINDS)
    def test_it_agrees_with_eager_on_every_family(self, kind, tmp_path, capsys):
        embed, eager = self.build(kind, tmp_path)
        embed(noise())
        assert f"engine {self.engine}: within " in capsys.readouterr().out
        later = noise(seed=1)  # which nothing has compared
        np.testing.assert_allclose(embed(later), eager(later), atol=1e-4, rtol=1e-4)

    def test_a_frame_has_the_same_bytes_in_every_place_of_a_batch_that_is_filled_up(self, tmp_path):
        embed, _ = self.build("clip", tmp_path, "pooled")
        frames = noise()
        whole = embed(frames)
        assert whole.shape == (BATCH, 32)
        assert whole.dtype == np.float32
        np.testing.assert_array_equal(embed(frames), whole)
        np.testing.assert_array_equal(embed(frames[:1])[0], whole[0])

    def test_it_writes_in_its_folder_alone_and_pickles_nothing(self, tmp_path, monkeypatch):
        home = tmp_path / "home"
        home.mkdir()
        for name in ("HOME", "XDG_CACHE_HOME"):
            monkeypatch.setenv(name, str(home))
        monkeypatch.chdir(home)
        embed, _ = self.build("clip", tmp_path)
        embed(noise())
        assert list(home.rglob("*")) == []
        assert {path.name for path in tmp_path.iterdir()} <= {"home", "encoder", "engine"}
        files = [path for path in (tmp_path / "engine").rglob("*") if path.is_file()]
        assert not [path for path in files if path.suffix in (".pt", ".pth", ".pkl", ".bin", ".pt2")]
