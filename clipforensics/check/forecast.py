"""What a run will cost: counts times constants that were measured once, and this machine's own speed.

An estimate, good to a factor of two or three: it knows how many videos there are and how large the encoder
is, but neither when training stops early nor what DVC's cache still holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from clipforensics.adaptation.contract import find_detector
from clipforensics.check.controls import controls_of
from clipforensics.check.everything import Checked
from clipforensics.check.footage import Footage
from clipforensics.check.settings import Params
from clipforensics.check.speed import Speed
from clipforensics.check.tower import BYTES, Tower
from clipforensics.controls.finding import known_controls
from clipforensics.controls.view import find_view, known_views
from clipforensics.core.records import OF, REAL, data_set_of
from clipforensics.crops.extraction import ExtractSection
from clipforensics.encoder.vision import EncoderSection
from clipforensics.explanations.choosing import ExplainSection
from clipforensics.faces.settings import FacesSection, resolved
from clipforensics.faces.table import NONE
from clipforensics.footage.content import UnreadableVideo, content_of
from clipforensics.machine.workers import n_workers
from clipforensics.protocol.cells import Protocol, order_manipulations
from clipforensics.publishing.folder import PackageSection
from clipforensics.recognition.settings import RecognitionSection
from clipforensics.robustness.scoring import RobustnessSection
from clipforensics.training.budget import TrainSection

# Measured on an AMD EPYC core with the sample and with 28 clips of 512 pixels (H.264, VP9).
CHECKING, DECODING = 3.2e6, 5e6  # bytes of video a second and core, to decode every frame and to take some
PICTURE = 0.014  # seconds and core for a picture of a folder (PNG of 854 x 480), decoded and resized
FOLDER = 0.08  # seconds and core to look into a folder of 101 of them
SHARE = {"none": 1.0, "webp": 0.35}  # of the pixels' bytes, of a frame in the store
STORING = 0.0005  # seconds and core for a frame of the sample
REENCODING = 0.018  # seconds for a frame through a codec and back
LOOKING = 0.015  # seconds and core to look for faces in a picture of 640 pixels
RENDERING, TINY_CLIP = 0.012, 50.0  # seconds and core for a frame of the sample; for its CLIP
START = 2.0  # seconds until a stage has loaded what it needs
FITTING, A_FRAME = 2.0, 0.001  # seconds to train on cached embeddings, and more for every training frame
EFFICIENCY = 0.7  # part of the rate of bare matrix products that a transformer reaches
BACKWARD = 2  # times the operations of forward alone, forward and backward together: most weights are frozen
LIBRARIES = 0.7e9  # bytes that torch and the rest take


@dataclass(frozen=True)
class Cost:
    """Of a run.

    Attributes:
        seconds: One stage after the other.
        disk: Bytes that are written.
        memory: Bytes at the most.
    """

    seconds: float
    disk: float
    memory: float


@dataclass(frozen=True)
class Sizes:
    """What is counted.

    Attributes:
        n_videos: Of the data set.
        video_bytes: Of all video files; 0 for what is not there yet, and for folders of pictures.
        n_folders: Of pictures.
        n_rendered: Frames that the sample renders; 0 for any other data set.
        n_frames: Kept of a video.
        frame_bytes: Of one frame in the store.
    """

    n_videos: int
    video_bytes: int
    n_folders: int
    n_rendered: int
    n_frames: int
    frame_bytes: int

    @property
    def stored(self) -> int:
        """Frames in the store."""
        return self.n_videos * self.n_frames


def count(footage: Footage, extract: ExtractSection) -> Sizes:
    """Count by listing; sizes are the file system's.

    Args:
        footage: The data sets.
        extract: How many frames of which size.
    """
    paths = [one.root / video.path for one in footage.every if not one.is_sample for video in one.videos]
    files = [path for path in paths if not path.is_dir()]
    per_video = getattr(footage.profile, "n_frames", 0) if footage.is_sample else 0
    return Sizes(
        n_videos=len(footage.all_videos),
        video_bytes=sum(map(_n_bytes, files)),
        n_folders=len(paths) - len(files),
        n_rendered=per_video * len(footage.videos),
        n_frames=extract.n_frames,
        frame_bytes=round(3 * extract.frame_size**2 * SHARE[extract.codec]),
    )


def _n_bytes(path: Path) -> int:
    try:
        return content_of(path).size
    except (OSError, UnreadableVideo):
        return 0


def forecast(checked: Checked, upcoming: Sequence[str], speed: Speed) -> Cost:
    """Add up the stages that will run.

    Args:
        checked: Without a problem.
        upcoming: Names of stages, `stage@cell` for cells.
        speed: Of this machine.
    """
    params, footage = checked.params, checked.footage
    extract, train = params.section(ExtractSection), params.section(TrainSection)
    assert footage is not None
    assert extract is not None
    assert train is not None
    assert checked.encoder is not None
    sizes = count(footage, extract)
    tower = Tower.of(checked.encoder.vision, frame_side=checked.encoder.frame_side)
    frame = tower.operations / (EFFICIENCY * speed.rate)  # seconds, forward
    seconds = {"ingest": _ingest(sizes), "extract_frames": _extract(sizes), "embed": sizes.stored * frame}
    seconds["find_faces"] = _find(checked, sizes)
    recognition = params.section(RecognitionSection)
    if recognition is not None and recognition.model != NONE:
        seconds["embed_people"] = _extract(sizes)  # decoding: a few faces a video are embedded beside it
    seconds["extract_background"] = _extract(sizes) if seconds["find_faces"] else 0.0
    seconds["robustness"] = _degraded(checked, sizes) * frame / (n_workers() if speed.one_thread else 1)
    seconds["explain"] = _mapped(checked) * BACKWARD * frame
    seconds |= _cells(checked, train, sizes, frame) | _controls(checked, sizes, frame)
    models = sum(name.startswith("train@") for name in upcoming)
    return Cost(
        sum(START + seconds.get(name, 0.0) for name in upcoming),
        _disk(sizes, tower, upcoming, models, params, _n_views(checked)),
        _memory(tower, train, everything_moves="full" in params.detectors),
    )


def _cells(checked: Checked, train: TrainSection, sizes: Sizes, frame: float) -> dict[str, float]:
    """Seconds of each cell of train and evaluate, by its name."""
    found: dict[str, float] = {}
    protocol, budget = checked.params.section(Protocol), train.pixels
    assert protocol is not None
    for detector, cell in product(checked.params.detectors, protocol.cells):
        made = checked.splits[cell.split, cell.train_set]
        parts = {part: sum(counts.values()) for part, counts in made.items()}
        name = f"{detector}-{cell.split}-{cell.train_set}-{cell.seed}"
        n_candidates = len(checked.params.methods[detector])
        if find_detector(detector).reads == "embeddings":
            found[f"train@{name}"] = n_candidates * _fit(parts["train"] * sizes.n_frames)
            continue
        drawn = BACKWARD * parts["train"] * budget.frames_per_video + parts["val"] * sizes.n_frames
        found[f"train@{name}"] = n_candidates * budget.epochs * drawn * frame
        found[f"evaluate@{name}"] = (parts["val"] + parts["test"]) * sizes.n_frames * frame
    return found


def _controls(checked: Checked, sizes: Sizes, frame: float) -> dict[str, float]:
    """Seconds of every view's frames through the encoder, and of every fit; nothing where they are off."""
    settings, protocol = (
        controls_of(checked.params, checked.footage),
        checked.params.section(Protocol),
    )
    if settings is None or protocol is None:
        return {}
    trained = [sum(made["train"].values()) * sizes.n_frames for made in checked.splits.values()]
    fits = sum(one.draws(settings) for one in known_controls().values())
    return {
        "embed_controls": sizes.stored * (REENCODING + _n_views(checked) * frame),
        "controls": fits * sum(map(_fit, trained)),
    }


def _fit(n_frames: int) -> float:
    return FITTING + A_FRAME * n_frames


def _ingest(sizes: Sizes) -> float:
    made = sizes.n_rendered * RENDERING + (TINY_CLIP if sizes.n_rendered else 0)
    return (made + sizes.video_bytes / CHECKING + sizes.n_folders * FOLDER) / n_workers()


def _extract(sizes: Sizes) -> float:
    videos = sizes.video_bytes / DECODING + sizes.n_rendered * STORING
    return (videos + sizes.n_folders * sizes.n_frames * PICTURE) / n_workers()


def _find(checked: Checked, sizes: Sizes) -> float:
    """Decoding once more, and looking, where faces are wanted; that grows with the area of the picture."""
    faces = checked.params.section(FacesSection)
    if faces is None or not _looks(checked):
        return 0.0
    frames = sizes.stored / min(faces.stride, 2) * (faces.detect_size / 640) ** 2
    return _extract(sizes) + frames * LOOKING / n_workers()


def _looks(checked: Checked) -> bool:
    """Whether faces are looked for in any data set."""
    faces, footage = checked.params.section(FacesSection), checked.footage
    if faces is None or footage is None:
        return False
    profiles = [one.profile for one in footage.every]
    return any(resolved(faces.detector, layout=p.layout, cropped=p.cropped) != NONE for p in profiles)


def _degraded(checked: Checked, sizes: Sizes) -> float:
    """Degraded frames that go through an encoder, the frozen one and those of detectors on pixels."""
    settings, protocol = checked.params.section(RobustnessSection), checked.params.section(Protocol)
    if settings is None or not settings.enabled or protocol is None:
        return 0.0
    head = protocol.headline
    test = checked.splits[head.split, head.train_set]["test"]
    tested = order_manipulations(
        protocol.test_manipulations,
        [name for name in test if name.partition(OF)[0] != REAL],
        trained=head.train_set,
    )
    where = data_set_of(tested[0])
    videos = test[f"{REAL}{OF}{where}" if where else REAL] + test[tested[0]]
    conditions = 1 + len(settings.degradations) * len(settings.strengths)
    towers = 1 + sum(find_detector(name).reads == "pixels" for name in checked.params.detectors)
    return conditions * videos * min(settings.frames_per_video, sizes.n_frames) * towers


def _mapped(checked: Checked) -> int:
    """Frames that are mapped at most, by every detector, as trained and with shuffled weights."""
    settings, n = checked.params.section(ExplainSection), len(checked.params.detectors)
    if settings is None or not settings.enabled:
        return 0
    shown = n * 2 * settings.videos_per_list * settings.frames_per_video  # of false positives and negatives
    return n * shown * (1 + 2 * settings.sanity_draws)


def _disk(
    sizes: Sizes,
    tower: Tower,
    upcoming: Sequence[str],
    models: int,
    params: Params,
    n_views: int,
) -> float:
    """Frames, embeddings (of views too), and a model's folder for each cell, with the encoder where it is
    handed on."""
    package, encoder_section = params.section(PackageSection), params.section(EncoderSection)
    width = tower.shape.widths[encoder_section.embedding] if encoder_section else tower.shape.width
    stages: Mapping[str, float] = {
        "ingest": sizes.n_rendered * 500,  # of a frame of the sample's videos
        "extract_frames": sizes.stored * sizes.frame_bytes,
        "extract_background": sizes.stored * sizes.frame_bytes if n_views > 1 else 0,
        "embed": sizes.stored * width * BYTES,
        "embed_controls": n_views * sizes.stored * width * BYTES,
    }
    encoder = BYTES * tower.parameters if package is not None and package.include_encoder else 0
    return sum(stages.get(name, 0.0) for name in upcoming) + models * encoder


def _n_views(checked: Checked) -> int:
    """Views that can be made: some alter what only frames cut around faces have."""
    if not controls_of(checked.params, checked.footage):
        return 0
    views = [find_view(name) for name in known_views()]
    return sum(_looks(checked) or (view.store == "frames" and not view.of_faces) for view in views)


def _memory(tower: Tower, train: TrainSection, *, everything_moves: bool) -> float:
    """Weights (with gradient and two moments, where all of them move) and one micro-batch's activations."""
    weights = BYTES * tower.parameters * (4 if everything_moves else 1)
    batch = 1 if train.pixels.gradient_checkpointing else tower.shape.layers
    return (
        LIBRARIES + weights + train.pixels.micro_batch_size * tower.activations * batch / tower.shape.layers
    )


def in_words(cost: Cost, speed: Speed) -> str:
    """One line that says what it is and from what."""
    return (
        f"estimate, to a factor of two or three: {_time(cost.seconds)}, {in_bytes(cost.disk)} of disk,"
        f" {in_bytes(cost.memory)} of memory; from these counts, the encoder's size and"
        f" {speed.rate / 1e9:,.0f} GFLOP/s ({speed.what}, measured now)"
    )


def _time(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def in_bytes(number: float) -> str:
    """`3.4 GB` or `20 MB`."""
    return f"{number / 1e9:.1f} GB" if number >= 1e8 else f"{max(number, 1e6) / 1e6:.0f} MB"
