"""Celeb-DF (v1 and v2): `id0_id1_0000` is the footage of id0, clip 0000, with the face of id1.

Which is which, from the kit of the contest that was held on this data set, DFGC 2021: "id0_id1_0000_00060"
is frame 60 of the target video id0_0000.mp4 with its face swapped to id1.
"""

import re

from clipforensics.naming.people import People, bare

RULE = "id<target>_id<source>_<clip>, a real one id<target>_<clip>, and five digits in YouTube-real"

_FAKE = re.compile(r"(id\d{1,2})_(id\d{1,2})_\d{4}", re.ASCII)
_REAL = re.compile(r"(id\d{1,2})_\d{4}", re.ASCII)
_YOUTUBE = re.compile(r"\d{5}", re.ASCII)


def read(name: str) -> People | None:
    """Who is in a video of this name; None where Celeb-DF has no such name.

    YouTube-real (`00170`) is real footage of a person of whom nothing is said: the target is unknown.
    """
    clip = bare(name)
    if (fake := _FAKE.fullmatch(clip)) and fake[1] != fake[2]:
        return People(clip, fake[1], fake[2], label=1)
    if real := _REAL.fullmatch(clip):
        return People(clip, real[1], label=0)
    return People(clip, label=0) if _YOUTUBE.fullmatch(clip) else None
