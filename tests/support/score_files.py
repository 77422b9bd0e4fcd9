"""Small score files for the tests of the audit."""

import csv


def write_csv(path, header, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def score_rows(videos, n_frames=2):
    """Frames of `{(manipulation, video, label): score}`; the frames of a video differ a little."""
    return [
        (manipulation, video, frame, label, score + 0.01 * frame)
        for (manipulation, video, label), score in videos.items()
        for frame in range(n_frames)
    ]


def write_scores(path, videos, n_frames=2):
    return write_csv(path, ("manipulation", "video", "frame", "label", "score"), score_rows(videos, n_frames))


def write_train(path, pairs):
    return write_csv(path, ("manipulation", "video"), pairs)


VIDEOS = {
    ("real", "000", 0): 0.1,
    ("real", "010", 0): 0.2,
    ("real", "020", 0): 0.6,
    ("NT", "001_002", 1): 0.9,  # a twin
    ("NT", "003_004", 1): 0.8,  # a twin
    ("NT", "001_030", 1): 0.7,  # its target is in training
    ("NT", "040_041", 1): 0.3,  # nothing is known of it
    ("NT", "042_043", 1): 0.15,
}
TRAIN = [("real", "001"), ("real", "050"), ("FS", "001_002"), ("FS", "003_004"), ("FS", "060_061")]
