"""Videos, looked at and scored, made up."""

import numpy as np

from clipforensics.scoring.judging import Case
from clipforensics.scoring.looking import Seen
from clipforensics.scoring.results import Exhibit
from tests.support.faces import make_face


def exhibit(**changes):
    fields = {"path": "a.mp4", "sha256": "0", "n_bytes": 9, "codec": "h264", "width": 64, "height": 48,
              "n_frames": 30, "frame_rate": 25.0}  # fmt: skip
    return Exhibit(**fields | changes)


def case(scores, *, people=None, faces=None, unlike=0.5, n_sampled=None, **changes):
    n = len(scores)
    people = np.array(people or [-1] * n)
    counts = [np.arange((people == one).sum()) for one in dict.fromkeys(people.tolist())]
    frames = np.concatenate([np.empty(0, np.int64), *counts])
    faces = faces or [None if p < 0 else make_face(0, 0, 50, frame=int(f), person=int(p))
                      for f, p in zip(frames, people, strict=True)]  # fmt: skip
    pictures = np.zeros((n, 4, 4, 3), np.uint8)
    sampled = np.arange(n_sampled or (int(frames.max()) + 1 if n else 4))
    seen = Seen(sampled, pictures, frames.astype(np.int64), people, tuple(faces))
    return Case(exhibit(**changes), seen, np.array(scores, dtype=np.float64), unlike)
