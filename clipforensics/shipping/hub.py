"""A package as one commit of a repository on the Hugging Face hub, by its client and the user's own login."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clipforensics.core.faults import InputError
from clipforensics.shipping.contents import Contents, check_remote

if TYPE_CHECKING:
    from huggingface_hub import HfApi

MAIN = "main"
LOGIN = "log in with `hf auth login`, or set HF_TOKEN, to a token that may write there"


@dataclass(frozen=True)
class Pushed:
    """What came of it.

    Attributes:
        url: Of the commit.
        commit: Its 40 hexadecimal digits.
    """

    url: str
    commit: str


def push_to_hub(
    contents: Contents, repository: str, *, private: bool, revision: str = MAIN, api: "HfApi | None" = None
) -> Pushed:
    """Make the repository and branch if they are not there, and commit a package's files, all at once.

    Args:
        contents: The package.
        repository: `owner/name`.
        private: Whether it shall be private; one that is public already is refused.
        revision: The branch.
        api: The hub's client; by default one that finds the user's own token.

    Raises:
        InputError: nobody is logged in, the hub refuses or cannot be reached, the repository is public and
            should not be, or holds files of another detector.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, get_token

    api = api or HfApi(library_name="clipforensics")
    with _told(repository, api):
        if not (api.token or get_token()):
            raise InputError(f"--to {repository}: there is no token for the hub; {LOGIN}")
        _make_ready(api, repository, private, revision)
        there = api.list_repo_files(repository, revision=revision)
        check_remote(there, contents, f"--to {repository} ({revision})")
        files = [CommitOperationAdd(name, contents.folder / name) for name in contents.sizes]
        message = f"{contents.detector}, by clipforensics push"
        made = api.create_commit(repository, files, commit_message=message, revision=revision)
        missing = sorted(set(contents.sizes) - set(api.list_repo_files(repository, revision=made.oid)))
        if missing:
            raise InputError(
                f"--to {repository}: the hub took commit {made.oid} without {missing[0]}; remove the"
                " .gitignore there, and push again"
            )
    return Pushed(str(made.commit_url), str(made.oid))


def _make_ready(api: "HfApi", repository: str, private: bool, revision: str) -> None:
    """See to repository and branch."""
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        found = api.repo_info(repository)
    except RepositoryNotFoundError:
        api.create_repo(repository, private=True if private else None, exist_ok=True)
    else:
        if private and not found.private:
            raise InputError(
                f"--to {repository} is public on the hub; make it private in its settings there, leave out"
                " --private, or name another"
            )
    if revision != MAIN:
        api.create_branch(repository, branch=revision, exist_ok=True)


@contextmanager
def _told(repository: str, api: "HfApi") -> Iterator[None]:
    """Errors of the hub's client in one line, in which no token stands."""
    from httpx2 import HTTPError
    from huggingface_hub import get_token
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    where = f"--to {repository}"
    try:
        yield
    except InputError:
        raise
    except OfflineModeIsEnabled:
        raise InputError(f"{where}: HF_HUB_OFFLINE is set; unset it") from None
    except HfHubHTTPError as error:
        status = error.response.status_code
        said = _without(error.server_message or "", api.token, get_token())
        remedy = LOGIN if status in (401, 403) else "see what it says, and try again"
        raise InputError(
            f"{where}: the hub answers {status}{f' ({said})' if said else ''}; {remedy}"
        ) from None
    except (HTTPError, OSError) as error:
        said = _without(str(error) or type(error).__name__, api.token, get_token())
        raise InputError(f"{where}: {api.endpoint} cannot be reached: {said}; try again later") from None
    except ValueError as error:  # the client's own checks: of names, and of README.md's head
        said = _without(str(error), api.token, get_token())
        raise InputError(f"{where}: {said}; mend that and try again") from None


def _without(text: str, *tokens: object) -> str:
    """A text in one line, without the tokens."""
    for token in tokens:
        if isinstance(token, str) and token:
            text = text.replace(token, "<token>")
    return " ".join(text.split())
