"""Only a package's own files are handed on, each of them what its name says."""

import os
import pickle
import zipfile

import pytest

from clipforensics.core.faults import InputError
from clipforensics.core.files import write_json
from clipforensics.shipping.contents import RESULTS, Contents, check_remote, in_bytes, read_contents


def test_a_package_is_its_files_with_their_sizes(package):
    (package / ".eval_results").mkdir()
    (package / ".eval_results/clipforensics.yaml").write_text("- a: 1\n")
    for name in ("validation.json", "choices.json", "encoder/tokenizer.json"):
        write_json(package / name, {})
    (package / "encoder/LICENSE").write_text("MIT\n")
    found = read_contents(package)
    assert list(found.sizes) == sorted(
        path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()
    )
    assert found.n_bytes == sum(path.stat().st_size for path in package.rglob("*") if path.is_file())
    assert found.words == f"lora, {len(found.sizes)} files, {in_bytes(found.n_bytes)}"


def test_results_are_where_packaging_writes_them():
    from clipforensics.publishing import folder

    assert folder.RESULTS.as_posix() == RESULTS


def test_what_the_hubs_client_left_stays_where_it_is(package):
    before = read_contents(package).sizes
    (package / ".gitattributes").write_text("")
    (package / ".cache/huggingface/download").mkdir(parents=True)
    (package / ".cache/huggingface/download/x.lock").write_text("")
    assert read_contents(package).sizes == before
    (package / ".cache/other").write_text("")
    with pytest.raises(InputError, match=r"\.cache/other is no file of a package"):
        read_contents(package)


@pytest.mark.parametrize(
    "name",
    ["secrets.json", "frames/000.png", ".env", "notes.txt", "train.py", "encoder/README.md", "README.md.bak",
     "encoder/deep/model.safetensors", ".eval_results/other.yaml", "a b.safetensors", "other.onnx",
     ".hidden.safetensors"],
)  # fmt: skip
def test_what_is_not_a_packages_own_is_refused_by_its_name(name, package):
    (package / name).parent.mkdir(parents=True, exist_ok=True)
    (package / name).write_bytes(b"{}")
    with pytest.raises(InputError) as told:
        read_contents(package)
    assert f"{package / name} is no file of a package; move it out" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["model.pt", "x.PKL", "pytorch_model.bin", "weights.npy", "last.ckpt"])
def test_what_may_run_code_when_it_is_loaded_is_refused(name, package):
    (package / name).write_bytes(pickle.dumps([1]))
    with pytest.raises(InputError, match=f"{name} is or may be a pickle, which runs code when it is loaded"):
        read_contents(package)


def test_an_encoder_as_openai_published_it_has_its_own_remedy(package):
    (package / "encoder/model.safetensors").rename(package / "encoder/pytorch_model.bin")
    with pytest.raises(InputError, match=r"save the encoder as safetensors.*clipforensics convert"):
        read_contents(package)


def write_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.pkl", pickle.dumps([1]))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("head.safetensors", lambda path: path.write_bytes(pickle.dumps({"weight": 1}))),
        ("head.safetensors", write_zip),
        ("frames.json", lambda path: path.write_text("{")),
        ("frames.json", lambda path: path.write_bytes(b"\xff\xfe{}")),
        ("README.md", lambda path: path.write_bytes(b"\x80\x04K")),
        ("README.md", lambda path: path.write_bytes(b"a\0b")),
        ("model.onnx", write_zip),
        ("model.onnx", lambda path: path.write_bytes(pickle.dumps(1))),
    ],
)
def test_what_is_not_what_its_name_says_is_refused(name, write, package):
    write(package / name)
    with pytest.raises(InputError) as told:
        read_contents(package)
    assert f"{package / name} is not what its name says: " in str(told.value)
    assert "\n" not in str(told.value)


def test_links_are_refused_and_not_followed(package, tmp_path):
    (tmp_path / "secret.json").write_text("{}")
    (package / "choices.json").symlink_to(tmp_path / "secret.json")
    with pytest.raises(InputError, match=r"choices\.json is a link"):
        read_contents(package)
    (package / "choices.json").unlink()
    (package / "more").symlink_to(tmp_path)
    with pytest.raises(InputError, match="more is a link"):
        read_contents(package)
    (package / "more").unlink()
    os.mkfifo(package / "choices.json")
    with pytest.raises(InputError, match=r"choices\.json is no file"):
        read_contents(package)


@pytest.mark.parametrize("name", ["README.md", "detector.json"])
def test_what_is_no_package_is_told(name, package):
    (package / name).unlink()
    with pytest.raises(InputError, match="is no package: it must hold README"):
        read_contents(package)
    with pytest.raises(InputError, match="is no folder; name a package"):
        read_contents(package / "nothing")


def test_a_folder_without_weights_is_no_package(package):
    for path in package.glob("*.safetensors"):
        path.unlink()
    with pytest.raises(InputError, match="is no package"):
        read_contents(package)


@pytest.mark.parametrize("content", [[], {"method": 3}, {"form": "onnx"}])
def test_a_record_that_names_no_method_is_told(content, package):
    write_json(package / "detector.json", content)
    with pytest.raises(InputError, match=r"detector\.json names no `method`"):
        read_contents(package)


def test_files_of_another_detector_would_be_taken_for_this_ones(package):
    contents = read_contents(package)
    check_remote([".gitattributes", "LICENSE", "picture.png", *contents.sizes], contents, "there")
    for name in (
        "trained.safetensors",
        "config.json",
        "pytorch_model.bin",
        "encoder/vocab.json",
        "model.onnx",
    ):
        with pytest.raises(InputError, match=f"there holds {name}, which this package has not"):
            check_remote([name], contents, "there")


@pytest.mark.parametrize(
    ("n", "said"), [(12, "12 bytes"), (1500, "1.5 kB"), (3.2e6, "3.2 MB"), (1e9, "1 GB")]
)
def test_sizes_are_for_people(n, said, tmp_path):
    assert in_bytes(n) == said
    assert Contents(tmp_path, {"a": int(n)}, "lora").words == f"lora, 1 files, {said}"
