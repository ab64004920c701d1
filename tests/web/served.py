"""`exsweep serve` as a user starts it, which can be killed and started anew on the same port."""

import hashlib
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any


class Served:
    """A service of its own process over a store in `folder`; in a `with` it is started, and killed at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.token = ""
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Served":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> str:
        """The address that it prints: it can be reached there at once."""
        words = ["serve", "--port", str(self.port), "--store", str(self.folder / "fleet.db")]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "exsweep", *words],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        address = re.compile(r"http://\S+/start\?token=(\S+)")
        found = next(match for line in self.process.stdout if (match := address.search(line)))
        self.token = found[1]
        return found[0]

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        store = sqlite3.connect(self.folder / "fleet.db")
        try:
            return store.execute(query).fetchall()
        finally:
            store.close()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """As a program talks to it, with the token that it printed."""
        raw = isinstance(body, bytes)
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v1{path}",
            data=body if raw else None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "authorization": f"Bearer {self.token}",
                "accept": "application/json",
                "content-type": "application/octet-stream" if raw else "application/json",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            told: dict[str, Any] = json.loads(answer.read())
            return told

    def part(self, upload: str, offset: int, data: bytes) -> dict[str, Any]:
        sum_ = hashlib.sha256(data).hexdigest()
        return self.call("PATCH", f"/uploads/{upload}?offset={offset}", data, x_chunk_sha256=sum_)
