"""The hub's own client against a hub in this process: one commit, pinned; no token in any word."""

import pytest
from huggingface_hub import HfApi

from clipforensics.core.faults import InputError
from clipforensics.publishing.opening import open_package
from clipforensics.shipping.agreement import as_log_odds, made_up_pixels
from clipforensics.shipping.contents import read_contents
from clipforensics.shipping.hub import push_to_hub
from tests.support.hub import TOKEN, open_hub


@pytest.fixture
def hub():
    with open_hub() as found:
        yield found


@pytest.fixture(autouse=True)
def nobody(tmp_path, monkeypatch):
    """Nobody is logged in on this machine."""
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_TOKEN_PATH", str(tmp_path / "no-token"))


def push(hub, package, *, token=TOKEN, private=False, revision="main", name="me/lora"):
    api = HfApi(endpoint=hub.url, token=token)
    return push_to_hub(read_contents(package), name, private=private, revision=revision, api=api)


def test_one_commit_holds_the_package_and_the_version_that_it_pins_is_the_same_detector(
    hub, package, tmp_path
):
    found = push(hub, package)
    repo = hub.repos["me/lora"]
    assert found.url == f"{hub.url}/me/lora/commit/{found.commit}"
    assert repo.branches == {"main": found.commit}
    assert repo.messages == ["initial commit", "lora, by clipforensics push"]
    files = {name: (package / name).read_bytes() for name in read_contents(package).sizes}
    assert repo.commits[found.commit] == {".gitattributes": b"", **files}
    api = HfApi(endpoint=hub.url, token=TOKEN)
    fetched = api.snapshot_download("me/lora", revision=found.commit, local_dir=tmp_path / "fetched")
    assert read_contents(tmp_path / "fetched").sizes == read_contents(package).sizes, "it can be pushed again"
    one, other = open_package(package), open_package(tmp_path / "fetched")
    pixels = made_up_pixels(one.preprocessing)
    assert (as_log_odds(one.module)(pixels) == as_log_odds(other.module)(pixels)).all()
    assert str(fetched) == str(tmp_path / "fetched")


def test_a_branch_is_made_where_there_is_none_and_used_where_there_is(hub, package):
    first = push(hub, package, revision="v2")
    repo = hub.repos["me/lora"]
    assert repo.branches["v2"] == first.commit
    assert list(repo.commits[repo.branches["main"]]) == [".gitattributes"]
    (package / "frames.json").write_text('{"side": 64}')
    second = push(hub, package, revision="v2")
    assert repo.branches["v2"] == second.commit != first.commit
    assert repo.commits[second.commit]["frames.json"] == b'{"side": 64}'


@pytest.mark.parametrize("private", [True, False])
def test_a_new_repository_is_private_only_if_asked_for(private, hub, package):
    push(hub, package, private=private)
    assert hub.repos["me/lora"].private == private


def test_what_shall_be_private_is_not_pushed_to_the_public(hub, package):
    hub.make("me/lora")
    with pytest.raises(InputError, match=r"me/lora is public on the hub.*leave out --private"):
        push(hub, package, private=True)
    assert len(hub.repos["me/lora"].commits) == 1
    hub.make("me/other", private=True)
    push(hub, package, private=True, name="me/other")
    assert len(hub.repos["me/other"].commits) == 2


def test_files_of_another_detector_there_are_told_before_anything_is_uploaded(hub, package):
    hub.make("me/lora", files={"probe.safetensors": b"", "picture.png": b""})
    with pytest.raises(InputError, match=r"me/lora \(main\) holds probe\.safetensors, which this package"):
        push(hub, package)
    assert len(hub.repos["me/lora"].commits) == 1


def test_a_file_that_the_hub_left_out_is_told(hub, package):
    hub.ignored = {"head.safetensors"}
    with pytest.raises(InputError, match=r"took commit [0-9a-f]{40} without head\.safetensors; remove the"):
        push(hub, package)


def test_without_a_token_nothing_is_asked(hub, package):
    with pytest.raises(
        InputError, match=r"there is no token for the hub; log in with `hf auth login`, or set"
    ):
        push(hub, package, token=None)
    assert hub.asked == []


def test_the_token_of_the_environment_is_used(hub, package, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    push(hub, package, token=None)
    assert {token for *_, token in hub.asked} == {TOKEN}


@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "hf auth login"), (403, "hf auth login"), (500, "try again")]
)
def test_what_the_hub_refuses_is_one_line_in_which_no_token_stands(status, remedy, hub, package):
    hub.refuses = (status, f"token {TOKEN} may\nnot")
    with pytest.raises(InputError) as told:
        push(hub, package)
    line = str(told.value)
    assert line.startswith(f"--to me/lora: the hub answers {status}")
    assert remedy in line
    assert TOKEN not in line
    assert "\n" not in line


def test_a_token_that_may_only_read_is_told(hub, package):
    hub.make("me/lora")
    with pytest.raises(InputError, match=r"the hub answers 403 .*required permissions.*may write there"):
        push(hub, package, token="hf_reads_only")
    with pytest.raises(InputError, match=r"the hub answers 40[14]"):
        push(hub, package, token="hf_reads_only", name="me/new")
    assert len(hub.repos["me/lora"].commits) == 1


def test_a_hub_that_is_not_there_is_one_line(package):
    api = HfApi(endpoint="http://127.0.0.1:9", token=TOKEN)
    with pytest.raises(InputError, match=r"^--to me/lora: http://127\.0\.0\.1:9 cannot be reached: ") as told:
        push_to_hub(read_contents(package), "me/lora", private=False, api=api)
    assert "\n" not in str(told.value)


def test_offline_is_told(hub, package, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    from huggingface_hub import close_session

    close_session()  # which was made online
    try:
        with pytest.raises(InputError, match="HF_HUB_OFFLINE is set; unset it"):
            push(hub, package)
    finally:
        monkeypatch.undo()
        close_session()
