"""Scores of degraded frames: the same test frames under every degradation and strength, by every detector.

The work is cut into chunks of whole videos. A chunk is degraded, and then every detector scores it through
its own contract, `score(folder, rows, frames=..., embeddings=...)`, on two stores that hold this chunk
alone: its degraded frames, and their embeddings, which the frozen encoder makes when a detector first asks,
once for all that ask. Chunks are scored side by side in threads, each computing on one processor, so that
scores do not depend on how many there are; memory holds a chunk a thread.
"""

import functools
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from pydantic import Field
from tqdm import tqdm

from clipforensics.adaptation.contract import Detector, find_detector
from clipforensics.alterations.degradations import NONE, degrade, setting_in_words
from clipforensics.core.faults import InputError
from clipforensics.core.fitting import Fitting
from clipforensics.core.params import Section
from clipforensics.encoder.embeddings import EmbeddingStore
from clipforensics.encoder.vision import Embedding, frame_embedder, load_preprocessing, load_vision_tower
from clipforensics.frames.rows import RowIndex, sample_frame_indices
from clipforensics.frames.store import INDEX, META, FrameStore
from clipforensics.machine.devices import choose_device, choose_dtype, compute_deterministically
from clipforensics.machine.scratch import fingerprint, project_code, scratch_folder
from clipforensics.metrics.pooling import most_suspect
from clipforensics.metrics.strata import beside_reals

Condition = tuple[str, int]
"""(degradation, strength); (`none`, 0) is undegraded."""

UNDEGRADED: Condition = (NONE, 0)

Embed = Callable[[NDArray[np.uint8]], np.ndarray]
"""uint8 frames (n, s, s, 3) -> float32 embeddings (n, d)."""

Scorer = Callable[[np.ndarray, FrameStore, EmbeddingStore], np.ndarray]
"""(rows, frames, embeddings) -> scores: a detector's `score` with its folder filled in."""

Scores = dict[Condition, dict[str, np.ndarray]]
"""Scores (n_frames,) by condition and detector, on the same frames in the same order."""

_LOADING = threading.RLock()


class RobustnessSection(Section):
    """Section `robustness` of params.yaml.

    Attributes:
        enabled: Whether anything is degraded.
        degradations: Families of `degradations`.
        strengths: From 1 (mild) to 5 (severe).
        level: Of the AUC.
        frames_per_video: Most stored frames of a video that are degraded.
        batch_size: Frames that a thread holds at a time.
        seed: Of the noise.
    """

    enabled: bool
    degradations: list[str] = Field(min_length=1)
    strengths: list[Annotated[int, Field(ge=1, le=5)]] = Field(min_length=1)
    level: Literal["frame", "video"]
    frames_per_video: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    seed: int = Field(ge=0)


@dataclass(frozen=True)
class Material:
    """The frames that are degraded: the test videos of one manipulation, and all test reals of its data set.

    Attributes:
        table: One row a video: key, label, group.
        spans: Rows of the frame store of each video, of all people of a frame where they are stored apart.
        moments: Code of each row's frame then, as in `rows.Labelled`; else None.
    """

    table: pd.DataFrame
    spans: list[np.ndarray]
    moments: np.ndarray | None = None

    def a_frame(self, column: str) -> np.ndarray:
        """A column of `table`, repeated for every frame of its video."""
        rows = np.repeat(self.table[column].to_numpy(), [len(span) for span in self.spans])
        return rows if self.moments is None else rows[np.unique(self.moments, return_index=True)[1]]

    def by_frame(self, scores: np.ndarray) -> np.ndarray:
        """Scores a frame, each the highest of its people, from scores a row."""
        return scores if self.moments is None else scores[most_suspect(scores, self.moments)]

    @property
    def rows(self) -> np.ndarray:
        """Rows of all frames in the frame store, video by video."""
        return np.concatenate(self.spans)


def choose_material(
    index: RowIndex, test: pd.DataFrame, manipulation: str, *, frames_per_video: int
) -> Material:
    """Pick the stored frames to degrade.

    Args:
        index: Of the frame store.
        test: The test part of a split: key, label, manipulation, group.
        manipulation: Its test videos stand against all test reals of its data set.
        frames_per_video: Most stored frames of a video, evenly spaced, each with all of its people.

    Raises:
        InputError: a class has no stored video.
    """
    chosen = index.labelled(test[beside_reals(test, manipulation)])
    spans = [_evenly(index, span, frames_per_video) for span in chosen.spans]
    if chosen.moments is None:
        return Material(chosen.table, spans)
    kept = np.isin(chosen.rows, np.concatenate(spans))
    return Material(chosen.table, spans, np.unique(chosen.moments[kept], return_inverse=True)[1])


def _evenly(index: RowIndex, span: np.ndarray, n_frames: int) -> np.ndarray:
    """Rows of one video that are of so many of its frames, evenly spaced: of all people in them."""
    frames = np.unique(index.frames[span])
    return span[np.isin(index.frames[span], frames[sample_frame_indices(len(frames), n_frames)])]


def all_conditions(degradations: Sequence[str], strengths: Sequence[int]) -> list[Condition]:
    """The undegraded frames, then every degradation at every strength.

    Raises:
        InputError: a list names something twice, or something that there is not.
    """
    for key, entries in (("degradations", degradations), ("strengths", strengths)):
        if len(set(entries)) < len(entries):
            raise InputError(f"robustness.{key} lists one twice: {list(entries)}; remove it")
    degraded = [(name, strength) for name in degradations for strength in strengths]
    for name, strength in degraded:
        setting_in_words(name, strength)  # refuses what there is not
    return [UNDEGRADED, *degraded]


class ChunkFrames(FrameStore):
    """A frame store in memory: the degraded frames of a few videos, rows numbered from 0."""

    def __init__(self, store: FrameStore, rows: np.ndarray, pixels: NDArray[np.uint8]) -> None:
        self.folder, self.fitting, self.size, self.n_frames = (
            store.folder,
            store.fitting,
            store.size,
            store.n_frames,
        )
        self.rows = store.rows.taken(rows)
        self._shards, self._offsets = [pixels], np.array([0, len(pixels)])


class ChunkEmbeddings(EmbeddingStore):
    """An embedding store in memory: embeds a chunk's frames when it is first read, and only then."""

    def __init__(self, frames: ChunkFrames, embed: Embed, batch_size: int) -> None:
        self.rows, self.meta = frames.rows, {}
        self._frames, self._embed, self._batch_size = frames, embed, batch_size

    @functools.cached_property
    def matrix(self) -> np.ndarray:
        """Float32 (n, d), as the encoder gives them."""
        starts = range(0, len(self._frames), self._batch_size)
        batches = [np.arange(s, min(s + self._batch_size, len(self._frames))) for s in starts]
        return np.concatenate([self._embed(self._frames.read(batch)) for batch in batches])


def frozen_encoder(
    *, model: str, revision: str, embedding: Embedding, precision: str, fitting: Fitting | None
) -> Embed:
    """The frozen encoder as a function, as the stage `embed` runs it; loaded at its first call.

    Args:
        model: A local folder or a hub id, pinned by `revision`.
        revision: As in `vision.load_vision_tower`.
        embedding: Which.
        precision: As in `devices.choose_dtype`.
        fitting: How stored frames were made.
    """
    device = choose_device()
    dtype = choose_dtype(precision, device)

    @functools.cache
    def load() -> Embed:
        preprocessing = load_preprocessing(model, revision, fitting=fitting)
        tower = load_vision_tower(model, revision, device)
        return frame_embedder(tower, preprocessing, embedding, device=device, dtype=dtype)

    def embed(frames: NDArray[np.uint8]) -> np.ndarray:
        with _LOADING:
            encoder = load()
        return encoder(frames)

    return embed


@contextmanager
def open_detectors(folders: Mapping[str, Path]) -> Iterator[dict[str, Scorer]]:
    """Scorers of saved detectors, each read once, however often it scores; close before using others.

    The contract's `score` loads its folder at every call, and here it is called for every chunk. So, while
    open, a detector's method `load` remembers what it returned; a detector without one is left as it is.

    Args:
        folders: Detector name to the folder that its training stage wrote.
    """
    detectors: dict[str, Any] = {name: find_detector(name) for name in folders}
    loading = {name: found for name, found in detectors.items() if hasattr(found, "load")}
    try:
        for found in loading.values():
            found.load = _once(found.load)  # an attribute of the object, in front of its class's method
        yield {name: _scorer(found, folders[name]) for name, found in detectors.items()}
    finally:
        for found in loading.values():
            del found.load


def _once(load: Callable[..., Any]) -> Callable[..., Any]:
    kept = functools.cache(load)

    def load_once(*args: Any, **options: Any) -> Any:
        with _LOADING:  # a second thread waits instead of loading too
            return kept(*args, **options)

    return load_once


def _scorer(detector: Detector, folder: Path) -> Scorer:
    return lambda rows, frames, embeddings: detector.score(folder, rows, frames=frames, embeddings=embeddings)


def score_saved(
    folders: Mapping[str, Path],
    material: Material,
    conditions: Sequence[Condition],
    *,
    frames: FrameStore,
    model: str,
    revision: str,
    embedding: Embedding,
    precision: str,
    batch_size: int,
    seed: int,
    workers: int,
) -> tuple[Scores, Path]:
    """Score every frame under every condition with every saved detector.

    A killed run goes on in its scratch folder, which the caller removes once the scores are used. It is
    named after all that scores depend on: settings, videos, code, frame store, encoder and detectors.

    Args:
        folders: Detector name to the folder that its training stage wrote.
        material: The frames.
        conditions: As `all_conditions` gives them.
        frames: The frame store.
        model: The frozen encoder: a local folder or a hub id.
        revision: What pins it.
        embedding: Which.
        precision: Of the encoder, as in section `embed`.
        batch_size: Frames a chunk.
        seed: Of the noise.
        workers: Threads; changes no score.

    Returns:
        The scores, and the scratch folder.
    """
    compute_deterministically(seed=0)
    encoder: dict[str, Any] = {"model": model, "revision": revision, "embedding": embedding}
    settings = {"batch_size": batch_size, "seed": seed}
    with open_detectors(folders) as scorers:  # their code is loaded, and so counted
        saved = [path for folder in (*folders.values(), Path(model)) for path in folder.rglob("*")]
        stored = [frames.folder / INDEX, frames.folder / META]
        inputs = [*stored, *project_code(), *(path for path in saved if path.is_file())]
        work = {"conditions": conditions, "keys": list(material.table["key"]), "rows": material.rows.tolist()}
        machine = {"precision": precision, "device": choose_device()}
        of_detectors = {name: str(folder) for name, folder in folders.items()}
        all_settings = {**settings, **encoder, **work, **machine, "folders": of_detectors}
        scratch = scratch_folder("robustness", fingerprint(all_settings, inputs))
        embed = frozen_encoder(**encoder, precision=precision, fitting=frames.fitting)
        options: dict[str, Any] = {**settings, "workers": workers, "scratch": scratch}
        return score_conditions(material, conditions, scorers, frames=frames, embed=embed, **options), scratch


def score_conditions(
    material: Material,
    conditions: Sequence[Condition],
    scorers: Mapping[str, Scorer],
    *,
    frames: FrameStore,
    embed: Embed,
    batch_size: int,
    seed: int,
    workers: int,
    scratch: Path,
) -> Scores:
    """Score every frame under every condition with every detector.

    Killed at any moment, a second call with the same scratch folder goes on after the last condition that
    was finished; chunks are cut at the same videos, so the scores are the same bit for bit.

    Args:
        material: The frames.
        conditions: As `all_conditions` gives them.
        scorers: Detector name to its scorer; must bear being called from several threads.
        frames: The frame store.
        embed: The frozen encoder.
        batch_size: Frames a chunk; a chunk holds whole videos, and at least one.
        seed: Of the noise, as in `degradations.degrade`.
        workers: Threads; changes no score.
        scratch: Folder for the scores of finished conditions.
    """
    chunks = _chunks(material, batch_size)
    bar = tqdm(total=len(conditions) * len(material.rows), unit="frame", desc="robustness", disable=None)

    def score_chunk(condition: Condition, chunk: range) -> np.ndarray:
        store = degrade_chunk(material, chunk, condition, frames=frames, seed=seed)
        embeddings, rows = ChunkEmbeddings(store, embed, batch_size), np.arange(len(store))
        return np.stack([np.float64(score(rows, store, embeddings)) for score in scorers.values()])

    scores: Scores = {}
    pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
    try:
        for condition in conditions:
            compute = functools.partial(_concatenate, pool, functools.partial(score_chunk, condition), chunks)
            table = _kept(scratch / f"{condition[0]}-{condition[1]}.npy", compute)
            scores[condition] = {name: material.by_frame(of) for name, of in zip(scorers, table, strict=True)}
            bar.update(len(material.rows))
    finally:
        pool.shutdown(cancel_futures=True)
        bar.close()
    return scores


def degrade_chunk(
    material: Material, chunk: range, condition: Condition, *, frames: FrameStore, seed: int
) -> ChunkFrames:
    """Read the videos whose numbers are in `chunk` and degrade them, video by video."""
    rows = np.concatenate([material.spans[number] for number in chunk])
    videos = [(str(material.table["key"][number]), frames.read(material.spans[number])) for number in chunk]
    name, strength = condition
    if condition != UNDEGRADED:
        videos = [(key, degrade(video, name, strength, key=key, seed=seed)) for key, video in videos]
    return ChunkFrames(frames, rows, np.concatenate([video for _, video in videos]))


def _chunks(material: Material, batch_size: int) -> list[range]:
    """Neighbouring videos, as many as have `batch_size` frames together, at least one."""
    chunks, start, held = [], 0, 0
    for number, span in enumerate(material.spans):
        if number > start and held + len(span) > batch_size:
            chunks.append(range(start, number))
            start, held = number, 0
        held += len(span)
    return [*chunks, range(start, len(material.spans))]


def _concatenate(
    pool: ThreadPoolExecutor, score: Callable[[range], np.ndarray], chunks: list[range]
) -> np.ndarray:
    return np.concatenate(list(pool.map(score, chunks)), axis=1)


def _kept(path: Path, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """What an earlier run left, or else the result, left for a later one in one atomic step."""
    if path.exists():
        return np.load(path, allow_pickle=False)
    result, part = compute(), path.with_suffix(".part")
    with part.open("wb") as file:
        np.save(file, result)
    os.replace(part, path)
    return result
