"""Letters as files: a draft that mail programs open, and plain text to print. Whoever signs sends it, from elsewhere.

Source: RFC 5322 and MIME by the standard library; `X-Unsent` is how Outlook knows a draft.
"""

import re
from email.message import EmailMessage
from email.policy import SMTP

from exsweep.errors import UsageError
from exsweep.fleet.notify import Letter

_MAIL = re.compile(r"[A-Za-z0-9._+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")


def files_of(letter: Letter, sender: str | None) -> tuple[tuple[str, bytes], ...]:
    """(file name, content): a text always; a mail only where a mailbox off the server is known and somebody sends it.

    Raises:
        UsageError: the sender's mailbox is none.
    """
    if sender is not None and not _MAIL.fullmatch(sender):
        raise UsageError(f"{sender!r} is no mailbox.", tip="Give yours with --from, like cert@example.org.")
    stem = f"letter-{letter.number}-{re.sub(r'[^A-Za-z0-9.-]+', '_', letter.name or letter.server)[:80].strip('.')}"
    found = [(f"{stem}.txt", _text(letter).encode())]
    boxes = [box for box in letter.to if _MAIL.fullmatch(box)]
    if boxes and sender:
        found.append((f"{stem}.eml", _mail(letter, boxes, sender)))
    return tuple(found)


def _text(letter: Letter) -> str:
    ways = "\n".join(f"- {way}" for way in letter.channels)
    return f"{letter.subject}\n\nReach them by:\n{ways}\n\n{letter.plain}\n----\n{letter.technical}"


def _mail(letter: Letter, boxes: list[str], sender: str) -> bytes:
    """No attachment, no HTML, no link to sign in at."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, ", ".join(boxes), letter.subject
    mail["X-Unsent"] = "1"
    mail.set_content(f"{letter.plain}\n----\n{letter.technical}")
    mail["Content-Language"] = letter.language
    return mail.as_bytes()
