"""Builders of hostile evidence for whole runs, from fixed seeds. Nothing here is a working shell or exploit.

The bytes of archives are made by the builders of `tests.evidence.build`; here stand those of logs, events and folders.
"""

import gzip
import os
import random
import struct
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.evidence.build import INERT, central, damage, deflated, zip_of
from tests.parse.winevent.making import CHUNK, HEADER, chunk, log, many

FIELDS = (
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) "
    "sc-status sc-substatus sc-win32-status time-taken"
)
W3C = (
    "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n#Date: 2021-03-03 00:00:00\n"
    f"#Fields: {FIELDS}\n"
)
MARKERS = (
    '"><img src=x onerror="document.title=\'HIT\'">',
    '"><svg onload="document.title=\'HIT\'">',
    "</script><script>document.title='HIT'</script>",
    "</style><style>body{display:none}</style>",
    "javascript:document.title='HIT'",
    "x onclick=document.title='HIT'",
    "[x](javascript:document.title='HIT')",
    "=1+1",
    "+1",
    "-1",
    "@x",
    "\t=1",
    "[red]x[/x]",
    "\x1b]0;HIT\x07",
    "a\vb\fc\x1cd\x85e\u2028f",
    "{{7*7}}",
    "%s%n",
    "x' OR file:name = 'y",
    "\u202egpj.exe",
    "http://127.0.0.1:9/x.png",
)
"""What an intruder would like a reader's program to obey; inert. (`\\r` alone and NUL have rows of their own.)"""
SHELL = "/aspnet_client/x.aspx"
"""A page whose use our rules name: so that a marker beside it comes into the findings."""


def line(
    clock: str = "04:10:22",
    *,
    day: str = "2021-03-03",
    method: str = "GET",
    stem: str = "/owa/",
    query: str = "-",
    user: str = "-",
    address: str = "203.0.113.9",
    agent: str = "Mozilla/5.0",
    referer: str = "-",
    status: object = 200,
    taken: object = 15,
) -> str:
    """One row of a W3C log with the columns of `W3C`."""
    return (
        f"{day} {clock} 10.0.0.5 {method} {stem} {query} 443 {user} {address} {agent} {referer} "
        f"{status} 0 0 {taken}\n"
    )


def w3c(*lines: str) -> bytes:
    return (W3C + "".join(lines)).encode("utf-8", "surrogatepass")


def ordinary(count: int = 200, *, day: str = "2021-03-03", seed: int = 1) -> list[str]:
    """Requests of an ordinary day, spread over it."""
    dice = random.Random(f"{seed}{day}")
    step = 86_399 // count
    return [
        line(
            f"{n * step // 3600:02}:{n * step // 60 % 60:02}:{n * step % 60:02}",
            day=day,
            stem=dice.choice(("/owa/", "/Microsoft-Server-ActiveSync/default.eas", "/EWS/Exchange.asmx")),
            address=f"198.51.100.{dice.randrange(1, 250)}",
            status=dice.choice((200, 302, 401)),
            taken=dice.randrange(3, 900),
        )
        for n in range(count)
    ]


def shell_used(times: int = 1, **more: object) -> list[str]:
    """Requests that bring input to a page which no build ships."""
    return [
        line(f"05:{n // 60 % 60:02}:{n % 60:02}", method="POST", stem=SHELL, **more) for n in range(times)
    ]  # type: ignore[arg-type]


def marked(marker: str) -> bytes:
    """The marker in every field that an intruder writes, in requests that findings are made of."""
    text = "".join("+" if one == " " else one for one in marker)
    return w3c(
        line(stem=f"/{text}", query=text, user=text, agent=text, referer=text, status=404),
        *shell_used(1, query=text, user=text, agent=text, referer=text),
    )


def zip_size_lie() -> bytes:
    """Says ten bytes, holds a million."""
    raw = bytearray(deflated([("f.log", b"A" * 10**6)]))
    place = central(raw)
    raw[place + 24 : place + 28] = struct.pack("<I", 10)
    return bytes(raw)


def zip_overlap() -> bytes:
    """Two names, one region of data."""
    raw = bytearray(zip_of([("a.log", b"x" * 100), ("b.log", b"y" * 100)]))
    first, second = central(raw), central(raw, 1)
    raw[second + 42 : second + 46] = raw[first + 42 : first + 46]
    return bytes(raw)


def zip_flag_encrypted() -> bytes:
    raw = bytearray(zip_of([("f.log", b"A" * 100)]))
    raw[6] |= 1
    raw[central(raw) + 8] |= 1
    return bytes(raw)


def zip_quine_like(depth: int) -> bytes:
    """Archives in archives."""
    raw = deflated([("x.log", b"line\n")])
    for _ in range(depth):
        raw = deflated([("in.zip", raw)])
    return raw


def gz_cut(count: int = 20) -> bytes:
    return gzip.compress(w3c(*ordinary(20_000)), mtime=0)[:-count]


def gz_tail() -> bytes:
    return gzip.compress(w3c(*ordinary(20)), mtime=0) + b"garbage!"


def event_log(chunks: int = 3) -> bytes:
    return log(*(chunk(many(1 + 40 * n, 40)) for n in range(chunks)), next_record=1 + 40 * chunks)


def evtx_variants() -> dict[str, bytes]:
    """An event log, damaged in each way that people bring one."""
    data = event_log()
    return {
        "empty": b"",
        "header": data[:HEADER],
        "half": data[: len(data) // 2],
        "zeros": data[:HEADER] + bytes(4 * CHUNK),
        "no_header": bytes(HEADER) + data[HEADER:],
        "chunk": data[HEADER : HEADER + CHUNK],
        "damaged": damage(data, 2_000, start=HEADER),
    }


def folder_traps(folder: Path) -> None:
    """Links that lead away or in circles, a pipe, a terabyte of nothing, a name that is no text."""
    (folder / "loop").symlink_to(".")
    (folder / "logs").symlink_to("/etc")
    os.mkfifo(folder / "u_ex210302.log")
    sparse(folder / "u_ex210303.log", 1 << 40)
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.aspx")).write_bytes(INERT)


def sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.write(w3c(*ordinary(50)))
        file.truncate(size)


def giant_line(path: Path, size: int, after: Iterable[str]) -> None:
    """A line of `size` bytes without an end in sight, then others."""
    block = b"a" * (1 << 20)
    with path.open("wb") as file:
        file.write(W3C.encode())
        for _ in range(size >> 20):
            file.write(block)
        file.write(b"\n" + "".join(after).encode())


def zipped(folder: Path, target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as box:
        for path in files_of(folder):
            box.write(path, path.relative_to(folder).as_posix())
    return target


def files_of(folder: Path) -> Iterator[Path]:
    """Regular files below a folder, in order; links are not followed."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def deep(opening: str, closing: str, depth: int) -> bytes:
    return (opening * depth + closing * depth).encode()


SLOW = {
    "letters": b"a" * 200_000,
    "base64": b"A" * 200_000,
    "tags": b"<%@" * 70_000,
    "zeros": bytes(1_000_000),
    "calls": b"eval(" * 40_000,
    "blanks": b" " * 200_000,
    "percent": b"%25" * 66_000,
    "padded": bytes(
        random.Random(3).choices(
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", k=200_000
        )
    ),
}
"""What slow patterns need a long time for (H32, H33)."""
