"""What is said of a file: its name and digest, never its folder."""

import hashlib

from clipforensics.audit.inputs import described


def test_role_name_and_digest(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"abc")
    digest = hashlib.sha256(b"abc").hexdigest()
    assert (
        described({"list": [path, path], "none": []})
        == [{"role": "list", "file": "a.txt", "sha256": digest}] * 2
    )
