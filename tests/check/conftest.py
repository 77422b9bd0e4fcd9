import pytest

from tests.support.settings import write_shipped


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """The working folder: a fresh clone's settings."""
    folder = tmp_path / "project"
    folder.mkdir()
    write_shipped(folder)
    monkeypatch.chdir(folder)
    for name in ("FFPP_ROOT", "FOOTAGE_ROOT", "FRAME_PACKAGE_ROOT", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return folder
