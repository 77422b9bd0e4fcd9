"""What a method is: its docstring, read without importing it."""

import pytest

from clipforensics.core.faults import InputError
from clipforensics.publishing.methods import describe_method
from clipforensics.report.wording import titles


def test_a_docstring_becomes_title_summary_and_paragraphs(tmp_path, monkeypatch):
    monkeypatch.setattr(titles, "DETECTORS", tmp_path)
    docstring = "New one: does\n`a_b` and *c*.\n\nTwo kinds:\n\n- `x`: the\n  first.\n- y\n\nSo & so 2020.\n"
    (tmp_path / "new.py").write_text(f'"""{docstring}"""\nimport nothing_at_all\n')
    found = describe_method("new")
    assert (found.title, found.summary) == ("New one", "does `a_b` and \\*c\\*.")
    assert found.paragraphs == ("Two kinds:", "- `x`: the first.\n- y", "So \\& so 2020.")
    with pytest.raises(InputError, match=r"'\.\./new' is no module"):
        describe_method("../new")
