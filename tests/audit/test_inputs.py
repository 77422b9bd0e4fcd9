"""What is said of a file: its name and digest, never its folder."""

import hashlib

from clipforensics.audit.inputs import described, printable


def test_role_name_and_digest(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"abc")
    digest = hashlib.sha256(b"abc").hexdigest()
    assert (
        described({"list": [path, path], "none": []})
        == [{"role": "list", "file": "a.txt", "sha256": digest}] * 2
    )


def test_a_terminal_gets_no_control_characters():
    assert printable("a\x1b[31m\nb") == "a [31m b"
