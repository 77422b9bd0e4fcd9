"""What computed a case."""

import re

from clipforensics.casework import software
from clipforensics.machine.kernels import PINS


def test_versions_are_told_without_the_build_and_what_is_absent_is_said(monkeypatch):
    monkeypatch.setattr(software, "PACKAGES", ("torch", "no-such-package"))
    found = software.software()
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["packages"]["torch"])
    assert found["packages"]["no-such-package"] == "not installed"
    assert re.fullmatch(r"3\.\d+\.\d+", found["python"])
    assert found["libraries"]["libavcodec"].count(".") == 2


def test_kernels_are_told_as_pinned_only_where_all_are(monkeypatch):
    monkeypatch.setattr(software.kernels, "has_avx2", lambda: True)
    for name, value in PINS.items():
        monkeypatch.setenv(name, value)
    assert software.software()["pinned"] is True
    assert software.software()["kernels"] == dict(PINS)
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    assert (software.software()["pinned"], software.software()["kernels"]) == (False, {})
