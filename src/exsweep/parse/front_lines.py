"""Web requests as load balancers write them, one a line: HAProxy (`option httplog`), Application Load Balancer of AWS.

Both become the columns of `access_log`. HAProxy's clock is that of its own computer and does not say its zone (F14).
Sources: https://docs.haproxy.org/2.8/configuration.html#8.2.3,
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html (fields and their order).
"""

import re
from datetime import UTC, datetime

from exsweep.parse.access_log import LONGEST, moment_of, native, ncsa, plus, request_row

_HAPROXY = re.compile(
    rb"(?P<client>[0-9A-Fa-f.:]{2,45}):\d{1,5} \[(?P<when>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d)(?:\.\d{1,6})?\] "
    rb"\S{1,255} (?P<server>\S{1,255}) [-+\d/]{5,80} (?P<status>\d{3}|-1) \+?(?P<sent>\d{1,20}) \S{1,4096} \S{1,4096} \S{4} "
    rb'[\d/+]{5,80} [\d/]{1,40} .{0,8192}?"(?P<request>(?:[^"\\]|\\.)*)"?\s*',
    re.S,
)
_AWS = re.compile(
    rb"(?:https?|h2|wss?|grpcs?) (?P<when>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z \S{1,255} "
    rb"(?P<client>[0-9A-Fa-f.:]{2,45}):\d{1,5} (?:-|(?P<server>[0-9A-Fa-f.:]{2,45}):\d{1,5}) \S{1,20} \S{1,20} \S{1,20} "
    rb'(?P<status>\d{3}|-) (?:\d{3}|-) \d{1,20} (?P<sent>\d{1,20}) "(?P<request>(?:[^"\\]|\\.)*)" '
    rb'"(?P<agent>(?:[^"\\]|\\.)*)" .*',
    re.S,
)
_FOUND_IN = re.compile(rb"^[^\s\[\]\"]{1,400}?\.(?:log|txt|\d{1,3})(?:[.-]\d{1,8})?:(?:\d{1,9}:)?\s*")
_WHEN = re.compile(rb"\d\d/[A-Z][a-z]{2}/\d{4}:")
_BEGINNING = 400
"""Bytes within which HAProxy's own line begins, behind the beginning of a relay."""


def haproxy(line: bytes) -> tuple[bytes, ...] | None:
    """Values of `access_log.COLUMNS` of one line of HAProxy; None where it is none.

    >>> row = haproxy(
    ...     b"Mar  3 04:12:00 lb haproxy[7]: 192.0.2.7:5123 [03/Mar/2021:04:12:00.123] web~ mail/ex01 0/0/1/9/10 241 512 - - "
    ...     b'---- 1/1/0/0/0 0/0 "POST /ecp/y.js?a=b HTTP/1.1"'
    ... )
    >>> row[:2], row[5:8], row[9], row[13]
    ((b'2021-03-03', b'04:12:00'), (b'POST', b'/ecp/y.js', b'a=b'), b'192.0.2.7', b'241')
    """
    begins = line.find(b" [", 0, _BEGINNING)
    while begins >= 0 and not _WHEN.match(line, begins + 2):
        begins = line.find(b" [", begins + 2, _BEGINNING)
    if begins < 0 or len(line) > LONGEST:
        return None
    found = _HAPROXY.fullmatch(line, line.rfind(b" ", 0, begins) + 1)
    moment = moment_of(found["when"], None) if found else None
    if found is None or moment is None:
        return None
    status = found["status"] if found["status"].isdigit() else b"-"
    return request_row(moment, found["request"], client=found["client"], status=status, sent=found["sent"])


def aws(line: bytes) -> tuple[bytes, ...] | None:
    """The same of one line of the load balancer of AWS."""
    found = _AWS.fullmatch(line) if len(line) <= LONGEST else None
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found["when"].decode()).replace(tzinfo=UTC)
    except ValueError:
        return None
    return request_row(
        moment,
        found["request"],
        client=found["client"],
        server=found["server"] or b"-",
        agent=plus(found["agent"]),
        status=found["status"],
        sent=found["sent"],
    )


def read_access(line: bytes) -> tuple[bytes, ...] | None:
    """The same of a line in any of the forms, those of `access_log` too, also behind the name of a file as search programs
    print it."""
    for text in (line.strip(), _FOUND_IN.sub(b"", line.strip(), count=1)):
        row = ncsa(text) or native(text) or haproxy(text) or aws(text)
        if row is not None:
            return row
    return None
