"""`clipforensics serve` on the command line: its options, and what it says where something is missing."""

import os
import subprocess
import sys

import pytest

from clipforensics.core.faults import InputError
from clipforensics.serving import command
from clipforensics.serving.command import EXTRA, listen, main, parse, private_folder
from tests.support.imports import ROOT

IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    sys.modules[name] = None  # importing it fails
import clipforensics.serving
for found in pkgutil.iter_modules(clipforensics.serving.__path__, "clipforensics.serving."):
    importlib.import_module(found.name)
from clipforensics.serving.command import main
main(["--model", "x"])
"""


def test_without_the_optional_packages_all_is_imported_and_the_command_says_what_to_install():
    typed = [sys.executable, "-W", "ignore", "-c", IMPORT_ALL, *EXTRA]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(typed, capture_output=True, text=True, check=False, env=env)
    assert "InputError: `clipforensics serve` needs fastapi, uvicorn, python-multipart" in done.stderr
    assert "pip install 'clipforensics[serve]'" in done.stderr


def test_it_listens_to_this_machine_alone_unless_told_otherwise():
    given = parse(["--model", "x"])
    assert (given.host, given.port, given.workers, given.waiting) == ("127.0.0.1", 8000, 1, 10)


@pytest.mark.parametrize(
    "option", [("--port", "70000"), ("--workers", "0"), ("--waiting", "-1"), ("--time-limit", "0")]
)
def test_a_limit_that_cannot_be_is_refused(option, capsys):
    with pytest.raises(SystemExit) as caught:
        parse(["--model", "x", *option])
    assert caught.value.code == 2
    assert option[0] in capsys.readouterr().err


def test_an_address_that_cannot_be_had_is_one_line():
    with pytest.raises(InputError, match=r"--host no\.such\.host\.invalid --port 0: .*; name another"):
        listen("no.such.host.invalid", 0)
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(InputError, match="Address already in use"):
            listen("127.0.0.1", taken.getsockname()[1])


def test_uploads_lie_where_nobody_else_can_look_and_go_in_the_end():
    with private_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "upload").write_bytes(b"x")
    assert not folder.exists()


def test_a_model_that_is_none_is_told_before_anything_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "start_workers", None)
    with pytest.raises(InputError, match="is no package"):
        main(["--model", str(tmp_path), "--port", "0"])


def test_that_it_loads_is_said_at_once(monkeypatch, capsys):
    said = []

    def find(name, revision):
        said.append(capsys.readouterr().out)
        raise InputError("stop here")

    monkeypatch.setattr(command, "find_package", find)
    with pytest.raises(InputError, match="stop here"):
        main(["--model", "owner/name", "--port", "0"])
    assert said == ["loading the model owner/name ...\n"]
