"""`/.well-known/security.txt`: whom its owner wants to be told. Hostile text, bounded, and nothing in it is opened.

Source: RFC 9116 (April 2022): plain text over HTTPS, `Contact` once or more in order of wish, `Expires` exactly once; an
expired file is not used.
"""

import re
from datetime import datetime

import msgspec

from exsweep.scan.replies import Reply

_FIELD = re.compile(r"([A-Za-z-]{1,40}):[ \t]*(\S[^\r\n]{0,400})")
_MAIL = re.compile(
    r"mailto:([A-Za-z0-9._+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8})(?:\?.*)?", re.I
)
_PHONE = re.compile(r"tel:(\+?[0-9()./ -]{5,30})", re.I)
_PAGE = re.compile(r"https://[A-Za-z0-9.-]{1,253}(?:/[\x21-\x7e]{0,200})?")
_MOST = 5
_LINES = 200


class SecurityTxt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the file says; each value was checked for its shape and for nothing else."""

    mails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    expires: datetime | None = None

    @property
    def empty(self) -> bool:
        return not (self.mails or self.phones or self.pages)


def read_security_txt(reply: Reply, now: datetime) -> SecurityTxt | None:
    """The file in an answer; None where there is none, it is expired, or it does not say until when it holds."""
    kind = (reply.header("content-type") or "").partition(";")[0].strip().lower()
    if reply.status != 200 or kind != "text/plain":
        return None
    fields: dict[str, list[str]] = {}
    for line in reply.text.splitlines()[:_LINES]:
        if found := _FIELD.match(line):
            fields.setdefault(found[1].lower(), []).append(found[2].strip())
    expires = _moment(fields.get("expires", []))
    if expires is None or expires <= now:
        return None
    contacts = fields.get("contact", [])
    found_all = SecurityTxt(
        mails=_those(_MAIL, contacts),
        phones=_those(_PHONE, contacts),
        pages=_those(_PAGE, contacts),
        languages=tuple(
            word.strip().lower()
            for word in ",".join(fields.get("preferred-languages", [])).split(",")
            if re.fullmatch(r"\s*[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})?\s*", word)
        )[:_MOST],
        expires=expires,
    )
    return None if found_all.empty else found_all


def _those(shape: re.Pattern[str], values: list[str]) -> tuple[str, ...]:
    found = (shape.fullmatch(value) for value in values)
    return tuple(dict.fromkeys(each[each.lastindex or 0] for each in found if each))[:_MOST]


def _moment(values: list[str]) -> datetime | None:
    if len(values) != 1:
        return None
    try:
        found = datetime.fromisoformat(values[0].upper())
    except ValueError:
        return None
    return found if found.tzinfo else None
