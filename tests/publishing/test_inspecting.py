"""What a package is looked into for. (What single files may claim: test_hostile_packages.)"""

import pytest

from clipforensics.core.faults import InputError
from clipforensics.publishing.digests import write_files
from clipforensics.publishing.inspecting import MOST_FILES, inspect
from tests.support.hostile_packages import claims, edit, write_package


@pytest.fixture
def package(tmp_path):
    return write_package(tmp_path / "model", "baseline")


def test_a_package_that_says_that_it_has_digests_must_have_them(package):
    inspect(package)
    edit(package / "detector.json", files="files.json")
    with pytest.raises(InputError, match=r"lacks files\.json, with the digests of its files"):
        inspect(package)
    write_files(package)
    inspect(package)


def test_links_into_the_hubs_cache_are_files_and_circles_are_not_walked(package, tmp_path):
    (package / "probe.safetensors").rename(tmp_path / "blob")
    (package / "probe.safetensors").symlink_to(tmp_path / "blob")
    (package / "encoder/again").symlink_to("..")
    inspect(package)


def test_far_too_many_files_are_no_package(package):
    for number in range(MOST_FILES):
        (package / f"{number}.txt").touch()
    with pytest.raises(InputError, match=f"holds more than {MOST_FILES} files"):
        inspect(package)


def test_likeness_has_the_size_of_one(package):
    claims("likeness.safetensors", components=(10**6, 10**6))(package)
    with pytest.raises(InputError, match=r"likeness\.safetensors is larger than any embedding's"):
        inspect(package)
