"""What the commands print."""

from dataclasses import replace
from pathlib import Path

import pytest

from clipforensics.casework.telling import tell_of, unreadable
from clipforensics.scoring.results import EXIT_CODES


@pytest.mark.parametrize("outcome", EXIT_CODES)
def test_the_opinion_the_files_and_the_status(whole, capsys, outcome):
    status = 0
    try:
        tell_of(replace(whole.seen.verdict, outcome=outcome), [Path("a\x1b.html")])
    except SystemExit as ended:
        status = ended.code
    assert status == EXIT_CODES[outcome]
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith(f"{whole.video.name}: ")
    assert second == "written: a .html"


def test_an_unreadable_video_is_one_line(capsys):
    assert unreadable("a\nb.mp4", ValueError("is empty")) == 6
    assert capsys.readouterr().err == "error: a b.mp4 is empty; nothing was written\n"
