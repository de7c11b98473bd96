"""A stand-in for the model hub on the loopback, for its real client.

It speaks what `huggingface_hub` uses: a model's listing, files by `resolve` with the headers that
the client keeps its cache by, large files by a redirect to another address that takes ranges, and
the errors of a hub. It also stumbles when told to, and keeps a record of what it was asked for.
"""

import hashlib
import json
import re
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

LARGE_BYTES = 10_000
"""From here on a file is served as a large one (LFS)."""
_LISTING = re.compile(r"/api/models/([^/]+/[^/]+)(?:/revision/(.+))?")
_FILE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
_LARGE = re.compile(r"/large/([0-9a-f]{64})")


@dataclass
class Repository:
    """Commits of one model; each is the files by their names."""

    commits: dict[str, dict[str, Path]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    licence: str = "mit"
    token: str | None = None
    """Who has it may read; everybody else is told that there is no such model."""
    gated: bool = False
    announced: dict[str, int] = field(default_factory=dict)
    """Sizes that are listed instead of the true ones."""
    lists_sizes: bool = True

    def commit(self, folder: Path, branch: str = "main") -> str:
        """Publish a folder as a branch's next commit; its hash."""
        files = {
            str(path.relative_to(folder)): path
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        digest = hashlib.sha1(usedforsecurity=False)
        for name, path in files.items():
            digest.update(f"{name}\0".encode() + path.read_bytes())
        digest.update(str(len(self.commits)).encode())
        self.commits[digest.hexdigest()] = files
        self.refs[branch] = digest.hexdigest()
        return digest.hexdigest()


@dataclass
class Trouble:
    """What goes wrong with the next requests whose path matches."""

    path: re.Pattern[str]
    times: int
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    """Bytes of the body, after which the connection breaks."""


class StandInHub:
    """A hub with some repositories."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.asked: list[tuple[str, str, str | None]] = []
        """Method, path and range of each request."""
        self.connections: set[socket.socket] = set()
        self._troubles: list[Trouble] = []
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The value of HF_ENDPOINT."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Serve, on the same port as before if it did."""
        hub = self

        class Handler(_Handler):
            standin = hub

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Be gone, in the middle of whatever is under way."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
            for connection in list(self.connections):
                with suppress(OSError):  # closed by the client already
                    connection.shutdown(socket.SHUT_RDWR)
            self.connections.clear()

    def publish(self, model_id: str, folder: Path, **about: Any) -> str:
        """Have a repository with the files of a folder; the hash of its commit."""
        repository = self.repositories.setdefault(model_id, Repository(**about))
        return repository.commit(folder)

    def fail(self, path: str, status: int, times: int = 1, **headers: str) -> None:
        """Answer requests so."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._troubles.append(Trouble(re.compile(path), times, status, named))

    def cut(self, path: str, after: int, times: int = 1) -> None:
        """Break the connection in the middle of a body."""
        self._troubles.append(Trouble(re.compile(path), times, cut_after=after))

    def downloaded(self, name: str = "") -> list[tuple[str, str, str | None]]:
        """The requests for content."""
        return [
            request for request in self.asked if request[0] == "GET" and _served(request[1], name)
        ]

    def trouble(self, path: str) -> Trouble | None:
        """What goes wrong with a request, once."""
        with self._lock:
            for trouble in self._troubles:
                if trouble.times and trouble.path.search(path):
                    trouble.times -= 1
                    return trouble
        return None

    def find_large(self, digest: str) -> Path | None:
        """The large file with this content."""
        for repository in self.repositories.values():
            for files in repository.commits.values():
                for path in files.values():
                    if path.stat().st_size >= LARGE_BYTES and sha256(path) == digest:
                        return path
        return None


def _served(path: str, name: str) -> bool:
    return bool(_FILE.fullmatch(path) or _LARGE.fullmatch(path)) and name in path


def sha256(path: Path) -> str:
    """The hash of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Handler(BaseHTTPRequestHandler):
    standin: StandInHub
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.standin.connections.add(self.connection)

    def finish(self) -> None:
        with suppress(OSError):  # the client did not wait for the end
            super().finish()
        self.standin.connections.discard(self.connection)

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """The record of the hub tells more."""

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.standin.asked.append((self.command, path, self.headers.get("Range")))
        trouble = self.standin.trouble(path)
        if trouble is not None and trouble.status is not None:
            self._send(trouble.status, b'{"error": "trouble"}', dict(trouble.headers))
        elif listing := _LISTING.fullmatch(path):
            self._listing(listing[1], listing[2] or "main")
        elif file := _FILE.fullmatch(path):
            self._file(file[1], file[2], file[3])
        elif large := _LARGE.fullmatch(path):
            self._large(large[1], trouble.cut_after if trouble else None)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "")

    def _commit(self, model_id: str, revision: str) -> tuple[str, Repository] | None:
        """The commit that is meant; None when the refusal was sent."""
        repository = self.standin.repositories.get(model_id)
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        if repository is None or (repository.token and not token):
            self._refuse(HTTPStatus.UNAUTHORIZED, "RepoNotFound")
        elif repository.token and token != repository.token:
            message = {"X-Error-Message": "Invalid credentials in Authorization header"}
            self._send(HTTPStatus.UNAUTHORIZED, b"{}", message)
        elif repository.gated:
            self._refuse(HTTPStatus.FORBIDDEN, "GatedRepo")
        else:
            commit = repository.refs.get(revision, revision)
            if commit in repository.commits:
                return commit, repository
            self._refuse(HTTPStatus.NOT_FOUND, "RevisionNotFound")
        return None

    def _listing(self, model_id: str, revision: str) -> None:
        if (found := self._commit(model_id, revision)) is None:
            return
        commit, repository = found
        siblings: list[dict[str, str | int]] = [
            {"rfilename": name, "size": repository.announced.get(name, path.stat().st_size)}
            if repository.lists_sizes
            else {"rfilename": name}
            for name, path in repository.commits[commit].items()
        ]
        about = {
            "_id": commit[:24],
            "id": model_id,
            "modelId": model_id,
            "sha": commit,
            "siblings": siblings,
            "private": bool(repository.token),
            "gated": repository.gated,
            "tags": [f"license:{repository.licence}"],
            "cardData": {"license": repository.licence},
            "downloads": 0,
            "likes": 0,
        }
        self._send(HTTPStatus.OK, json.dumps(about).encode(), {"Content-Type": "application/json"})

    def _file(self, model_id: str, revision: str, name: str) -> None:
        if (found := self._commit(model_id, revision)) is None:
            return
        commit, repository = found
        path = repository.commits[commit].get(name)
        if path is None:
            self._refuse(HTTPStatus.NOT_FOUND, "EntryNotFound")
            return
        headers = {"X-Repo-Commit": commit}
        size = path.stat().st_size
        if size < LARGE_BYTES:
            digest = hashlib.sha1(path.read_bytes(), usedforsecurity=False).hexdigest()
            self._send(HTTPStatus.OK, path.read_bytes(), headers | {"ETag": f'"{digest}"'})
            return
        digest = sha256(path)
        headers |= {
            "X-Linked-Size": str(size),
            "X-Linked-Etag": f'"{digest}"',
            # An absolute address: another host on the real hub.
            "Location": f"{self.standin.url}/large/{digest}",
        }
        self._send(HTTPStatus.FOUND, b"", headers)

    def _large(self, digest: str, cut_after: int | None) -> None:
        path = self.standin.find_large(digest)
        if path is None:
            self._refuse(HTTPStatus.NOT_FOUND, "EntryNotFound")
            return
        body = path.read_bytes()
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        start = int(wanted[1]) if wanted else 0
        headers = {"ETag": f'"{digest}"', "Accept-Ranges": "bytes"}
        if wanted:
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        status = HTTPStatus.PARTIAL_CONTENT if wanted else HTTPStatus.OK
        self._send(status, body[start:], headers, cut_after)

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, b'{"error": "refused"}', {"X-Error-Code": code} if code else {})

    def _send(
        self, status: int, body: bytes, headers: dict[str, str], cut_after: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if cut_after is None:
            self.wfile.write(body)
            return
        self.wfile.write(body[:cut_after])
        self.wfile.flush()
        self.close_connection = True
