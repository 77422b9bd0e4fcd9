"""`clipforensics convert`: what it refuses, and that nothing is left of what failed."""

import stat

import pytest

from clipforensics.command_line import main as clipforensics
from clipforensics.core.faults import InputError
from clipforensics.encoder.vision import load_vision_tower
from clipforensics.shipping import agreement, convert, to_tower
from clipforensics.shipping.convert import whole_or_nothing
from clipforensics.shipping.onnx_file import PACKAGES


def run(package, out, form="merged", *more):
    convert.main(["--model", str(package), "--to", form, "--out", str(out), *more])


def listed(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_plain_tower_comes_out_and_is_told(package, tmp_path, capsys):
    clipforensics(["convert", "--model", str(package), "--to", "merged", "--out", str(tmp_path / "new/out")])
    said = capsys.readouterr().out
    assert said.startswith(
        f"{tmp_path / 'new/out'}: lora as a plain CLIPVisionModelWithProjection and a linear"
    )
    assert said.count("\n") == 1
    assert listed(tmp_path / "new/out") == [
        "README.md", "config.json", "conversion.json", "files.json", "frames.json", "head.safetensors",
        "model.safetensors", "operating_point.json", "preprocessor_config.json",
    ]  # fmt: skip
    assert listed(tmp_path / "new") == ["out"]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new/out").iterdir()}
    assert len(modes) == 1, "whoever may read the card may read the weights"


def test_an_empty_folder_is_taken_and_any_other_is_not(package, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    run(package, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(InputError, match="is there already; name a new folder"):
        run(package, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    with pytest.raises(InputError, match="lies in the package"):
        run(package, package / "encoder/out")
    with pytest.raises(InputError, match="is no folder; name a package"):
        run(tmp_path / "nothing", tmp_path / "other")


def test_the_same_package_gives_the_same_bytes(package, tmp_path):
    for name in ("one", "two"):
        run(package, tmp_path / name)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_what_is_another_detector_is_refused_and_not_left(package, tmp_path, monkeypatch):
    monkeypatch.setattr(to_tower, "fold", forget_what_was_trained)
    with pytest.raises(InputError, match=r"log odds within \d.*1e-05 is allowed of scores.*not kept") as told:
        run(package, tmp_path / "out")
    assert "\n" not in str(told.value)
    assert listed(tmp_path) == ["model", "model-encoder"]


def forget_what_was_trained(trained):
    """The encoder as it was, under the trained head."""
    encoder = load_vision_tower(str(trained.folder / "encoder"), "local")
    trained.module.tower = encoder
    return trained.module


def test_a_folder_that_cannot_be_written_is_told(package, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        run(package, tmp_path / "file/out")


def test_a_kill_leaves_no_half_of_it_in_the_way(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        be_killed(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def be_killed(out):
    with whole_or_nothing(out) as folder:
        (folder / "half").write_text("")
        raise KeyboardInterrupt


def test_onnx_without_its_libraries_is_one_line_before_anything_is_opened(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    (tmp_path / "model").mkdir()
    with pytest.raises(InputError) as told:
        run(tmp_path / "model", tmp_path / "out", "onnx")
    assert str(told.value) == (
        f"--to onnx needs {', '.join(PACKAGES.values())}, which are not installed; run"
        " `pip install 'clipforensics[export]'`"
    )
    assert listed(tmp_path) == ["model"]


def test_its_encoder_can_be_named_where_it_lies_elsewhere(package, tmp_path):
    (package / "encoder").rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="encoder 'encoder' of the package is neither in"):
        run(package, tmp_path / "out")
    run(package, tmp_path / "out", "merged", "--encoder", str(tmp_path / "elsewhere"))
    assert (tmp_path / "out/model.safetensors").is_file()


@pytest.mark.parametrize("words", [["--to", "onnx"], ["--model", "x", "--to", "coreml", "--out", "y"]])
def test_a_wrong_command_line_is_told(words, capsys):
    with pytest.raises(SystemExit) as caught:
        convert.main(words)
    assert caught.value.code == 2
    assert "usage: clipforensics convert" in capsys.readouterr().err


def test_the_comparison_is_made_on_several_frames():
    assert agreement.N_FRAMES >= 4


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("operating_point.json", "{}"),
        ("operating_point.json", '{"pooling": "evil", "video": {"calibration": null}}'),
        ("operating_point.json", '{"pooling": ["mean"], "video": 3}'),
        ("frames.json", '{"faces": 3}'),
        ("frames.json", "[]"),
        ("README.md", "---\n- a\n---\n## How to load it\n"),
        ("README.md", "---\na: [\n---\n## How to load it\n"),
    ],
)
def test_what_is_damaged_beside_the_weights_is_told_in_one_line(name, content, package, tmp_path):
    (package / name).write_text(content)
    with pytest.raises(InputError, match=name) as told:
        run(package, tmp_path / "out")
    assert "\n" not in str(told.value)
    assert not (tmp_path / "out").exists()
