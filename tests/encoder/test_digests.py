"""A digest is computed once, and again once the file is another."""

import hashlib

from clipforensics.encoder.digests import digest_once


def test_it_is_sha256_and_follows_the_file(tmp_path):
    path = tmp_path / "file"
    for content in (b"one", b"other", b"longer than both"):
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        assert digest_once(path) == hashlib.sha256(content).hexdigest()


def test_it_is_read_once(tmp_path, monkeypatch):
    path, read = tmp_path / "file", []
    path.write_bytes(b"x")
    whole = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda *given: read.append(given) or whole(*given))
    (tmp_path / "link").symlink_to(path)
    assert digest_once(path) == digest_once(path) == digest_once(tmp_path / "link")
    assert len(read) == 1
