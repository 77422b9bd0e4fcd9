"""The encoder before it is needed: there, a CLIP, of the frames' size; a hub out of reach is told in time."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from clipforensics.encoder import hub
from tests.encoder.test_vision import write_encoder
from tests.support.repository import ROOT, edit_yaml
from tests.support.settings import checked, problems
from tests.support.shared_data import ENCODERS, needs_shared
from tests.support.training_tasks import write_two_towers

HUB = {"model": "openai/clip-vit-base-patch32", "revision": "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268"}
LOCAL = {"encoder": {"model": "tower"}, "extract_frames": {"frame_size": 32}}


@pytest.fixture
def tower():
    return write_encoder(Path("tower"))


def test_a_folder_of_the_frames_size_is_right(tower):
    found = checked(**LOCAL)
    assert found.problems == []
    assert found.encoder.vision["hidden_size"] == 32


def test_the_samples_own_encoder_is_known_before_it_is_made():
    assert not Path("data/sample/clip").exists()
    assert checked().encoder.vision["num_hidden_layers"] == 4
    assert problems(extract_frames={"frame_size": 224}) == [
        "params.yaml: encoder.model 'data/sample/clip' reads frames of 64 pixels (clip.image_size of its"
        " profile), and extract_frames.frame_size is 224; set it to 64"
    ]


def test_the_samples_encoder_is_missed_where_the_data_set_is_another(tmp_path, monkeypatch):
    monkeypatch.setenv("FOOTAGE_ROOT", str(tmp_path))
    (tmp_path / "videos.csv").write_text(
        "path,label,manipulation,target,source\nparams.yaml,0,real,a,\ndvc.yaml,1,X,b,\n"
    )
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(name, tmp_path / name)
    found = problems(dataset="footage")
    assert any(
        "'data/sample/clip' is the sample's own encoder, and `dataset` is 'footage'" in one for one in found
    )


def test_a_wrong_frame_size_is_found_before_decoding(tower):
    (line,) = problems(encoder={"model": "tower"})
    assert line == (
        "params.yaml: encoder.model 'tower' reads frames of 32 pixels, and extract_frames.frame_size is 64;"
        " set extract_frames.frame_size to 32"
    )


@needs_shared
def test_an_encoder_of_224_pixels_is_right_with_224():
    model = str(ENCODERS / "vit-tiny-clip-layout")
    assert problems(encoder={"model": model}, extract_frames={"frame_size": 224}) == []


def spoil_config(folder: Path) -> None:
    content = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**content, "model_type": "swin"}))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: (f / "model.safetensors").unlink(), "holds none of model.safetensors"),
        (lambda f: os.truncate(f / "model.safetensors", 4000), "model.safetensors cannot be read"),
        (lambda f: (f / "preprocessor_config.json").unlink(), "has no readable preprocessor"),
        (lambda f: (f / "config.json").unlink(), "has no readable config.json"),
        (lambda f: (f / "config.json").write_text("{"), "config.json cannot be read"),
        (spoil_config, "is 'swin' by its config.json, and must be one of clip, clip_vision_model"),
        (shutil.rmtree, "encoder.revision 'local' does not pin 'tower'"),
    ],
)
def test_a_folder_that_is_no_whole_clip_is_refused(tower, spoil, words):
    spoil(tower)
    (line,) = problems(**LOCAL)
    assert words in line


def test_a_revision_that_does_not_fit_is_refused(tower):
    assert problems(**LOCAL) == []
    (line,) = problems(encoder={"revision": "0123456789"})
    assert "encoder.revision '0123456789' does not fit" in line


@pytest.mark.parametrize("model", ["./tower", "/none/tower", "a/b/c"])
def test_a_folder_that_is_not_there_is_no_hub_id(model):
    (line,) = problems(encoder={"model": model})
    assert f"encoder.model {model!r} is no folder; give a folder or a hub id" in line


@pytest.fixture
def endpoint(tmp_path, monkeypatch):
    """Point the hub's client at an address of this machine and an empty cache."""

    def point(url: str) -> None:
        monkeypatch.setattr(hub.constants, "ENDPOINT", url)
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE",
                            url + "/{repo_id}/resolve/{revision}/{filename}")  # fmt: skip
        monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))

    return point


def test_a_hub_that_refuses_is_told_at_once_with_the_network_in_the_line(endpoint):
    endpoint("http://127.0.0.1:9")
    begin = time.monotonic()
    (line,) = problems(encoder=HUB)
    assert time.monotonic() - begin < 2 * hub.PATIENCE
    assert "is not in the local cache" in line
    assert "the network does not reach http://127.0.0.1:9" in line
    assert "connect this machine to the network" in line
    assert "name a local copy" in line


def test_a_hub_that_never_answers_is_given_up_in_seconds(endpoint, monkeypatch):
    monkeypatch.setattr(hub, "PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint(f"http://127.0.0.1:{server.getsockname()[1]}")
        begin = time.monotonic()
        (line,) = problems(encoder=HUB)
        assert time.monotonic() - begin < 5
    assert "the network does not reach" in line


def answer_once(server: socket.socket, head: str) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(f"HTTP/1.1 {head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("404 Not Found\r\nX-Error-Code: RepoNotFound", "is not on the hub"),
        ("404 Not Found\r\nX-Error-Code: RevisionNotFound", "is no commit of"),
        ("404 Not Found\r\nX-Error-Code: EntryNotFound", "has no config.json"),
        ("403 Forbidden\r\nX-Error-Code: GatedRepo", "open only to those who accepted its terms"),
        ("503 Service Unavailable", "the network does not reach"),
    ],
)
def test_what_the_hub_says_is_told_apart(endpoint, head, words):
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint(f"http://127.0.0.1:{server.getsockname()[1]}")
        thread = threading.Thread(target=answer_once, args=(server, head), daemon=True)
        thread.start()
        (line,) = problems(encoder=HUB)
        thread.join(10)
    assert words in line


def test_a_name_server_that_never_answers_is_given_up_too(monkeypatch):
    monkeypatch.setattr(hub, "PATIENCE", 0.1)
    monkeypatch.setattr(hub, "get_hf_file_metadata", lambda *_, **__: time.sleep(30))
    (line,) = problems(encoder=HUB)
    assert "the network does not reach https://" in line
    assert "no answer in 0.2 s" in line


def test_a_machine_told_to_stay_offline_is_told_the_variable(endpoint, monkeypatch):
    endpoint("http://127.0.0.1:9")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    (line,) = problems(encoder=HUB)
    assert "HF_HUB_OFFLINE keeps it from the network; unset HF_HUB_OFFLINE" in line


CACHED = """
import sys
from pathlib import Path
from clipforensics.check.everything import check_everything
from clipforensics.encoder import text, vision
print(check_everything(Path("params.yaml"), Path("conf/data")).problems)
vision.load_vision_tower(*sys.argv[1:])
text.load_text_encoder(*sys.argv[1:])
"""


def test_an_encoder_in_the_cache_is_loaded_without_a_word_to_the_hub(tmp_path):
    snapshot = tmp_path / "hub/models--openai--clip-vit-base-patch32/snapshots" / HUB["revision"]
    write_two_towers(snapshot)
    edit_yaml(Path("params.yaml"), {"encoder": HUB})
    done = subprocess.run(
        [sys.executable, "-c", CACHED, *HUB.values()],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "HF_HOME": str(tmp_path),
            "HF_ENDPOINT": "http://127.0.0.1:9",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
    assert "127.0.0.1" not in done.stderr, "it was asked for something"


def test_the_size_of_a_profiles_encoder_counts_not_that_of_the_last_run():
    edit_yaml(Path("conf/data/sample.yaml"), {"clip": {"image_size": 32}})
    (line,) = problems()
    assert "reads frames of 32 pixels" in line


@pytest.mark.parametrize(
    ("config", "files", "cached"),
    [
        ({"model_type": "siglip"}, ["model.safetensors"], False),
        ({"model_type": "siglip"}, ["model.safetensors", "preprocessor_config.json"], True),
        ({"architecture": "vit_tiny_patch16_224", "pretrained_cfg": {}}, ["model.safetensors"], True),
        ({"architecture": "vit_tiny_patch16_224", "pretrained_cfg": {}}, [], False),
    ],
)
def test_an_encoder_of_timm_is_cached_without_a_preprocessor(config, files, cached, tmp_path, monkeypatch):
    """timm writes into config.json how pictures are prepared."""
    place = tmp_path / "cache/models--a--b/snapshots" / ("0" * 40)
    place.mkdir(parents=True)
    (place / "config.json").write_text(json.dumps(config))
    for name in files:
        (place / name).write_text("{}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    assert hub.is_cached("a/b", "0" * 40) is cached
