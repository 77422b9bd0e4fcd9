"""FaceForensics++: `<target>_<source>` of three digits each, a real video `<target>`; and its actors.

As https://github.com/ondyari/FaceForensics/tree/master/dataset has them. DeepFakeDetection's actors have two
digits: a real video is `<target>__<scene>`, a manipulated one `<target>_<source>__<scene>__<code>`.
"""

import re

from clipforensics.naming.people import People, bare

RULE = "<target>_<source> of three digits each, a real one <target>; actors <target>[_<source>]__<scene>"

_REAL = re.compile(r"(\d{3})", re.ASCII)
_FAKE = re.compile(r"(\d{3})_(\d{3})", re.ASCII)
_REAL_ACTOR = re.compile(r"(\d{2})__[a-z]\w*", re.ASCII)
_FAKE_ACTOR = re.compile(r"(\d{2})_(\d{2})__[a-z]\w*__[A-Z0-9]{8}", re.ASCII)


def read(name: str) -> People | None:
    """Who is in a video of this name; None where FaceForensics++ has no such name.

    A manipulated video of one person twice (`033_033`) is none of its names either.
    """
    clip = bare(name)
    if real := _REAL.fullmatch(clip) or _REAL_ACTOR.fullmatch(clip):
        return People(clip, real[1], label=0)
    fake = _FAKE.fullmatch(clip) or _FAKE_ACTOR.fullmatch(clip)
    if fake and fake[1] != fake[2]:
        return People(clip, fake[1], fake[2], label=1)
    return None
