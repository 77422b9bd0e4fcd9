"""`clipforensics explain`, as it is typed."""

import pytest

from tests.support.clips import make_clip
from tests.support.typed_commands import typed


def run(capsys, *words):
    return typed(capsys, "explain", *words)


def test_it_writes_one_page_and_exits_as_score_does(whole, pair, tmp_path, capsys):
    out = tmp_path / "new" / "page.html"
    status, said, err = run(capsys, pair.video, "--model", pair.package, "--out", out)
    assert (status, err) == (3, "")
    assert said.splitlines()[1] == f"written: {out}"
    assert [path.name for path in out.parent.iterdir()] == ["page.html"]
    assert "No opinion: this detector is not shown to be better than guessing" in out.read_text("utf-8")
    status, _, _ = run(capsys, pair.video, "--model", pair.package, "--out", out)
    assert status == 3  # over its own page


def test_without_out_the_page_is_named_after_the_video(whole, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_clip(tmp_path / "clip.mp4")
    run(capsys, "clip.mp4", "--model", whole.package, "--prior", "0.01")
    text = (tmp_path / "clip.mp4.html").read_text("utf-8")
    assert "of the videos in question 1% were" in text


def test_the_video_itself_is_never_written_over(whole, tmp_path, capsys):
    clip = make_clip(tmp_path / "clip.mp4")
    before = clip.read_bytes()
    status, _, err = run(capsys, clip, "--model", whole.package, "--out", clip)
    assert status == 1
    assert err.count("\n") == 1
    assert "is there and is no page of this command" in err
    assert clip.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no video at all"])
def test_an_unreadable_video_is_one_line_and_6(whole, tmp_path, capsys, content):
    (tmp_path / "bad.mp4").write_bytes(content)
    out = tmp_path / "page.html"
    status, said, err = run(capsys, tmp_path / "bad.mp4", "--model", whole.package, "--out", out)
    assert (status, said) == (6, "")
    assert err.count("\n") == 1
    assert not out.exists()
