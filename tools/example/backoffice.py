"""Logs behind the web side that follow a request: ECP Server and Activity, remote PowerShell."""

from example.columns import RPS_CMDLET, RPS_HTTP
from example.request import Request
from example.scene import DC, DOMAIN, FQDN, SERVER, SID_BASE, build_at, guid, iso
from example.server import Server
from example.weblogs import csv_row


def ecp_event(server: Server, time_ms: int, call: Request, command: str, schema: str = "") -> None:
    """A row of the ECP Server log; `'` in a command has all of EventData quoted, its quotes doubled."""
    build = ".".join(map(str, build_at(time_ms)))
    url = call.notes.get("url") or call.stem + (f"?{call.query}" if call.query else "")
    items = {
        "TIME": call.taken_ms,
        "SID": guid(server.rng),
        "CMD": command,
        "REQID": "",
        "URL": url + schema,
        "REFERRER": "",
        "EX": "",
        "ACTID": call.activity_id,
        "RS": 0,
        "BLD": build,
        "TNAME": "<null>",
        "TID": "",
        "USID": guid(server.rng),
        "EDOID": "",
        "ACID": "",
    }
    data = ";".join(f"S:{key}={value}" for key, value in items.items())
    if "'" in command:
        data = "'" + data.replace("'", "''") + "'"
    server.sink.add("ecp_server", time_ms, csv_row((iso(time_ms), SERVER, "ECP.Request", data)), call.truth)


def ecp_request(server: Server, call: Request, command: str, login: str) -> None:
    """An ordinary ECP call: the Server row and the Activity row."""
    ecp_event(server, call.time_ms, call, command)
    data = (
        f"S:CMD={command};S:URL={call.stem};S:USER=<PII>{login}</PII>;S:ACTID={call.activity_id};"
        f"I32:ADS.C[{DC}]=2;F:ADS.AL[{DC}]=1.5"
    )
    server.sink.add(
        "ecp_activity", call.time_ms + 1, csv_row((iso(call.time_ms + 1), SERVER, "ActivityContext", data))
    )


def _row(names: tuple[str, ...], time_ms: int, values: dict[str, str]) -> bytes:
    major, minor, build, revision = build_at(time_ms)
    version = {
        "MajorVersion": str(major),
        "MinorVersion": str(minor),
        "BuildVersion": str(build),
        "RevisionVersion": str(revision),
    }
    known = {"DateTime": iso(time_ms), "ServerHostName": SERVER} | version | values
    return csv_row(known.get(name, "") for name in names)


def cmdlet(server: Server, call: Request, name: str, parameters: str, login: str, client: str) -> None:
    """The two remote PowerShell rows of one cmdlet asked for by `call`."""
    t = call.time_ms
    server.sink.add(
        "rps_http",
        t,
        _row(
            RPS_HTTP,
            t,
            {
                "StartTime": iso(t - call.taken_ms),
                "RequestId": call.request_id,
                "UrlHost": call.host,
                "UrlStem": call.stem,
                "AuthenticationType": "Kerberos",
                "IsAuthenticated": "true",
                "AuthenticatedUser": login,
                "ClientIpAddress": call.ip,
                "FrontEndServer": FQDN,
                "HttpStatus": "200",
                "SubStatus": "0",
                "Action": "Command",
                "CommandName": name,
                "SessionId": guid(server.rng).upper(),
                "ClientInfo": call.agent,
                "TotalTime": str(call.taken_ms),
                "UrlQuery": "?" + call.query,
                "GenericInfo": f"S:ActivityStandardMetadata.Component=RemotePS;I32:ADS.C[{DC}]=1",
            },
        ),
    )
    server.sink.add(
        "rps_cmdlet",
        t + 2,
        _row(
            RPS_CMDLET,
            t + 2,
            {
                "StartTime": iso(t - call.taken_ms),
                "RequestId": call.request_id,
                "ProcessId": "15756",
                "ProcessName": "w3wp#MSExchangePowerShellAppPool",
                "ThreadId": "85",
                "AuthenticatedUser": login.split("\\")[-1],
                "ExecutingUserSid": f"{SID_BASE}-1104",
                "IsAdmin": str(client == "PowerShell"),
                "ClientApplication": client,
                "Cmdlet": name,
                "Parameters": parameters,
                "CmdletUniqueId": guid(server.rng),
                "RunspaceSettingsCreationHint": "GCRandomly",
                "ADViewEntireForest": "False",
                "ADRecipientViewRoot": DOMAIN,
                "ADConfigurationDomainControllers": DC,
                "OutputObjectCount": "1",
                "ParameterBinding": "0",
                "BeginProcessing": "6",
                "ProcessRecord": "8",
                "ActivityContextLifeTime": str(call.taken_ms * 9),
                "TotalTime": str(call.taken_ms),
                "ExecutionResult": "Success",
                "GenericInfo": f"PSSenderInfo={login.lower()};ADServerSettingsInEnd=ADViewEntireForest:False "
                f"ADRecipientViewRoot:{DOMAIN} ADConfigurationDomainControllers:{DC};",
                "NonPiiParameters": parameters,
            },
        ),
    )
