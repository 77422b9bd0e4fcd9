"""What footage suffers between the camera and a detector, at five strengths; strength 0 changes nothing.

Each degradation takes the stored frames of one video and returns as many of the same shape. Six families,
five strengths each, after Hendrycks & Dietterich, "Benchmarking Neural Network Robustness to Common
Corruptions and Perturbations" (ICLR 2019, "ImageNet-C": five severities of blur, scaling and brightness)
and Jiang et al., "DeeperForensics-1.0" (CVPR 2020: five levels of noise and of H.264).

Blur is given in pixels of a 224-pixel frame and scales with the frame's side, so frames of 64 and of 224
pixels lose the same detail of the scene. Scaling is a fraction of the side: both lose the same share of their
own resolution. JPEG and H.264 work in blocks of whole pixels and noise is drawn a pixel, whatever the side:
at the same setting they harm a small frame more.

The published settings begin where detectors of fine traces already fail (quality 90, a blur of 2 pixels).
Here strength 1 is what a careful re-encoding or resizing does (all but brightness keep about 37 dB or more
of a 64-pixel face), and strength 5 what is published as severe.
"""

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from PIL import Image

from clipforensics.core.faults import InputError

STRENGTHS = (1, 2, 3, 4, 5)
NONE = "none"
"""What strength 0 of any degradation is called."""

REFERENCE_SIDE = 224
"""Side of the frame, in pixels, that lengths are stated for: ImageNet-C's and CLIP's."""

Frames = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Degradation:
    """One family.

    Attributes:
        apply: (frames, setting, random numbers) -> degraded frames.
        settings: One a strength, mild to severe.
        words: Format string that says a setting in words.
        about: What is done, and whose settings these are.
    """

    apply: Callable[[Frames, float, np.random.Generator], Frames]
    settings: tuple[float, float, float, float, float]
    words: str
    about: str


def degrade(frames: Frames, degradation: str, strength: int, *, key: str, seed: int) -> Frames:
    """Degrade the frames of one video.

    The result depends on nothing but the arguments: not on other videos, nor on the order of calls. Of
    one frame it depends on that frame alone, but for noise, which is drawn for the video's frames in turn.

    Args:
        frames: uint8 RGB (n, h, w, 3) of one video.
        degradation: A name in `DEGRADATIONS`.
        strength: 0 (the frames as they are) to 5.
        key: The video's key; with `seed`, the name of the degradation and the strength it decides
            every random draw.
        seed: From 0.

    Returns:
        uint8 RGB (n, h, w, 3), a new array.

    Raises:
        InputError: no such degradation or strength.
    """
    family = _find(degradation, strength)
    if strength == 0 or len(frames) == 0:
        return frames.copy()
    rng = np.random.default_rng([seed, *_words_of(f"{degradation} {strength} {key}")])
    return family.apply(frames, family.settings[strength - 1], rng)


def setting_in_words(degradation: str, strength: int) -> str:
    """What a strength of a degradation means, such as `quality 50`; `undegraded` for strength 0.

    Raises:
        InputError: no such degradation or strength.
    """
    family = _find(degradation, strength)
    if strength == 0:
        return "undegraded"
    return family.words.format(family.settings[strength - 1])


def _find(degradation: str, strength: int) -> Degradation:
    if degradation not in DEGRADATIONS:
        raise InputError(
            f"robustness.degradations: {degradation!r} is not one; those there are: {', '.join(DEGRADATIONS)}"
        )
    if strength not in (0, *STRENGTHS):
        raise InputError(f"robustness.strengths: {strength!r} must be a whole number from 1 to 5; mend it")
    return DEGRADATIONS[degradation]


def _words_of(text: str) -> list[int]:
    """Four numbers below 2^32 that name a text, the same on every machine."""
    return np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], dtype="<u4").tolist()


def _jpeg(frames: Frames, quality: float, rng: np.random.Generator) -> Frames:
    degraded = np.empty_like(frames)
    for frame, out in zip(frames, degraded, strict=True):
        file = io.BytesIO()
        Image.fromarray(frame).save(file, "JPEG", quality=round(quality))
        out[...] = np.asarray(Image.open(file))
    return degraded


def _h264(frames: Frames, crf: float, rng: np.random.Generator) -> Frames:
    """x264's default preset at a constant rate factor, every frame intra-coded.

    Stored frames are seconds apart, so predicting one from another would mean nothing. `qcomp=1` gives
    every frame the rate factor's own quantiser; with x264's .6 it follows the complexity of the frames
    before. As in the sample's videos: one thread, and no macroblock tree, which on small frames reads
    memory that was never written. An odd side is padded by its last row or column, since 4:2:0 needs
    even ones, and cut back.
    """
    height, width = frames.shape[1:3]
    padded = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    encoder = av.CodecContext.create("libx264", "w")
    encoder.height, encoder.width = padded.shape[1:3]
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 25)
    encoder.thread_count = 1
    private = "keyint=1:qcomp=1:mbtree=0:b-adapt=0:scenecut=0"
    encoder.options = {"crf": str(round(crf)), "preset": "medium", "threads": "1", "x264-params": private}
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    packets = []
    for number, frame in enumerate(padded):
        picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
        picture.pts = number
        packets += encoder.encode(picture)
    packets += encoder.encode(None)
    pictures = [picture for packet in [*packets, None] for picture in decoder.decode(packet)]
    to_rgb = VideoReformatter()  # one for all: making its tables takes longer than turning a frame
    degraded = np.stack([to_rgb.reformat(picture, format="rgb24").to_ndarray() for picture in pictures])
    if degraded.shape != padded.shape:
        raise RuntimeError(f"H.264 gave {degraded.shape} for {padded.shape}")
    return np.ascontiguousarray(degraded[:, :height, :width])


def _blur(frames: Frames, sigma: float, rng: np.random.Generator) -> Frames:
    from scipy.ndimage import gaussian_filter1d  # settings are read by those who blur nothing

    sigma *= max(frames.shape[1:3]) / REFERENCE_SIDE
    values = frames.astype(np.float32)
    for axis in (1, 2):
        values = gaussian_filter1d(values, sigma, axis=axis, mode="nearest")
    return _to_bytes(values)


def _noise(frames: Frames, variance: float, rng: np.random.Generator) -> Frames:
    grain = rng.standard_normal(frames.shape, dtype=np.float32)
    return _to_bytes(frames + grain * np.float32(255 * variance**0.5))


def _scale(frames: Frames, fraction: float, rng: np.random.Generator) -> Frames:
    height, width = frames.shape[1:3]
    small = max(1, round(width * fraction)), max(1, round(height * fraction))
    degraded = np.empty_like(frames)
    for frame, out in zip(frames, degraded, strict=True):
        shrunk = Image.fromarray(frame).resize(small, Image.Resampling.BICUBIC)
        out[...] = np.asarray(shrunk.resize((width, height), Image.Resampling.BICUBIC))
    return degraded


def _brighten(frames: Frames, shift: float, rng: np.random.Generator) -> Frames:
    """Raise HSV's value (the largest channel) by `shift`, keeping hue and saturation; black becomes grey."""
    value = frames.max(axis=3, keepdims=True).astype(np.float32)
    raised = np.minimum(value + np.float32(255 * shift), np.float32(255))
    scaled = frames * (raised / np.maximum(value, 1))
    return _to_bytes(np.where(value > 0, scaled, raised))


def _to_bytes(values: NDArray[np.float32]) -> Frames:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


DEGRADATIONS: dict[str, Degradation] = {
    "jpeg": Degradation(
        _jpeg, (95, 90, 75, 40, 10), "quality {:g}", "JPEG by libjpeg, 4:2:0; settings: this project's"
    ),
    "h264": Degradation(
        _h264,
        (15, 19, 23, 32, 40),
        "crf {:g}",
        "H.264 by x264, every frame intra-coded; crf 23 and 40 as in FaceForensics++'s c23 and c40"
        " (Roessler et al. 2019), the others this project's",
    ),
    "blur": Degradation(
        _blur,
        (1.5, 2, 3, 5, 8),
        "sigma {:g} px of 224",
        "Gaussian blur, standard deviation in pixels of a 224-pixel frame; settings: this project's, over the"
        " range of ImageNet-C's severities (1 to 6) and one beyond (its 1 is .3 of a pixel of a 64-pixel"
        " frame and changes nothing there)",
    ),
    "noise": Degradation(
        _noise,
        (0.0002, 0.0005, 0.002, 0.01, 0.05),
        "variance {:g}",
        "Gaussian noise on every channel of every pixel, variance of values in [0, 1]; the three highest"
        " settings are among DeeperForensics-1.0's, the others this project's",
    ),
    "scale": Degradation(
        _scale,
        (0.95, 0.85, 0.7, 0.5, 0.25),
        "to {:g} of the side",
        "bicubic down and up again; the two lowest settings are among those of ImageNet-C's pixelation,"
        " the others this project's",
    ),
    "brightness": Degradation(
        _brighten,
        (0.1, 0.2, 0.3, 0.4, 0.5),
        "value + {:g}",
        "lighter: the value of HSV, in [0, 1], is raised; settings: ImageNet-C's",
    ),
}
"""Every family by the name that params.yaml uses."""
