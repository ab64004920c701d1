"""What a view may give besides a result struct."""

from collections.abc import Iterator
from pathlib import Path

import msgspec


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """A file to keep. The name is ours or cleaned; the browser never shows it as a page of ours."""

    file_name: str
    media_type: str = "application/octet-stream"
    body: bytes | None = None
    path: Path | None = None
    """Where the bytes stand, when they are too many for memory."""
    chunks: Iterator[bytes] | None = None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A whole HTML page of its own (the saved report): served in a sandbox, without script, away from our pages."""

    body: bytes


class Json(msgspec.Struct, frozen=True, kw_only=True):
    """Text for programs that is made already."""

    body: bytes
    media_type: str = "application/json"


Answer = msgspec.Struct | Download | Document
