"""The server answers a request and writes what it writes: one record becomes rows of up to four logs."""

import random
from typing import Protocol

from example.request import Request
from example.scene import DISK_FULL, FQDN, User, guid, moment
from example.tree import is_wide
from example.weblogs import back_row, ews_row, front_row, httpproxy_row


class Sink(Protocol):
    """Whatever takes finished rows: the tree of the example, or the templates of the bench."""

    def add(self, kind: str, time_ms: int, row: bytes, truth: str = "") -> None: ...


class Server:
    """Fills in what the server knows (ids, routing) and logs the request everywhere it passed."""

    def __init__(self, sink: Sink, rng: random.Random) -> None:
        self.sink = sink
        self.rng = rng

    def serve(self, r: Request) -> Request:
        """Log `r`; gives it back with its ids filled in."""
        r.request_id = r.request_id or guid(self.rng)
        r.activity_id = r.activity_id or guid(self.rng)
        self.sink.add("iis/front", r.time_ms, front_row(r, wide=is_wide(r.time_ms)), r.truth)
        if r.protocol:
            self.sink.add(f"httpproxy/{r.protocol}", r.time_ms, httpproxy_row(r), r.truth)
        if r.back_stem and moment(r.time_ms).date() != DISK_FULL:
            self.sink.add("iis/back", r.time_ms, back_row(r), r.truth)
        if r.soap:
            self.sink.add("ews", r.time_ms, ews_row(r), r.truth)
        return r

    def as_user(self, r: Request, user: User, auth: str = "Negotiate", back: str = "") -> Request:
        """A request of a known user, passed to the back end path `back` (default: the same path)."""
        r.user, r.auth, r.target, r.database = user.login, auth, FQDN, user.database
        r.anchor = r.anchor or f"Sid~{user.sid}"
        r.back_stem, r.back_query = back or r.stem, r.back_query or r.query
        return self.serve(r)

    def challenge(self, r: Request, auth: str = "NTLM") -> Request:
        """The first, anonymous half of an NTLM logon: 401, answered by the front end itself."""
        r.auth, r.status, r.substatus, r.win32 = auth, 401, 1, 2148074254
        return self.serve(r)
