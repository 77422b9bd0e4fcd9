"""The wheel that `pip wheel .` makes: it holds all that the code reads, and works where no checkout is."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.imports import ROOT

IMPORT_ALL = """
import importlib, pkgutil, sys
import clipforensics
names = [m.name for m in pkgutil.walk_packages(clipforensics.__path__, "clipforensics.")]
for name in names:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(clipforensics.__path__[0], len(names))
"""


def run(*command: str, cwd: Path, path: str = "") -> str:
    env = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built without the network, by the locked setuptools, from the files that git knows."""
    folder = tmp_path_factory.mktemp("wheel")
    listed = run("git", "ls-files", "clipforensics", "pyproject.toml", "README.md", "LICENSE", cwd=ROOT)
    for name in filter(lambda name: (ROOT / name).is_file(), listed.splitlines()):
        target = folder / "source" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / name).read_bytes())
    quiet = ("--quiet", "--disable-pip-version-check", "--no-index", "--no-deps")
    pip = (sys.executable, "-m", "pip")
    run(*pip, "wheel", *quiet, "--no-build-isolation", "-w", "dist", "./source", cwd=folder)
    (built,) = (folder / "dist").glob("*.whl")
    run(*pip, "install", *quiet, "--target", str(folder / "installed"), str(built), cwd=folder)
    return built


def test_it_holds_every_file_of_the_library_and_no_other(wheel):
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    listed = run("git", "ls-files", "clipforensics", cwd=ROOT).splitlines()
    assert found == {name for name in listed if (ROOT / name).is_file()}


def test_every_module_is_imported_outside_of_the_checkout(wheel, tmp_path):
    installed = wheel.parents[1] / "installed"
    where, count = run(
        sys.executable, "-W", "error", "-c", IMPORT_ALL, cwd=tmp_path, path=str(installed)
    ).split()
    assert Path(where) == installed / "clipforensics"
    assert int(count) > 150


def test_its_command_runs_outside_of_the_checkout(wheel, tmp_path):
    installed = wheel.parents[1] / "installed"
    command = installed / "bin" / "clipforensics"
    assert "audit" in run(sys.executable, str(command), "--help", cwd=tmp_path, path=str(installed))
