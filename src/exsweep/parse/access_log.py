"""Web server logs in the two other forms: NCSA (IIS, Apache, nginx, proxies in front) and the own form of IIS.

Their lines become the columns that IIS writes in W3C form, so that one set of rules reads all three. Sources:
https://learn.microsoft.com/en-us/windows/win32/http/ncsa-logging, .../iis-logging (fields and their order; from memory,
not opened 2026-11-28), https://httpd.apache.org/docs/2.4/logs.html (combined form; the same).
"""

import re
from datetime import UTC, datetime, timedelta, timezone

from exsweep.parse.zone import to_utc

COLUMNS = (
    "date", "time", "s-sitename", "s-computername", "s-ip", "cs-method", "cs-uri-stem", "cs-uri-query", "cs-username",
    "c-ip", "cs(User-Agent)", "cs(Referer)", "cs-host", "sc-status", "sc-bytes", "X-Forwarded-For",
)  # fmt: skip
"""Of `iis_w3c`: those that one of the two forms can tell."""
LONGEST = 1 << 18

_NCSA = re.compile(
    rb"(?:(?P<host>[A-Za-z0-9.-]{1,255})(?::\d{1,5})? )?(?P<client>[0-9A-Fa-f.:]{2,45}|[A-Za-z0-9._-]{1,255}) "
    rb"(?P<ident>\S{1,255}) (?P<user>[^\[\]\"]{1,255}) "
    rb"\[(?P<when>\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d) (?P<zone>[+-]\d{4})\] "
    rb'"(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3}|-) (?P<size>\d{1,20}|-)'
    rb'(?: "(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)"(?P<rest>.*))?\s*',
    re.S,
)
_NATIVE = re.compile(
    rb"(?P<client>[0-9A-Fa-f.:%]{2,45}), (?P<user>[^,]{0,255}), (?P<date>\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}), "
    rb"(?P<clock>\d{1,2}:\d\d:\d\d), (?P<site>[^,]{1,64}), (?P<name>[^,]{0,64}), (?P<server>[0-9A-Fa-f.:%-]{1,45}), "
    rb"(?P<taken>\d{1,20}), (?P<received>\d{1,20}), (?P<sent>\d{1,20}), (?P<status>\d{1,3}), (?P<win32>\d{1,10}), "
    rb"(?P<method>[^,]{1,32}), (?P<target>.*?), (?P<query>.*?),?\s*",
    re.S,
)
_REQUEST = re.compile(rb"(?P<method>[A-Za-z_-]{1,32}) (?P<target>.*?)(?: HTTP/\d(?:\.\d)?)?", re.S)
_TARGET = re.compile(rb"/|https?://", re.I)
_ABSOLUTE = re.compile(rb"https?://(?P<host>[^/?#]*)(?P<path>.*)", re.S | re.I)
_ADDRESSES = re.compile(rb'"(?P<list>[0-9A-Fa-f.:]{2,45}(?:, ?[0-9A-Fa-f.:]{2,45})*)"\s*$')
_ESCAPED = re.compile(rb'\\(?:x([0-9A-Fa-f]{2})|(["\\]))')
_PLAIN = re.compile(rb"%(2[DdEe]|3[0-9]|4[1-9A-Fa-f]|5[0-9AaFf]|6[1-9A-Fa-f]|7[0-9AaEe])")
"""Letters, digits, `-._~`: an address means the same with and without their escape (RFC 3986, 2.3)."""
_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
_IN_NAME = re.compile(r"(?:^|[\\/])(?:u_)?in(\d{2})(\d{2})(\d{2})?[^\\/]*$", re.I)


def ncsa(line: bytes) -> tuple[bytes, ...] | None:
    """Values of COLUMNS of one line in NCSA form, common or combined; None where it is none.

    >>> row = ncsa(b'192.0.2.7 - - [01/Mar/2021:03:11:09 -0500] "POST /ecp/y.js?a=b HTTP/1.1" 241 512')
    >>> row[:2], row[5:8], row[13]
    ((b'2021-03-01', b'08:11:09'), (b'POST', b'/ecp/y.js', b'a=b'), b'241')
    """
    found = _NCSA.fullmatch(line) if b'] "' in line and len(line) <= LONGEST else None
    moment = moment_of(found["when"], found["zone"]) if found else None
    if found is None or moment is None:
        return None
    forwarded = _ADDRESSES.search(found["rest"] or b"")
    return request_row(
        moment,
        found["request"],
        user=found["user"],
        client=found["client"],
        agent=plus(found["agent"]),
        referer=plus(found["referer"]),
        host=found["host"] or b"-",
        status=found["status"],
        sent=found["size"],
        forwarded=forwarded["list"].replace(b" ", b"+") if forwarded else b"-",
    )


def request_row(
    moment: datetime, request: bytes, *, host: bytes = b"-", **values: bytes
) -> tuple[bytes, ...]:
    """The row of a request line as it stands in quotes (`POST /ecp/y.js HTTP/1.1`); `values` as `_row` names them."""
    method, named, stem, query = asked(_unescaped(request))
    return _row(moment, method=method, stem=stem, query=query, host=named or host, **values)


def native(line: bytes, year_month: tuple[int, int] | None = None) -> tuple[bytes, ...] | None:
    """The same of one line in the own form of IIS. Its times are local (F14), its dates month/day/year as documented,
    unless `year_month` (of the file's name) or a month above 12 says otherwise.

    >>> row = native(b"192.0.2.7, -, 3/1/2021, 3:11:09, W3SVC1, EX01, 10.0.0.5, 21, 9, 1, 241, 0, POST, /ecp/y.js, a=b,")
    >>> row[:2], row[3], row[5:8]
    ((b'2021-03-01', b'03:11:09'), b'EX01', (b'POST', b'/ecp/y.js', b'a=b'))
    """
    found = _NATIVE.fullmatch(line) if b", " in line and len(line) <= LONGEST else None
    moment = _local(found["date"], found["clock"], year_month) if found else None
    if found is None or moment is None:
        return None
    return _row(
        moment,
        method=found["method"],
        stem=_plainly(found["target"]),
        query=found["query"] or b"-",
        user=found["user"] or b"-",
        client=found["client"],
        status=found["status"],
        sent=found["sent"],
        site=found["site"],
        name=found["name"],
        server=found["server"],
    )


def month_of_name(path: str) -> tuple[int, int] | None:
    """Year and month that the name of a file in the own form of IIS says: `u_in210301.log`, `in2103.log`."""
    found = _IN_NAME.search(path)
    if found is None or not 1 <= int(found[2]) <= 12:
        return None
    return 2000 + int(found[1]) if int(found[1]) < 90 else 1900 + int(found[1]), int(found[2])


def _row(
    moment: datetime,
    *,
    method: bytes,
    stem: bytes,
    query: bytes,
    client: bytes,
    user: bytes = b"-",
    status: bytes,
    sent: bytes = b"-",
    agent: bytes = b"-",
    referer: bytes = b"-",
    host: bytes = b"-",
    forwarded: bytes = b"-",
    site: bytes = b"-",
    name: bytes = b"-",
    server: bytes = b"-",
) -> tuple[bytes, ...]:
    day, clock = f"{moment:%Y-%m-%d %H:%M:%S}".encode().split()
    return (
        day, clock, site, name, server, method, stem, query, user.replace(b" ", b"+"), client, agent, referer, host,
        status, sent, forwarded,
    )  # fmt: skip


def asked(text: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Method, host, path, query of a request line or of a target alone; of what is neither (a TLS greeting) the whole text
    as path.

    >>> asked(b"POST https://mail.example:443/ecp/y.js?a=b HTTP/1.1"), asked(b"/owa/?c=d")[2:]
    ((b'POST', b'mail.example:443', b'/ecp/y.js', b'a=b'), (b'/owa/', b'c=d'))
    """
    found = _REQUEST.fullmatch(text)
    if found is None and not _TARGET.match(text):
        return b"-", b"", plus(text), b"-"
    method, target, host = (found["method"], found["target"], b"") if found else (b"-", text, b"")
    if absolute := _ABSOLUTE.fullmatch(target):
        target, host = absolute["path"] or b"/", absolute["host"]
    stem, _, query = target.partition(b"?")
    return method, host, _plainly(plus(stem)), plus(query)


def plus(text: bytes | None) -> bytes:
    """As IIS writes it: blanks as `+`, nothing as `-`."""
    return _unescaped(text).replace(b" ", b"+") if text else b"-"


def _unescaped(text: bytes) -> bytes:
    """Without the marks of Apache and nginx for what is no plain text: `\\x22`, `\\"`. Control characters keep them."""
    return _ESCAPED.sub(_char, text) if b"\\" in text else text


def _char(match: "re.Match[bytes]") -> bytes:
    value = bytes([int(match[1], 16)]) if match[1] else match[2]
    return value if value >= b" " else match[0]


def _plainly(stem: bytes) -> bytes:
    return _PLAIN.sub(lambda match: bytes([int(match[1], 16)]), stem) if b"%" in stem else stem


def moment_of(when: bytes, zone: bytes | None) -> datetime | None:
    """`03/Mar/2021:04:12:00` and `-0500` in UTC; without a zone it is local time."""
    day, month, year = int(when[:2]), when[3:6], int(when[7:11])
    hours, minutes = (int(zone[1:3]), int(zone[3:])) if zone else (0, 0)
    if month not in _MONTHS or hours > 15 or minutes > 59:
        return None
    hour, minute, second = (int(part) for part in when[12:].split(b":"))
    try:
        shown = datetime(year, _MONTHS.index(month) + 1, day, hour, minute, second)  # noqa: DTZ001 (below)
        if zone is None:
            return to_utc(shown)[0]
        away = timedelta(hours=hours, minutes=minutes) * (-1 if zone[:1] == b"-" else 1)
        return shown.replace(tzinfo=timezone(away)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _local(text: bytes, clock: bytes, year_month: tuple[int, int] | None) -> datetime | None:
    one, two, three = (int(part) for part in re.split(rb"[/.-]", text))
    year, month, day = (one, two, three) if one > 31 else (three, one, two)
    if year < 100:
        year += 2000 if year < 90 else 1900
    turned = (year, day) == year_month and (year, month) != year_month
    if month > 12 or turned:
        month, day = day, month
    hour, minute, second = (int(part) for part in clock.split(b":"))
    try:
        return to_utc(datetime(year, month, day, hour, minute, second))[0]  # noqa: DTZ001 (its zone is what is asked for)
    except ValueError:
        return None
