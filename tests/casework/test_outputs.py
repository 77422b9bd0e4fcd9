"""Where pages and case files may be written."""

from pathlib import Path

import pytest

from clipforensics.casework import outputs
from clipforensics.casework.outputs import MADE_BY, check_folder, check_page, is_case
from clipforensics.core.faults import InputError


def test_a_page_goes_over_an_earlier_one_and_over_nothing_else(tmp_path):
    page = tmp_path / "a.html"
    check_page(page)
    page.write_text(f"<!doctype html><head>{MADE_BY}</head>")
    check_page(page)
    page.write_text("somebody's own")
    with pytest.raises(InputError, match="is no page of this command; name another file"):
        check_page(page)
    with pytest.raises(InputError, match="is a folder; name a file in it"):
        check_page(tmp_path)


def test_a_folder_is_new_or_empty_or_holds_an_earlier_case(tmp_path):
    check_folder(tmp_path / "new")
    check_folder(tmp_path)
    (tmp_path / "case.json").write_text('{\n  "clipforensics case": 1,\n')
    (tmp_path / "notes.txt").write_text("mine")
    check_folder(tmp_path)


@pytest.mark.parametrize("text", ["{}", '{"clipforensics score": 1}', '["clipforensics case"]', ""])
def test_a_folder_with_anything_else_is_refused(tmp_path, text):
    (tmp_path / "case.json").write_text(text)
    assert not is_case(tmp_path / "case.json")
    with pytest.raises(InputError, match="holds files, and no earlier case"):
        check_folder(tmp_path)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "f").touch()
    with pytest.raises(InputError, match="is a file; name a folder"):
        check_folder(tmp_path / "f")


def test_the_templates_are_known_again():
    folder = Path(outputs.__file__).parent
    assert MADE_BY in (folder / "explain.html").read_text()[:4096]
