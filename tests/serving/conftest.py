"""Skips these tests, with the reason, where the optional packages of `clipforensics serve` are missing."""

from importlib.util import find_spec

import pytest

MISSING = [
    name for name in ("fastapi", "uvicorn", "python_multipart", "markdown_it") if find_spec(name) is None
]


class WithoutExtra(pytest.Module):
    """A file of tests that cannot even be imported."""

    def collect(self):
        pytest.skip(
            f"clipforensics[serve] is not installed: no {', '.join(MISSING)}", allow_module_level=True
        )


def pytest_pycollect_makemodule(module_path, parent):
    return WithoutExtra.from_parent(parent, path=module_path) if MISSING else None


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """A packaged detector of whole frames, usable."""
    from tests.support.scoring_packages import write_scoring_package

    return write_scoring_package(tmp_path_factory.mktemp("judged") / "package", method="lora")


@pytest.fixture(scope="session")
def short_clip(tmp_path_factory):
    """A video that can be scored."""
    from tests.support.clips import make_clip

    return make_clip(tmp_path_factory.mktemp("clips") / "a.mp4")
