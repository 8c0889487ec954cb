"""A Hub on this machine: the part of its protocol that a push and a pull of a dataset use."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

TOKEN = "hf_secretsecretsecretsecret"


@dataclass
class Repo:
    """What the Hub keeps of one dataset."""

    is_private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    commits: list[str] = field(default_factory=lambda: ["0" * 40])


class Hub(ThreadingHTTPServer):
    """Repositories by name, and every request that came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos: dict[str, Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self._body()
        url = urlsplit(self.path)
        self.server.requests.append(f"{self.command} {url.path}")
        for method, pattern, action in ROUTES:
            found = re.fullmatch(pattern, unquote(url.path))
            if found and self.command in method:
                getattr(self, action)(body, parse_qs(url.query), **found.groupdict())
                return
        self._send(404, {"error": f"no route {self.path}"})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline().strip(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _send(self, code: int, body: Any, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    def _may(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {TOKEN}":
            return True
        self._send(401, {"error": "Invalid username or password."})
        return False

    def _repo(self, name: str) -> Repo | None:
        repo = self.server.repos.get(name)
        if repo is None:
            self._send(404, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
        elif not repo.is_private or self._may():
            return repo
        return None

    def create(self, body: bytes, _: Any) -> None:
        if not self._may():
            return
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}"
        url = f"{self.server.url}/datasets/{name}"
        if name in self.server.repos:
            self._send(409, {"error": "You already created this dataset repo", "url": url})
            return
        self.server.repos[name] = Repo(asked.get("visibility") == "private")
        self._send(200, {"url": url, "name": name})

    def validate(self, _body: bytes, _: Any) -> None:
        self._send(200, {"errors": [], "warnings": []})

    def info(self, _body: bytes, _: Any, name: str) -> None:
        if repo := self._repo(name):
            told = {"id": name, "sha": repo.commits[-1], "private": repo.is_private, "tags": []}
            files = [{"rfilename": path} for path in repo.files]
            self._send(200, {**told, "siblings": files, "downloads": 0, "gated": False})

    def tree(self, _body: bytes, _: Any, name: str, below: str | None) -> None:
        if repo := self._repo(name):
            inside = f"{below.strip('/')}/" if below else ""
            found = [_entry(p, c) for p, c in repo.files.items() if p.startswith(inside)]
            folders = {p.rpartition("/")[0] for p in repo.files if "/" in p} - {inside[:-1]}
            found += [
                {"type": "directory", "path": path, "oid": "0" * 40, "size": 0}
                for path in sorted(folders)
                if path.startswith(inside)
            ]
            if found or not below:
                self._send(200, found)
            else:
                self._send(404, {"error": "no entry"}, X_Error_Code="EntryNotFound")

    def paths(self, body: bytes, _: Any, name: str) -> None:
        if repo := self._repo(name):
            text = body.decode()
            asked = json.loads(text)["paths"] if text[:1] == "{" else parse_qs(text)["paths"]
            found = [_entry(p, repo.files[p]) for p in asked if p in repo.files]
            found += [
                {"type": "directory", "path": p, "oid": "0" * 40, "size": 0}
                for p in asked
                if any(path.startswith(f"{p}/") for path in repo.files)
            ]
            self._send(200, found)

    def preupload(self, body: bytes, _: Any, name: str) -> None:
        if self._may() and self._repo(name):
            files = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(".parquet") else "regular",
                    "shouldIgnore": False,
                }
                for file in json.loads(body)["files"]
            ]
            self._send(200, {"files": files})

    def batch(self, body: bytes, _: Any, name: str) -> None:
        if self._may() and self._repo(name):
            objects = [
                {**each, "actions": {"upload": {"href": f"{self.server.url}/lfs/{each['oid']}"}}}
                for each in json.loads(body)["objects"]
            ]
            self._send(200, {"transfer": "basic", "objects": objects})

    def store(self, body: bytes, _: Any, oid: str) -> None:
        if hashlib.sha256(body).hexdigest() != oid:
            self._send(400, {"error": "wrong content"})
            return
        self.server.objects[oid] = body
        self._send(200, {})

    def commit(self, body: bytes, _: Any, name: str) -> None:
        if not self._may() or not (repo := self._repo(name)):
            return
        for line in body.decode().splitlines():
            said = json.loads(line)
            value = said["value"]
            if said["key"] == "file":
                repo.files[value["path"]] = base64.b64decode(value["content"])
            elif said["key"] == "lfsFile":
                repo.files[value["path"]] = self.server.objects[value["oid"]]
            elif said["key"] == "deletedFile":
                del repo.files[value["path"]]
        oid = hashlib.sha1(body).hexdigest()
        repo.commits.append(oid)
        url = f"{self.server.url}/datasets/{name}/commit/{oid}"
        self._send(200, {"success": True, "commitOid": oid, "commitUrl": url, "hookOutput": ""})

    def resolve(self, _body: bytes, _: Any, name: str, path: str) -> None:
        if repo := self._repo(name):
            if path not in repo.files:
                self._send(404, {"error": "no entry"}, X_Error_Code="EntryNotFound")
                return
            content = repo.files[path]
            etag = f'"{hashlib.sha256(content).hexdigest()}"'
            self._send(200, content, ETag=etag, X_Repo_Commit=repo.commits[-1])


def _entry(path: str, content: bytes) -> dict[str, Any]:
    oid = hashlib.sha1(content).hexdigest()
    return {"type": "file", "path": path, "oid": oid, "size": len(content)}


_REPO = r"/api/datasets/(?P<name>[^/]+/[^/]+)"
ROUTES = [
    ("POST", r"/api/repos/create", "create"),
    ("POST", r"/api/validate-yaml", "validate"),
    ("POST", rf"{_REPO}/preupload/main", "preupload"),
    ("POST", rf"{_REPO}/commit/main", "commit"),
    ("POST", rf"{_REPO}/paths-info/[^/]+", "paths"),
    ("POST", r"/datasets/(?P<name>[^/]+/[^/]+)\.git/info/lfs/objects/batch", "batch"),
    ("PUT", r"/lfs/(?P<oid>[0-9a-f]{64})", "store"),
    ("GET", rf"{_REPO}/tree/[^/]+(?P<below>/.+)?", "tree"),
    ("GET", rf"{_REPO}(/revision/[^/]+)?", "info"),
    ("GET HEAD", r"/datasets/(?P<name>[^/]+/[^/]+)/resolve/[^/]+/(?P<path>.+)", "resolve"),
]


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A Hub that knows one token."""
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def token() -> str:
    """The token that may write there."""
    return TOKEN
