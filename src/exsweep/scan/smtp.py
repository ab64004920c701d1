"""A mail service's greeting and what it says it can do: whether Exchange takes mail where the web does not show it.

Source: RFC 5321 sections 3.1 and 4.1.1.1 (greeting, EHLO), 4.2.1 (replies of several lines); words in `fingerprints.yml`.
Two lines are ever sent: EHLO with the host of the scanner's own page, and QUIT. No sender, no recipient, no mail.
"""

import re

import msgspec

from exsweep.knowledge.scanning import fingerprints
from exsweep.scan.replies import Failure

QUIT = b"QUIT\r\n"
_LINE = re.compile(rb"(\d{3})([ -])(.*)")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_MOST_LINES, _MOST_BYTES = 40, 4_096


class Smtp(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the service said; hostile text throughout."""

    port: int
    greeting: str | None = None
    words: tuple[str, ...] = ()
    """First word of each line after the first of its answer to EHLO."""
    exchange: bool = False
    """A word that only Exchange says is among them."""
    failure: Failure | None = None


class SmtpReply:
    """Reads one reply of one or more lines, from pieces of any size; `done` at its end or when it is none."""

    def __init__(self) -> None:
        self._data = bytearray()
        self.code: int | None = None
        """None until the end, and for what is no reply."""
        self.lines: tuple[str, ...] = ()
        self.done = False

    def feed(self, data: bytes) -> None:
        """Take the next bytes; after `done` they are dropped."""
        if self.done:
            return
        self._data += data[: _MOST_BYTES + 1]
        lines = self._data.split(b"\n")[:-1]
        for at, line in enumerate(lines):
            found = _LINE.fullmatch(line.rstrip(b"\r"))
            if found is None or at >= _MOST_LINES:
                self.done = True
                return
            if found[2] == b" ":
                texts = (_LINE.fullmatch(each.rstrip(b"\r")) for each in lines[: at + 1])
                self.lines = tuple(each[3].decode("latin-1")[:300] for each in texts if each)
                self.code, self.done = int(found[1]), True
                return
        self.done = len(self._data) > _MOST_BYTES


def hello(page: str) -> bytes:
    """`EHLO` with the host of the page that explains the scan.

    Raises:
        ValueError: that page names no host.
    """
    host = re.sub(r"^https?://", "", page).partition("/")[0].partition(":")[0]
    if not _HOST.fullmatch(host):
        raise ValueError(page)
    return f"EHLO {host}\r\n".encode("ascii")


def smtp_of(port: int, greeting: SmtpReply | Failure, answer: SmtpReply | Failure | None) -> Smtp:
    """Judge the two replies; the second is None where it was not asked for."""
    if isinstance(greeting, Failure):
        return Smtp(port=port, failure=greeting)
    if greeting.code is None:
        return Smtp(port=port, failure=Failure.NOT_SMTP)
    said = " ".join(greeting.lines)[:300]
    words: tuple[str, ...] = ()
    if isinstance(answer, SmtpReply) and answer.code == 250:
        words = tuple(word for line in answer.lines[1:] if (word := line.partition(" ")[0].upper()))
    return Smtp(
        port=port,
        greeting=said,
        words=words,
        exchange=bool(set(words) & set(fingerprints().smtp_words)),
        failure=answer if isinstance(answer, Failure) else None,
    )
