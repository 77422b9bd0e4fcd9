"""Where a page comes from: code, data, machine, and how to find the commit."""

from clipforensics.report.reading.provenance import Provenance
from clipforensics.report.sections import origin


def test_origin_names_code_data_and_machine_and_how_to_find_the_commit():
    known = Provenance(trees={"stages": "ab" * 20}, data={"videos in it": "5"}, machine={"processor": "P"})
    code, machine = origin.origin_tables(known)
    assert [[c.text for c in r] for r in code.groups[0].rows] == [
        ["git tree of stages/", "ab" * 20], ["videos in it", "5"],
    ]  # fmt: skip
    assert [c.text for c in machine.groups[0].rows[0]] == ["processor", "P"]
    assert origin.commands(known) == [f"git log --oneline --find-object={'ab' * 20}"]
    assert origin.origin_tables(Provenance()) == []
