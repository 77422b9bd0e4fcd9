"""TEMP"""

from clipforensics.params import Section


class AugmentSection(Section):
    self_blended: float


def is_off(s):
    return True


def augment(frames, rows, **k):
    return frames
