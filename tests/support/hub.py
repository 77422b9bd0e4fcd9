"""A hub in this process: as much of the Hugging Face hub as its client needs to push and fetch."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_made_up_token"


@dataclass
class Repo:
    """A repository: branches name commits, commits hold files."""

    private: bool
    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    def commit(self, branch: str, files: dict[str, bytes], message: str) -> str:
        oid = hashlib.sha1(f"{branch}{len(self.commits)}".encode()).hexdigest()
        before = self.commits.get(self.branches.get(branch, ""), {})
        self.commits[oid], self.branches[branch] = {**before, **files}, oid
        self.messages.append(message)
        return oid

    def files(self, revision: str) -> tuple[str, dict[str, bytes]] | None:
        oid = self.branches.get(revision, revision)
        return (oid, self.commits[oid]) if oid in self.commits else None


@dataclass
class Hub:
    """What the server knows.

    Attributes:
        url: Of the server.
        repos: By `owner/name`.
        ignored: Names that it leaves out of a commit, as by a .gitignore.
        refuses: Status and words with which it answers everything, if any.
        asked: Method and path of every request, and the token that came with it.
    """

    url: str = ""
    repos: dict[str, Repo] = field(default_factory=dict)
    ignored: set[str] = field(default_factory=set)
    refuses: tuple[int, str] | None = None
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def make(self, name: str, *, private: bool = False, files: dict[str, bytes] | None = None) -> Repo:
        repo = self.repos[name] = Repo(private)
        repo.commit("main", {".gitattributes": b"", **(files or {})}, "initial commit")
        return repo


class Refused(Exception):
    """A status and an error code, as the hub answers them."""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    hub: Hub

    def do_GET(self) -> None:
        self._answer("GET")

    def do_HEAD(self) -> None:
        self._answer("HEAD")

    def do_POST(self) -> None:
        self._answer("POST")

    def log_message(self, *args: object) -> None:
        pass

    def _answer(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path)
        token = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        self.hub.asked.append((method, path, token))
        try:
            if self.hub.refuses:
                raise Refused(*self.hub.refuses)
            self._send(200, self._find(path, token, body))
        except Refused as refused:
            status, said = refused.args
            self._send(status, {"error": said}, {"X-Error-Code": said} if "NotFound" in said else {})

    def _send(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        is_file = isinstance(content, tuple)
        data = content[1] if is_file else json.dumps(content).encode()
        self.send_response(status)
        about = {"Content-Type": "application/json", **(headers or {})}
        if is_file:
            etag = hashlib.sha1(data).hexdigest()
            about = {
                "Content-Type": "application/octet-stream",
                "X-Repo-Commit": content[0],
                "ETag": f'"{etag}"',
            }
        for name, value in {**about, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _find(self, path: str, token: str, body: bytes) -> Any:
        if path == "/api/validate-yaml":
            return {"warnings": [], "errors": []}
        if path == "/api/repos/create":
            return self._create(json.loads(body), token)
        if found := re.fullmatch(r"/([\w.-]+/[\w.-]+)/resolve/(.+?)/(.+)", path):
            repo = self._repo(found[1], token)
            oid, files = self._at(repo, found[2])
            if found[3] not in files:
                raise Refused(404, "EntryNotFound")
            return (oid, files[found[3]])
        found = re.fullmatch(r"/api/models/([\w.-]+/[\w.-]+)(?:/(\w+)/(.+))?", path)
        if found is None:
            raise Refused(404, f"no {path}")
        name, what, revision = found.groups()
        return self._of_repo(name, self._repo(name, token), what, revision, body, token)

    def _create(self, wanted: dict[str, Any], token: str) -> Any:
        if token != TOKEN:
            raise Refused(401, "Invalid username or password.")
        name = f"{wanted['organization']}/{wanted['name']}"
        if name in self.hub.repos:
            raise Refused(409, "You already created this model repo")
        self.hub.make(name, private=wanted.get("visibility") == "private")
        return {"url": f"{self.hub.url}/{name}"}

    def _repo(self, name: str, token: str) -> Repo:
        repo = self.hub.repos.get(name)
        if repo is None or (repo.private and token != TOKEN):
            raise Refused(404, "RepoNotFound")
        return repo

    def _at(self, repo: Repo, revision: str) -> tuple[str, dict[str, bytes]]:
        found = repo.files(revision)
        if found is None:
            raise Refused(404, "RevisionNotFound")
        return found

    def _of_repo(self, name: str, repo: Repo, what: str, revision: str, body: bytes, token: str) -> Any:
        if what in ("branch", "preupload", "commit") and token != TOKEN:
            raise Refused(403, "You have read access but not the required permissions.")
        if what == "branch":
            if revision in repo.branches:
                raise Refused(409, "Reference already exists")
            oid = repo.branches[revision] = repo.branches["main"]
            return {"oid": oid}
        oid, files = self._at(repo, revision or "main")
        if what in (None, "revision"):
            siblings = [{"rfilename": path} for path in files]
            return {"id": name, "sha": oid, "private": repo.private, "siblings": siblings, "tags": []}
        if what == "tree":
            return [
                {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
                for path, data in files.items()
            ]
        if what == "preupload":
            return {"files": [self._upload(one["path"]) for one in json.loads(body)["files"]]}
        return self._commit(name, repo, revision, body)

    def _upload(self, path: str) -> dict[str, Any]:
        return {"path": path, "uploadMode": "regular", "shouldIgnore": path in self.hub.ignored}

    def _commit(self, name: str, repo: Repo, branch: str, body: bytes) -> Any:
        rows = [json.loads(line) for line in body.splitlines()]
        files = {
            row["value"]["path"]: base64.b64decode(row["value"]["content"])
            for row in rows
            if row["key"] == "file"
        }
        (message,) = (row["value"]["summary"] for row in rows if row["key"] == "header")
        oid = repo.commit(branch, files, message)
        return {"commitUrl": f"{self.hub.url}/{name}/commit/{oid}", "commitOid": oid, "success": True}


@contextmanager
def open_hub() -> Iterator[Hub]:
    """A hub that answers as long as the context is open."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
