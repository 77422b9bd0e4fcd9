"""What a server takes in: its units, and the defaults that the manual names."""

import re

from clipforensics.serving.limits import MAX_PIXELS, Limits
from tests.support.imports import ROOT

MANUAL = (ROOT / "docs/how-to/serve.md").read_text(encoding="utf-8")


def test_an_upload_is_counted_in_mebibytes():
    assert Limits(megabytes=3).n_bytes == 3 * 1024 * 1024


def test_videos_that_wait_are_beside_those_that_are_worked_on():
    assert Limits(workers=2, waiting=3).in_hand == 5
    assert Limits(workers=1, waiting=0).in_hand == 1


def test_defaults_are_those_of_the_manual():
    told = {name: int(default) for name, default in re.findall(r"^\| `--([\w-]+)` \| (\d+) \|", MANUAL, re.M)}
    usual = Limits()
    assert told == {
        "max-megabytes": usual.megabytes,
        "max-seconds": usual.seconds,
        "time-limit": usual.time_limit,
        "workers": usual.workers,
        "waiting": usual.waiting,
    }


def test_the_largest_frame_is_that_of_the_manual():
    width, height = map(int, re.search(r"at most (\d+) x (\d+) pixels", MANUAL).groups())
    assert width * height == MAX_PIXELS
