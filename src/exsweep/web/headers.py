"""Headers of every answer, and the names under which this service lets itself be called."""

from collections.abc import Mapping

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Nothing from elsewhere, no inline script or style, no frame around our pages."""
DOCUMENT_CSP = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""A saved report is a page of its own: no script, no origin, no way back to our pages."""

ALWAYS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    # Nothing to others; with `no-referrer` browsers send `Origin: null` with our own forms, and nobody could tell them apart.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), interest-cohort=()",
    "x-frame-options": "DENY",
}
PRIVATE = "no-store"
"""Pages hold evidence: no cache keeps them."""


def host_allowed(host: str, allowed: frozenset[str]) -> bool:
    """Whether the Host header names this service. A page elsewhere whose name was pointed at us (rebinding) does not."""
    return host.strip().lower().rstrip(".") in allowed


def same_origin(headers: Mapping[str, str], host: str, secure: bool) -> bool:
    """Whether a request that changes something comes from a page of ours, as far as the browser says.

    A browser sends Sec-Fetch-Site, Origin, or both; a program that sends neither is held to its CSRF token alone.
    """
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = headers.get("origin")
    return origin is None or origin == f"{'https' if secure else 'http'}://{host}"
