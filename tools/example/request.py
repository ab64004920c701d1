"""One web request as the server lived it: all log rows about it come from this record, so the logs agree."""

from dataclasses import dataclass, field

from example.scene import PUBLIC_HOST


@dataclass(slots=True, kw_only=True)
class Request:
    """A request to the front end site; `time_ms` is when it was answered (the time both logs write)."""

    time_ms: int
    stem: str
    method: str = "GET"
    query: str = ""
    """Without the tail that Exchange appends."""
    protocol: str = ""
    """HttpProxy folder; empty = IIS served it alone (static files, missing pages)."""
    user: str = ""
    ip: str
    agent: str
    host: str = PUBLIC_HOST
    port: int = 443
    referer: str = ""
    status: int = 200
    substatus: int = 0
    win32: int = 0
    taken_ms: int = 12
    sent_bytes: int = 0
    auth: str = ""
    anchor: str = ""
    routing_type: str = ""
    routing_hint: str = ""
    target: str = ""
    """Back end chosen; empty = the front end answered itself."""
    target_version: str = ""
    database: str = ""
    organisation: str = ""
    client_request: str = ""
    action: str = ""
    """ProtocolAction."""
    error: str = ""
    generic_error: str = ""
    back_stem: str = ""
    """Path asked of the back end site; empty = no row there."""
    back_query: str = ""
    back_user: str = ""
    back_status: int | None = None
    soap: str = ""
    """Makes a row in the back end EWS log."""
    acting_for: str = ""
    """Mailbox that EWS opened when it is not the caller's own."""
    request_id: str = ""
    activity_id: str = ""
    truth: str = ""
    """Label of the event in the list of planted events; empty = everyday noise."""
    notes: dict[str, str] = field(default_factory=dict)
    """More facts for the list of planted events."""
