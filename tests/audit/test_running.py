"""What an audit writes and says, by its files."""

import json
import re

import pytest

from clipforensics.audit import command as audit
from clipforensics.core.faults import InputError
from tests.support.score_files import TRAIN, VIDEOS, write_scores, write_train


def test_the_same_files_give_the_same_bytes(files, tmp_path):
    audit.main(files)
    first = [(tmp_path / "out" / name).read_bytes() for name in ("metrics.json", "report.html")]
    audit.main(files)
    assert [(tmp_path / "out" / name).read_bytes() for name in ("metrics.json", "report.html")] == first
    audit.main([*files, "--seed", "7"])
    assert (tmp_path / "out/metrics.json").read_bytes() != first[0]


def test_two_files_of_one_name_are_refused_and_one_file_twice_is_one(files, tmp_path):
    (tmp_path / "other").mkdir()
    twin = write_scores(tmp_path / "other" / "mine.csv", VIDEOS)
    with pytest.raises(InputError, match="both are called 'mine'; rename one"):
        audit.main([str(twin), *files])
    audit.main([files[0], *files, "--reference", files[0]])
    content = json.loads((tmp_path / "out/metrics.json").read_text())
    assert list(content["points"]) == ["mine"]


def test_a_reference_is_compared_with(files, tmp_path, capsys):
    other = write_scores(tmp_path / "train.csv.csv", {k: 1 - s for k, s in VIDEOS.items()})
    audit.main([*files, "--reference", str(other)])
    content = json.loads((tmp_path / "out/metrics.json").read_text())
    assert content["reference"] == "train.csv"
    assert set(content["cells"][0]["differences"]) == {"mine"}
    text = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "mine minus train.csv" in text
    shown = capsys.readouterr().out
    assert "Validation" not in shown
    (line,) = [line for line in shown.splitlines() if line.startswith("mine minus train.csv: +.600")]
    assert re.search(r"\[.*\] video AUC; a difference is (not )?shown\.$|whether they differ\.$", line)


def test_a_detector_called_train_is_not_taken_for_the_list(files, tmp_path):
    scores = write_scores(tmp_path / "elsewhere.csv", VIDEOS).rename(tmp_path / "train.CSV")
    audit.main([str(scores), *files[1:]])
    inputs = json.loads((tmp_path / "out/metrics.json").read_text())["inputs"]
    assert [entry["file"] for entry in inputs] == ["train.CSV", "train.csv"]


@pytest.mark.parametrize("blocked", ["out", "out/metrics.json", "out/report.html"])
def test_a_place_that_cannot_be_written_is_one_line_and_leaves_nothing(files, tmp_path, blocked):
    if blocked == "out":
        (tmp_path / "out").write_text("a file")
    else:
        (tmp_path / blocked).mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError, match=r"--out .*; name another folder"):
        audit.main(files)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_terminal_gets_no_control_characters_from_names(tmp_path, capsys):
    videos = {(m.replace("NT", "NT\x1b[31m"), v, label): s for (m, v, label), s in VIDEOS.items()}
    scores = write_scores(tmp_path / "a.csv", videos)
    train = write_train(tmp_path / "train.csv", TRAIN)
    audit.main([str(scores), "--train", str(train), "--out", str(tmp_path / "out"), "--replicates", "50"])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "NT [31m" in shown


def said(folder, name="metrics.json"):
    return json.loads((folder / "out" / name).read_text())


def test_lists_in_several_files_validation_and_the_choice_among_many(files, tmp_path, capsys):
    more = tmp_path / "more.txt"
    more.write_text("Deepfakes/c23/videos/040_041.mp4\n")
    val = write_train(tmp_path / "val.csv", [("FS", "042_043")])
    audit.main([*files, "--train", str(more), "--val", str(val), "--chosen-from", "27", "--naming", "ffpp"])
    content = said(tmp_path)
    assert content["leakage"]["manipulations"]["NT"]["twin"] == 3
    assert content["leakage"]["validation"]["manipulations"]["NT"]["twin"] == 1
    assert content["names"]["naming_stated"] is True
    assert [(e["role"], e["file"]) for e in content["inputs"]] == [
        ("scores", "mine.csv"), ("train", "train.csv"), ("train", "more.txt"), ("validation", "val.csv"),
    ]  # fmt: skip
    shown = capsys.readouterr().out
    assert "mine is the best of 27 by this test's own scores" in shown
    assert "\nValidation has seen somebody of 1 of 5 fakes (1 by a twin) and of 0 of " in shown
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    for text in ("mine is the best of 27", "nor in validation", "Validation, on which checkpoints"):
        assert text in page


def test_video_scores_of_paths_make_a_page_without_a_frame_level(files, tmp_path):
    rows = [f"{m}/c40/videos/{v}.mp4,{label},{score}" for (m, v, label), score in VIDEOS.items()]
    scores = tmp_path / "paths.csv"
    scores.write_text("path,label,score\n" + "\n".join(rows))
    audit.main([str(scores), *files[1:]])
    content = said(tmp_path)
    assert content["levels"] == ["video"]
    assert content["leakage"]["manipulations"]["NT"]["twin"] == 2
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "Video level" in page
    assert "Frame level" not in page
    assert page.count('<svg class="figure"') == 1


def test_fakes_of_nobody_known_are_a_stratum_and_nothing_exonerates(files, tmp_path, capsys):
    table = tmp_path / "people.csv"
    names = {v for _, v, _ in VIDEOS} | {v for _, v in TRAIN}
    table.write_text(
        "video,identity,identity_2\n" + "".join(f"{n},{n.partition('_')[0]},\n" for n in sorted(names))
    )
    renamed = [("FS", "060_061"), ("real", "000")]
    train = write_train(tmp_path / "other.csv", renamed)
    audit.main([files[0], "--train", str(train), "--identities", str(table), *files[3:]])
    (unknown,) = [c for c in said(tmp_path)["cells"] if (c["stratum"], c["level"]) == ("unknown", "video")]
    assert unknown["n_fake"] == 5
    out = capsys.readouterr().out
    assert "it is not known who is in all fakes, so twins in training may go unseen" in out
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "not known who is in it" in page
    for text in (out, page):
        assert "o fake has a twin" not in text
        assert "do not explain" not in text
