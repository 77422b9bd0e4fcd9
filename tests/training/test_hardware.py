"""This machine in words."""

import os

from clipforensics.training import hardware


def test_the_machine_is_read_from_its_files(tmp_path):
    (tmp_path / "cpu").write_text("processor\t: 0\nmodel name\t: A Fast: One\nmodel name\t: B\n")
    (tmp_path / "os").write_text('NAME="x"\nPRETTY_NAME="An OS 1"\n')
    found = hardware.describe_machine(tmp_path / "cpu", tmp_path / "os")
    assert (found["processor"], found["system"]) == ("A Fast: One", "An OS 1")
    assert found["logical cores"] == str(os.cpu_count())
    bare = hardware.describe_machine(tmp_path / "none", tmp_path / "none")
    assert all(bare.values())
