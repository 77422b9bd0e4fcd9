"""`clipforensics verdict`: which words it takes; what it says is in test_telling.py."""

import pytest

from clipforensics.verdict.command import main
from clipforensics.verdict.telling import tell
from tests.support.repository import ROOT


def test_it_prints_what_the_last_run_found(capsys):
    main([], ROOT)
    said = capsys.readouterr().out
    tell(ROOT)
    assert said == capsys.readouterr().out
    assert "video AUC" in said


def test_a_word_that_it_does_not_know_exits_with_2(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--loud"], ROOT)
    assert stopped.value.code == 2
    assert "usage: clipforensics verdict" in capsys.readouterr().err
