"""What one video may have at the most, each limit on its own, up to its very value."""

import pytest

from clipforensics.footage.content import UnreadableVideo
from clipforensics.footage.limits import ANY, MAX_FRAMES, MAX_PIXELS, Limits


def test_what_is_as_large_as_the_limit_passes_and_what_is_larger_has_a_reason():
    limits = Limits(max_pixels=12, max_frames=3, max_seconds=2.5, max_bytes=100)
    limits.check_pixels(4, 3)
    limits.check_frames(3)
    limits.check_seconds(2.5)
    limits.check_bytes(100)
    for check, values, reason in (
        (limits.check_pixels, (13, 1), "is 13x1, over max_pixels=12"),
        (limits.check_frames, (4,), "holds over max_frames=3 frames"),
        (limits.check_seconds, (2.6,), r"lasts 3 seconds, over max_seconds=2\.5"),
        (limits.check_bytes, (101,), "has 101 bytes, over max_bytes=100"),
    ):
        with pytest.raises(UnreadableVideo, match=f"^{reason}; "):
            check(*values)


def test_without_settings_only_what_nothing_can_work_with_is_refused():
    ANY.check_bytes(1 << 60)
    ANY.check_seconds(1e12)
    ANY.check_pixels(8192, 8192)
    assert (Limits().max_pixels, Limits().max_frames) == (MAX_PIXELS, MAX_FRAMES)
    with pytest.raises(UnreadableVideo, match="max_pixels"):
        ANY.check_pixels(8192, 8193)
