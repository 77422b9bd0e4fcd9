import pytest

from tests.support.packages import write_lora_package


@pytest.fixture
def package(tmp_path):
    return write_lora_package(tmp_path / "model")


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """A project in which every method was trained and packaged."""
    from clipforensics.adaptation.contract import known_detectors
    from tests.support.trained_project import make_packages, make_project

    folder = make_project(tmp_path_factory.mktemp("shipping") / "project", known_detectors())
    make_packages(folder, include_encoder=True)
    return folder
