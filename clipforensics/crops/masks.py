"""A data set's manipulation masks: which of a video's people was manipulated; whose mask a real one takes.

White is manipulated. Nobody has such a mask of a new clip: frames cut by it say where a detector fails, not
what its user gets (docs/how-to/faces.md).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clipforensics.core.records import Video
from clipforensics.faces.face import Face
from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.pictures import holds_pictures, list_pictures, read_pictures
from clipforensics.footage.video import decode_frames, probe_video

WHITE = 128
"""Least level, in the brightest channel, of a pixel that counts as manipulated: masks are lossy videos."""


def lend_masks(videos: Sequence[Video]) -> list[Video]:
    """The same videos, those without a mask of their own with that of a fake made on their footage.

    So the frames of a real video, and of a fake of whose method there are no masks, show the person who was
    manipulated in others of the same footage. The same footage: data set, target, scene (`take` up to `__`,
    as DeepFakeDetection writes them), width, height and number of frames. Of several masks that of the lowest
    key is taken; a video of no known target takes none.
    """
    owners = sorted((video for video in videos if video.mask and video.label), key=lambda video: video.key)
    lent = {_footage(video): video.mask for video in reversed(owners)}
    return [
        video if video.mask or not video.target else replace(video, mask=lent.get(_footage(video), ""))
        for video in videos
    ]


def _footage(video: Video) -> tuple[str, str, str, int, int, int]:
    scene = video.take.partition("__")[0]
    return video.dataset, video.target, scene, video.width, video.height, video.n_frames


def marked_by(path: Path, video: Video, faces: Sequence[Face]) -> dict[int, float]:
    """What part of a mask lies in each person's boxes, over the frames that show a face.

    A mask of another size than the video is scaled to it, pixel by pixel.

    Args:
        path: The mask: a video, or a folder of numbered pictures.
        video: What it is the mask of.
        faces: Of the video, followed.

    Returns:
        Person to a number above 0 to 1; none on whom nothing of it lies. Boxes may overlap.

    Raises:
        UnreadableVideo: the mask cannot be read, or has not as many frames as the video.
    """
    inside: Counter[int] = Counter()
    white = 0
    try:
        n_frames = _length(path)
        if n_frames != video.n_frames:
            raise UnreadableVideo(f"has {n_frames} frames, the video {video.n_frames}; replace or remove it")
        for frame, mask in _read(path, sorted({face.frame for face in faces}), video):
            white += int(mask.sum())
            for face in (face for face in faces if face.frame == frame):
                box = mask[face.y : face.y + face.height, face.x : face.x + face.width]
                inside[face.person] += int(box.sum())
    except UnreadableVideo as error:
        raise UnreadableVideo(f"its mask {error}") from error
    return {person: pixels / white for person, pixels in sorted(inside.items()) if pixels}


def _length(path: Path) -> int:
    return len(list_pictures(path)) if holds_pictures(path) else probe_video(path).n_frames


def _read(path: Path, indices: Sequence[int], video: Video) -> Iterator[tuple[int, NDArray[np.bool_]]]:
    """Where each of these frames was manipulated, in the video's own size, bool (height, width)."""
    for index, picture in (read_pictures if holds_pictures(path) else decode_frames)(path, indices):
        image = Image.fromarray(picture.max(axis=2))
        sized = image.resize((video.width, video.height), Image.Resampling.NEAREST)
        yield index, np.asarray(sized) >= WHITE
