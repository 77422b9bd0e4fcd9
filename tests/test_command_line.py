"""`clipforensics`: one command, from any folder; its help loads nothing that takes time."""

import re
import subprocess
import sys
import tomllib

import pytest

from clipforensics.command_line import COMMANDS, find_project, main
from clipforensics.core.faults import InputError
from tests.support.repository import ROOT
from tests.support.settings import write_shipped

HEAVY = {"numpy", "pandas", "torch", "transformers", "sklearn", "scipy", "pydantic", "yaml", "dvc", "jinja2"}


LATE = HEAVY - {"numpy", "pydantic", "yaml"} | {"av", "cv2", "peft"}
"""What no command may load to say how it is used. NumPy and pydantic take a tenth of a second each."""


def run(*arguments, cwd=ROOT):
    code = "import sys; from clipforensics.command_line import main; sys.argv[0] = 'clipforensics'; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_every_command_and_loads_nothing_heavy():
    code = (
        "import sys\nfrom clipforensics.command_line import main\n"
        "try: main(['--help'])\nfinally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    for name, command in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(command.about)}$", done.stdout, re.M)
    assert HEAVY & set(done.stderr.split()) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_loads_nothing_that_takes_time(name):
    code = (
        "import sys\nfrom clipforensics.command_line import main\n"
        f"try: main([{name!r}, '--help'])\nfinally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "argparse" in done.stderr.split()
    assert LATE & set(done.stderr.split()) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_how_it_is_used_outside_any_project(name, tmp_path):
    done = run(name, "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: clipforensics {name} ")


def test_the_script_that_pip_installs_is_this_main():
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert scripts == {"clipforensics": f"{main.__module__}:{main.__name__}"}


def test_python_dash_m_is_the_same_command():
    done = subprocess.run(
        [sys.executable, "-m", "clipforensics", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == run("--help").stdout


def test_a_command_that_there_is_not_is_told_those_there_are(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["chek"])
    assert caught.value.code == 2
    assert "'chek' is no command; those there are: check, use, verdict, league" in capsys.readouterr().err


def test_a_project_is_found_from_below_and_by_name(tmp_path, monkeypatch):
    project = tmp_path / "project"
    (project / "a/b").mkdir(parents=True)
    write_shipped(project)
    for folder in (project, project / "a/b"):
        monkeypatch.chdir(folder)
        assert find_project(None).resolve() == project
    monkeypatch.chdir(tmp_path)
    assert find_project(project) == project
    with pytest.raises(InputError, match=r"is in no project: no folder has params\.yaml beside dvc\.yaml"):
        find_project(None)
    (project / "dvc.yaml").unlink()
    with pytest.raises(InputError, match=f"--project {project} is no project"):
        find_project(project)


@pytest.mark.parametrize("place", ["before", "after", "below"])
def test_verdict_is_had_from_anywhere(place, tmp_path):
    arguments = {
        "before": ["--project", str(ROOT), "verdict"],
        "after": ["verdict", "--project", str(ROOT)],
        "below": ["verdict"],
    }[place]
    done = run(*arguments, cwd=ROOT / "stages" if place == "below" else tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "page: " in done.stdout


def test_outside_a_project_it_is_one_line(tmp_path):
    done = run("verdict", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path} is in no project")
    assert done.stderr.count("\n") == 1


def test_paths_that_a_user_names_are_those_of_the_users_folder(tmp_path):
    done = run("league", "--project", str(ROOT), "--out", "mine.md", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "mine.md").read_text().startswith("# League table")


def test_whoever_reads_the_first_line_alone_gets_no_traceback():
    command = f"{sys.executable} -m clipforensics verdict | head -n 1"
    done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout.count("\n"), done.stderr) == (1, "")


def test_an_interruption_is_one_line(monkeypatch, capsys):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("clipforensics.command_line._run", interrupted)
    with pytest.raises(SystemExit) as ended:
        main(["score"])
    assert (ended.value.code, capsys.readouterr().err) == (130, "interrupted\n")
