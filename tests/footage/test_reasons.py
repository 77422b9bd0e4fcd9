"""What may pass is tried again; what lies in the content is not."""

import errno

import pytest

from clipforensics.footage.reasons import DIED, late_after, may_pass, not_read


@pytest.mark.parametrize(
    ("reason", "passes"),
    [
        (DIED, True),
        (late_after(600.0), True),
        (not_read(OSError(errno.EIO, "Input/output error")), True),
        (not_read(MemoryError()), True),
        ("is empty (0 bytes); copy it again", False),
        ("picture '1.png' cannot be read as PNG; replace or remove it", False),
    ],
)
def test_a_reason_that_is_not_the_contents_may_pass(reason, passes):
    assert may_pass(reason) == passes


def test_reasons_name_what_happened():
    assert late_after(0.5).startswith("took longer than ingest.max_probe_seconds=0.5 of work; raise it")
    assert not_read(PermissionError(errno.EACCES, "Permission denied")) == "cannot be read: Permission denied"
    assert not_read(MemoryError()) == "cannot be read: MemoryError"
