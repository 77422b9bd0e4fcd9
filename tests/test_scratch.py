"""Unfinished work is found again by the same settings, data and code, and by no others."""

from clipforensics.scratch import fingerprint, remove_scratch, scratch_folder


def test_fingerprint_follows_settings_and_content(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text("one")
    b.write_text("two")
    first = fingerprint({"r": 8, "names": ["x"]}, [a, b])
    assert first == fingerprint({"names": ["x"], "r": 8}, [b, a])
    assert first != fingerprint({"r": 16, "names": ["x"]}, [a, b])
    b.write_text("three")
    assert first != fingerprint({"r": 8, "names": ["x"]}, [a, b])


def test_scratch_lies_in_the_main_workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    folder = scratch_folder("embed", "abc")
    assert folder == tmp_path / ".scratch" / "embed" / "abc"
    assert folder.is_dir()
    remove_scratch(folder)
    remove_scratch(folder)
    assert not folder.exists()
