"""What a scan says of one target: one line of JSON, which is also the whole memory of a run that goes on."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from exsweep.knowledge.scanning import fingerprints
from exsweep.scan.certificate import Certificate
from exsweep.scan.heard import Heard
from exsweep.scan.identify import Identity, Kind, identify, silent_words, with_mail_service
from exsweep.scan.opinion import Opinion, opinion
from exsweep.scan.replies import Failure
from exsweep.scan.security_txt import SecurityTxt, read_security_txt
from exsweep.scan.smtp import Smtp
from exsweep.scan.targets import Target
from exsweep.scan.webshells import PageSeen, Sight, pages_seen

SCHEMA = "exsweep.scan/1"


class Asked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request that was sent, and the raw facts of its answer. Values are hostile text."""

    check: str
    path: str
    status: int | None = None
    failure: Failure | None = None
    headers: dict[str, str] = {}
    """First value of each header that says something."""
    elapsed_ms: int = 0
    server_name: str | None = None


class ScanResult(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was learned of one target, and nothing that was not seen."""

    schema: str = SCHEMA
    target: str
    """Key of the target, the same in every run."""
    name: str | None = None
    address: str | None = None
    port: int = 443
    time: datetime
    """End of the visit, UTC."""
    identity: Identity
    opinion: Opinion | None = None
    webshells: tuple[PageSeen, ...] = ()
    """Seen, not seen, cannot tell; empty where it was not asked for."""
    tls: str | None = None
    certificate: Certificate | None = None
    security_txt: SecurityTxt | None = None
    """Whom the owner wants to be told; only where it was asked for (`--contacts`)."""
    smtp: Smtp | None = None
    """Its mail service; only where it was asked (`--smtp`)."""
    asked: tuple[Asked, ...] = ()
    visits: int = 1
    """2: the first visit got no answer, and it was made once more later; `asked` holds both."""
    repeated: bool = False
    """An earlier part of this run may have contacted it too, and was then interrupted."""
    scope: str = ""
    """Who allowed it."""

    @property
    def kind(self) -> Kind:
        return self.identity.kind

    @property
    def pages(self) -> tuple[PageSeen, ...]:
        """Pages that answered at published names of back doors."""
        return tuple(page for page in self.webshells if page.sight is Sight.SEEN)


_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(ScanResult).decode


def result(
    target: Target,
    heard: Sequence[Heard],
    *,
    time: datetime,
    address: str | None = None,
    before: Sequence[Heard] = (),
    smtp: Smtp | None = None,
    repeated: bool = False,
    scope: str = "",
) -> ScanResult:
    """Judge one visit; `before` are the vain requests of an earlier one."""
    identity = with_mail_service(identify(heard, target.host), smtp)
    last = next((each.line for each in reversed(heard) if each.line.tls), None)
    return ScanResult(
        target=target.key,
        name=target.name,
        address=address or target.address,
        port=target.port,
        time=time,
        identity=identity,
        opinion=opinion(identity, time.date()),
        webshells=pages_seen(heard),
        tls=last.tls if last else None,
        certificate=last.certificate if last else None,
        security_txt=_security_txt(heard, time),
        smtp=smtp,
        asked=tuple(_asked(each) for each in (*before, *heard)),
        visits=2 if before else 1,
        repeated=repeated,
        scope=scope,
    )


def not_asked(
    target: Target, failure: Failure, reason: str | None, *, time: datetime, scope: str = ""
) -> ScanResult:
    """The result of a target that nothing was sent to."""
    plain = identify((), target.host)
    why = (f"not asked: {reason}",) if reason else silent_words(failure)
    identity = msgspec.structs.replace(plain, failure=failure, why=why)
    return ScanResult(
        target=target.key,
        name=target.name,
        address=target.address,
        port=target.port,
        time=time,
        identity=identity,
        scope=scope,
    )


def line(of: ScanResult) -> bytes:
    """One line of JSON with its end."""
    return _encode(of) + b"\n"


def read_line(data: bytes) -> ScanResult:
    """The inverse of `line`.

    Raises:
        msgspec.MsgspecError: no whole line of a scan.
    """
    return _decode(data)


def _security_txt(heard: Sequence[Heard], now: datetime) -> SecurityTxt | None:
    replies = (each.reply for each in heard if each.ask.check == "security_txt")
    return next((found for reply in replies if reply and (found := read_security_txt(reply, now))), None)


def _asked(heard: Heard) -> Asked:
    reply = heard.reply
    kept: dict[str, str] = {}
    if reply is not None:
        first = dict(reversed(reply.headers))
        kept = {name: first[name] for name in fingerprints().kept_headers if name in first}
    return Asked(
        check=heard.ask.check,
        path=heard.ask.path,
        status=reply.status if reply else None,
        failure=heard.answer if isinstance(heard.answer, Failure) else None,
        headers=kept,
        elapsed_ms=heard.line.elapsed_ms,
        server_name=heard.ask.server_name,
    )
