"""`clipforensics plan`: what it refuses, and what it does without."""

import re
import subprocess
import sys

import pytest

from clipforensics.core.faults import InputError
from clipforensics.plan.command import POWER, main
from clipforensics.statistics import power


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--difference", ".3"], "their sum must be below 1"),
        (["--difference", "0"], "--difference 0: must be above 0"),
        (["--real", "1"], "1 reals and 100 fakes"),
        (["--correlation", "1"], "correlation 1"),
        (["--power", ".5"], "--power 0.5: must lie above"),
        (["--identities", "1"], "an interval needs two of each"),
    ],
)
def test_what_no_test_can_have_is_refused(words, message, capsys):
    with pytest.raises(InputError, match=re.escape(message)):
        main(["--real", "10", "--fake", "100", "--auc", ".78", "--difference", ".06", *words])
    assert capsys.readouterr().out == "", "half an answer stands before the refusal"


def test_it_needs_no_project_and_does_not_load_torch(tmp_path):
    code = (
        "import sys; from clipforensics.command_line import main;"
        "main('plan --real 20 --fake 20 --auc .78 --difference .06'.split());"
        "sys.exit('torch' in sys.modules or 'pandas' in sys.modules)"
    )
    env = {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "20 real and 20 manipulated" in done.stdout


def test_the_power_wanted_is_that_of_the_pipeline():
    assert power.POWER == POWER
