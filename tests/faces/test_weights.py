"""Weights are the file that is meant, from wherever it comes; the hub is asked in seconds."""

import hashlib
import os
import socket
import threading

import httpx2
import huggingface_hub.constants
import pytest

from clipforensics.core.faults import InputError
from clipforensics.encoder import hub
from clipforensics.faces import weights
from clipforensics.faces.settings import FacesSection
from clipforensics.faces.weights import check_weights, find_weights

BYTES = b"not really a network"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def section(**more):
    settings = {
        "detector": "yunet",
        "weights": "owner/name",
        "weights_file": "yunet.onnx",
        "revision": COMMIT,
        "sha256": hashlib.sha256(BYTES).hexdigest(),
        "detect_size": 640,
        "min_score": 0.6,
        "stride": 1,
    }
    return FacesSection(**{**settings, **more})


@pytest.mark.parametrize("ask", [find_weights, check_weights])
def test_a_local_file_of_the_right_digest(ask, tmp_path):
    path = tmp_path / "w.onnx"
    path.write_bytes(BYTES)
    assert ask(section(weights=str(path))) in (path, None)
    path.write_bytes(BYTES + b".")
    with pytest.raises(InputError, match=r"faces.sha256 .* does not fit .*, whose sha256 is [0-9a-f]{64}"):
        ask(section(weights=str(path)))


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "w.onnx")
    with pytest.raises(InputError, match="is no file"):
        find_weights(section(weights=str(tmp_path / "w.onnx")))


@pytest.mark.parametrize(
    "name",
    [
        *("/none/w.onnx", "./w", "w.onnx", "models/yunet.onnx", "a/b/c", "~/w", ""),
        *("a--b/c", "a..b/c", "-a/b", "a/b ", "name"),  # no ids of the hub
    ],
)
@pytest.mark.parametrize("ask", [find_weights, check_weights])
def test_a_file_that_is_not_there_is_no_hub_id(ask, name):
    with pytest.raises(InputError, match="is no file; give one, or an id on the hub"):
        ask(section(weights=name))


@pytest.mark.parametrize("revision", ["main", "0123456", COMMIT.upper()])
def test_the_hub_needs_a_whole_commit(revision):
    with pytest.raises(InputError, match="40 hexadecimal digits"):
        find_weights(section(revision=revision))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of the hub's client."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_the_cache_has_needs_no_network(cache, monkeypatch):
    folder = cache / "models--owner--name" / "snapshots" / COMMIT
    folder.mkdir(parents=True)
    (folder / "yunet.onnx").write_bytes(BYTES)
    monkeypatch.setattr(weights, "ask_for", None)
    assert find_weights(section()) == folder / "yunet.onnx"
    check_weights(section())


def test_a_hub_out_of_reach_is_one_line(cache, monkeypatch):
    monkeypatch.setattr(hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    template = "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    for ask in (find_weights, check_weights):
        with pytest.raises(
            InputError, match=r"faces\.weights 'owner/name' is not in the local cache"
        ) as error:
            ask(section())
        assert "name a local copy" in str(error.value)


@pytest.mark.parametrize("error", [OSError("no space left"), httpx2.ReadTimeout("too slow")])
def test_a_download_that_breaks_off_is_one_line(error, cache, monkeypatch):
    def breaking(*name, revision):
        assert (name, revision) == (("owner/name", "yunet.onnx"), COMMIT)
        raise error

    monkeypatch.setattr(weights, "ask_for", lambda *_, **__: None)
    monkeypatch.setattr(weights, "hf_hub_download", breaking)
    with pytest.raises(InputError, match=f"'owner/name' cannot be fetched: {error}"):
        find_weights(section())


def test_a_file_below_home_is_found_by_its_short_name(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "w.onnx").write_bytes(BYTES)
    assert find_weights(section(weights="~/w.onnx")) == tmp_path / "w.onnx"
    check_weights(section(weights="~/w.onnx"))


def test_a_hub_that_has_it_is_asked_and_nothing_is_fetched_by_the_check(cache, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        template = url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(hub.constants, "ENDPOINT", url)
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        asked = []

        def answer():
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(65536).decode())
                head = f'X-Repo-Commit: {COMMIT}\r\nETag: "1"\r\nContent-Length: 5\r\nConnection: close'
                connection.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode())

        thread = threading.Thread(target=answer)
        thread.start()
        check_weights(section())
        thread.join(5)
    assert asked[0].startswith(f"HEAD /owner/name/resolve/{COMMIT}/yunet.onnx ")
    assert not cache.exists()
