"""`clipforensics push`, as it is typed."""

import os
import re
import subprocess
import sys

import pytest

from clipforensics.core.faults import InputError
from clipforensics.publishing.digests import write_files
from clipforensics.shipping.contents import read_contents
from clipforensics.shipping.push import main
from tests.support.hub import TOKEN, open_hub
from tests.support.repository import ROOT


def run(*words, **environment):
    env = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "clipforensics", "push", *words],
        env={**env, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_to_the_hub_with_the_users_own_token(package, tmp_path):
    with open_hub() as hub:
        environment = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path / "hf")}
        done = run("--model", str(package), "--to", "me/lora", "--private", "--revision", "v1", **environment)
        assert done.returncode == 0, done.stderr
        repo = hub.repos["me/lora"]
        commit = repo.branches["v1"]
        assert repo.private
        lines = done.stdout.splitlines()
        assert lines[0] == f"{read_contents(package).words}: {hub.url}/me/lora/commit/{commit}"
        fetch = f"hf download me/lora --revision {commit} --local-dir lora"
        assert lines[1] == f"fetch this very version: {fetch}"
        hf = [sys.executable, "-m", "huggingface_hub.cli.hf", *fetch.split()[1:]]
        env = {**os.environ, **environment, "NO_COLOR": "1"}
        subprocess.run(hf, env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert read_contents(tmp_path / "lora").sizes == read_contents(package).sizes
    assert TOKEN not in done.stdout + done.stderr


def test_what_would_be_pushed_is_told_and_nothing_is(package, tmp_path):
    done = run("--model", str(package), "--to", "me/lora", "--dry-run", HF_ENDPOINT="http://127.0.0.1:9")
    assert (done.returncode, done.stderr) == (0, "")
    contents = read_contents(package)
    first, *rows = done.stdout.splitlines()
    assert first == f"would push {contents.words} to me/lora, branch main:"
    assert [row.split()[0] for row in rows] == list(contents.sizes)
    done = run("--model", str(package), "--to", f"file://{tmp_path}/share", "--dry-run")
    assert done.stdout.startswith(f"would push {contents.words} to {tmp_path}/share:")
    assert not (tmp_path / "share").exists()


def test_into_a_folder(package, tmp_path, capsys):
    main(["--model", str(package), "--to", f"file://{tmp_path}/sha%20re"])
    first, pinned, _ = capsys.readouterr().out.splitlines()
    assert first.endswith(f": file://{tmp_path}/sha%20re")
    digest, command = re.fullmatch(
        r"pinned: (\w{64}), which `(.*)` prints as long as nothing changes", pinned
    ).groups()
    printed = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout
    assert printed.split()[0] == digest
    assert read_contents(tmp_path / "sha re").sizes == read_contents(package).sizes


@pytest.mark.parametrize("option", [["--private"], ["--revision", "v1"]])
def test_what_is_for_the_hub_alone_is_refused_with_a_folder(option, package, tmp_path):
    with pytest.raises(
        InputError, match=f"{option[0]} is for the hub, and --to {tmp_path}/share is a folder"
    ):
        main(["--model", str(package), "--to", f"{tmp_path}/share", *option])
    assert not (tmp_path / "share").exists()


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_foreign_file_stops_it_before_anything_else(more, package, tmp_path):
    (package / "faces.png").write_bytes(b"")
    for place in ("me/lora", str(tmp_path / "share")):
        with pytest.raises(InputError, match=r"faces\.png is no file of a package"):
            main(["--model", str(package), "--to", place, *more])
    assert not (tmp_path / "share").exists()


def test_there_is_no_option_for_a_token(package, capsys):
    with pytest.raises(SystemExit):
        main(["--model", str(package), "--to", "me/lora", "--token", TOKEN])
    assert "unrecognized arguments" in capsys.readouterr().err


def test_what_is_not_as_it_was_written_is_not_handed_on(package, tmp_path):
    write_files(package)
    main(["--model", str(package), "--to", str(tmp_path / "share")])
    assert "files.json" in read_contents(tmp_path / "share").sizes
    path = package / "encoder/config.json"
    path.write_text(path.read_text().replace("2", "4"))
    with pytest.raises(InputError, match=r"encoder/config\.json is not the file that was packaged"):
        main(["--model", str(package), "--to", str(tmp_path / "other")])
    assert not (tmp_path / "other").exists()
