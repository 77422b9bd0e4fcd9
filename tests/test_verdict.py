"""`clipforensics verdict`: a few lines of what the last run found, and what to do where nothing was run."""

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.files import write_json
from clipforensics.verdict import lines, main
from tests.support.comparison_cells import plain_spaces, two_protocols


def test_it_says_what_was_asked_what_follows_and_the_numbers_of_both_protocols():
    asked, conclusion, usual, clean, about = map(plain_spaces, lines(two_protocols(), "lora"))
    assert "FaceSwap" in asked
    assert "better" in conclusion
    assert usual == (
        "Per class (10 real videos, 100 manipulated): video AUC the baseline .770 [.650, .890], LoRA .830"
        " [.710, .930]; difference +.060 [.010, .110]"
    )
    assert clean.startswith("Grouped (20 real videos, 21 manipulated): video AUC")
    assert about.endswith("grouped, beside it, does not.")


def test_the_command_ends_with_where_the_page_lies(tmp_path, capsys):
    write_json(tmp_path / "metrics/comparison.json", two_protocols())
    write_json(tmp_path / "metrics/metrics.json", {"detector": "lora"})
    main([], tmp_path)
    assert capsys.readouterr().out.splitlines()[-1].startswith("page: none here yet; `dvc repro` writes")
    (tmp_path / "report").mkdir()
    (tmp_path / "report/report.html").touch()
    main([], tmp_path)
    assert capsys.readouterr().out.splitlines()[-1] == f"page: {tmp_path / 'report/report.html'}"


def test_where_nothing_was_run_the_remedy_is_named(tmp_path):
    with pytest.raises(
        InputError, match=r"comparison\.json does not exist: nothing was run yet; run `make repro`"
    ):
        main([], tmp_path)
