"""Rows of the web side of the server: IIS front end, IIS back end, HttpProxy, back end EWS."""

from collections.abc import Iterable

from example.columns import EWS, HTTPPROXY
from example.request import Request
from example.scene import (
    FQDN,
    NETBIOS,
    ORGANISATION,
    SERVER,
    SERVER_IP,
    SERVER_LINK_LOCAL,
    build_at,
    iso,
    moment,
    version_number,
)

COOKIE_LIFE_MS = 30 * 86_400_000
_AT = {name: number for number, name in enumerate(HTTPPROXY)}
_EWS_AT = {name: number for number, name in enumerate(EWS)}


def csv_row(values: Iterable[str]) -> bytes:
    """Comma-separated, quoted only where needed, inner quotes doubled."""
    cells = ['"' + v.replace('"', '""') + '"' if "," in v or '"' in v else v for v in values]
    return ",".join(cells).encode()


def _plus(text: str) -> str:
    return text.replace(" ", "+") or "-"


def _iis(
    r: Request,
    server: str,
    stem: str,
    query: str,
    port: int,
    user: str,
    client: str,
    status: int,
    *,
    wide: bool,
) -> bytes:
    when = moment(r.time_ms).strftime("%Y-%m-%d %H:%M:%S")
    sizes = f" {r.sent_bytes or 410 + r.taken_ms * 7} {380 + len(query)}" if wide else ""
    return (
        f"{when} {server} {r.method} {stem} {_plus(query)} {port} {_plus(user)} {client} {_plus(r.agent)} "
        f"{r.referer or '-'} {status} {r.substatus} {r.win32}{sizes} {r.taken_ms}"
    ).encode()


def front_row(r: Request, *, wide: bool) -> bytes:
    """W3SVC1. Requests that Exchange handles carry the id that HttpProxy knows them by."""
    query = r.query
    if r.protocol:
        tail = "&encoding=;" if r.protocol in ("Owa", "Ecp", "Eas") else ""
        query += f"&CorrelationID=<empty>;&cafeReqId={r.request_id};{tail}"
    local = r.ip in ("::1", "127.0.0.1")
    server = r.ip if local else SERVER_IP
    return _iis(r, server, r.stem, query, r.port, r.user, r.ip, r.status, wide=wide)


def back_row(r: Request) -> bytes:
    """W3SVC2: the caller is the server itself, the user is whom the front end vouches for."""
    query = (r.back_query + "&" if r.back_query else "") + f"ActID={r.activity_id}&CorrelationID=<empty>;"
    status = r.status if r.back_status is None else r.back_status
    return _iis(
        r,
        SERVER_LINK_LOCAL,
        r.back_stem,
        query,
        444,
        r.back_user or r.user,
        SERVER_LINK_LOCAL,
        status,
        wide=False,
    )


def _generic_info(r: Request) -> str:
    begin, late = iso(r.time_ms - r.taken_ms), iso(r.time_ms - 1)
    version = version_number(build_at(r.time_ms))
    head = f"BeginRequest={begin};CorrelationID=<empty>;"
    tail = f"SharedCacheGuard=0;EndRequest={iso(r.time_ms)};"
    if not r.target:
        return head + tail
    return (
        f"{head}ProxyState-Run=None;FEAuth=BEVersion-{version};NewConnection={SERVER_LINK_LOCAL}&0;"
        f"BeginGetRequestStream={begin};OnRequestStreamReady={begin};BeginGetResponse={begin};"
        f"OnResponseReady={late};EndGetResponse={late};ProxyState-Complete=ProxyResponseData;{tail}"
    )


def httpproxy_row(r: Request) -> bytes:
    """One of 74 columns. Latencies add up to `taken_ms`, give or take what the real columns lose as well."""
    row = [""] * len(HTTPPROXY)
    major, minor, build, revision = build_at(r.time_ms)
    took = r.taken_ms
    values = {
        "DateTime": iso(r.time_ms),
        "RequestId": r.request_id,
        "MajorVersion": str(major),
        "MinorVersion": str(minor),
        "BuildVersion": str(build),
        "RevisionVersion": str(revision),
        "ClientRequestId": r.client_request,
        "Protocol": r.protocol,
        "UrlHost": r.host,
        "UrlStem": r.stem,
        "ProtocolAction": r.action,
        "AuthenticationType": r.auth,
        "IsAuthenticated": "true" if r.user else "false",
        "AuthenticatedUser": r.user,
        "Organization": r.organisation,
        "AnchorMailbox": r.anchor,
        "UserAgent": r.agent.replace(",", " "),
        "ClientIpAddress": r.ip,
        "ServerHostName": SERVER,
        "HttpStatus": str(r.status),
        "ErrorCode": r.error,
        "Method": r.method,
        "RequestBytes": str(len(r.query) + 70 if r.method == "POST" else 0),
        "HttpPipelineLatency": str(took % 2),
        "ClientReqStreamLatency": "0",
        "TotalRequestTime": str(took),
        "CoreLatency": "0",
        "HttpProxyOverhead": "0",
        "UrlQuery": "?" + r.query if r.query else "",
        "GenericInfo": _generic_info(r),
        "GenericErrors": r.generic_error,
    }
    if r.target:
        back = max(0, took - 4)
        status = r.status if r.back_status is None else r.back_status
        route = f"|RoutingDB:{r.database}" if r.database else ""
        values |= {
            "BackEndStatus": str(status),
            "ProxyAction": "Proxy",
            "TargetServer": r.target,
            "TargetServerVersion": r.target_version or f"{major:02d}.{minor:02d}.{build:04d}.000",
            "RoutingType": r.routing_type or "IntraForest",
            "RoutingHint": r.routing_hint or "WindowsIdentity",
            "ResponseBytes": str(r.sent_bytes or 120 + took * 9),
            "TargetOutstandingRequests": "1",
            "CalculateTargetBackEndLatency": "0",
            "TotalGlsLatency": "0",
            "TotalAccountForestLatency": "0",
            "TotalResourceForestLatency": "0",
            "ADLatency": "0",
            "TotalSharedCacheLatency": "0",
            "ModuleToHandlerSwitchingLatency": "0",
            "ActivityContextLifeTime": str(took),
            "BackendReqInitLatency": "0",
            "BackendReqStreamLatency": "1",
            "BackendProcessingLatency": str(back),
            "BackendRespInitLatency": "0",
            "BackendRespStreamLatency": "0",
            "ClientRespStreamLatency": "0",
            "KerberosAuthHeaderLatency": "0",
            "HandlerCompletionLatency": "0",
            "RequestHandlerLatency": str(took - took % 2),
            "ProxyTime": str(back),
            "HandlerToModuleSwitchingLatency": "0",
            "CoreLatency": str(took - back),
            "RoutingLatency": "1",
            "HttpProxyOverhead": str(took - back),
            "DatabaseGuid": route and route + route,
            "RoutingStatus": "CafeV1",
        }
        if r.database:
            values["BackEndCookie"] = f"Database~{r.database}~~{iso(r.time_ms + COOKIE_LIFE_MS)[:19]}"
    for name, value in values.items():
        row[_AT[name]] = value
    return csv_row(row)


def ews_row(r: Request) -> bytes:
    """Back end EWS log: who asked, in whose name, for what."""
    row = [""] * len(EWS)
    major, minor, build, revision = build_at(r.time_ms)
    target = r.acting_for or r.user
    values = {
        "DateTime": iso(r.time_ms),
        "RequestId": r.activity_id,
        "MajorVersion": str(major),
        "MinorVersion": str(minor),
        "BuildVersion": str(build),
        "RevisionVersion": str(revision),
        "AuthenticationType": "Kerberos",
        "IsAuthenticated": "true",
        "AuthenticatedUser": r.back_user or r.user,
        "Organization": ORGANISATION.replace(",", ""),
        "UserAgent": r.agent.replace(",", " "),
        "VersionInfo": "Target=None;Req=Exchange2013_SP1/Exchange2013_SP1;",
        "ClientIpAddress": r.ip,
        "ServerHostName": SERVER,
        "FrontEndServer": FQDN,
        "SoapAction": r.soap,
        "HttpStatus": str(r.status),
        "RequestSize": str(700 + len(target)),
        "ResponseSize": str(r.sent_bytes or 900),
        "ActAsUser": r.acting_for,
        "ProxyAsUser": "",
        "CorrelationGuid": r.request_id,
        "PrimaryOrProxyServer": "PrimaryServer",
        "TaskType": "LocalTask",
        "RemoteBackendCount": "0",
        "LocalMailboxCount": "1",
        "RemoteMailboxCount": "0",
        "LocalIdCount": "1",
        "RemoteIdCount": "0",
        "TotalRequestTime": str(r.taken_ms),
        "CoreExecutionLatency": str(max(1, r.taken_ms - 3)),
        "GenericInfo": "SKU=Unknown;RequestHandler=Wcf;BackEndAuthenticator=WindowsAuthenticator;"
        "ADIdentityCache=Hit;S:ActivityStandardMetadata.Component=Ews;S:WLM.BT=Ews;"
        f"I32:ADS.C[{NETBIOS}]=1;F:MB.AL[{SERVER}]={r.taken_ms % 7}",
        "StartTime": iso(r.time_ms - r.taken_ms),
        "ProcessId": "9716",
    }
    for name, value in values.items():
        row[_EWS_AT[name]] = value
    return csv_row(row)
