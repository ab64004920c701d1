"""The plan in words, with nothing sent: not even the name is looked up."""

from collections.abc import Sequence

from exsweep.knowledge.scanning import Limits, Rates, checks
from exsweep.scan.addresses import address
from exsweep.scan.asks import agent_of, of_check
from exsweep.scan.plan import Wishes
from exsweep.scan.scope import Scope
from exsweep.scan.smtp import hello
from exsweep.scan.targets import Target
from exsweep.scan.visit import host_of
from exsweep.scan.webshells import folder_of, pages


def explain(target: Target, scope: Scope, wishes: Wishes, rates: Rates, limits: Limits) -> tuple[str, ...]:
    """Lines: may it be asked, what would be asked in which order and why, how fast, what never."""
    lines = [f"{target.key}", f"Allowed by: {scope.who}, until {scope.until:%Y-%m-%d %H:%M} UTC"]
    refused = _refusal(target, scope)
    if refused:
        return (*lines, f"Would not be asked: {refused}.")
    if target.address is None:
        lines.append("1. Look up its address once and keep it; then ask the scope and the exclusions again.")
    else:
        lines.append("1. No look-up: the address is given.")
    lines.append(
        f"2. TCP and TLS to port {target.port}, at most {limits.connect_s:g} s. The certificate is read, not verified."
    )
    host = host_of(target, of_check("owa"))
    lines.append(f"3. Requests, one after another, at most {limits.requests_per_host} (never all of them):")
    for check in checks().checks:
        if check.opt_in is None:
            lines.append(f"   GET {check.path.replace('{canary}', '<random>')}: {check.why}")
    lines.append(
        f"   Up to {limits.pool_requests} more for /owa/ where two servers answer under one address."
    )
    if wishes.manifest:
        manifest = checks().check("manifest")
        lines.append(f"   Asked for: GET {manifest.path}: {manifest.why}")
    if wishes.contacts:
        site = checks().check("security_txt")
        lines.append(f"   Asked for: GET {site.path}: {site.why}")
    if wishes.smtp:
        said = hello(scope.page).decode().strip()
        lines.append(
            f"   Asked for, where the web shows no Exchange: TCP to port {scope.smtp_port}; it is told `{said}` and `QUIT`."
        )
    lines += _shell_lines(wishes)
    speed = f"{rates.per_second:g} a second in all, {rates.per_network:g} per network"
    page = checks().check("owa").body_bytes
    again = f"A host without an answer is visited once more, behind all others and not before {limits.again_after_s:g} s."
    lines += [
        f"Each request says: Host: {host}; User-Agent: {agent_of(scope)}",
        f"Speed: {speed}, {rates.per_neighbourhood:g} per /24 (IPv6 /48).",
        again,
        f"After 429 or 503 the neighbourhood rests {rates.push_back_s:g} s, then longer, then for good.",
        f"Bounds: {limits.total_s:g} s a request, {limits.header_bytes:,} bytes of headers, {page:,} of a page.",
        "Never: a body, a parameter, a cookie, a credential, a test of a flaw; a redirect is never followed.",
    ]
    return tuple(lines)


def _shell_lines(wishes: Wishes) -> Sequence[str]:
    if not wishes.webshells:
        return [
            "4. No names of back doors (needs --webshells, and `webshells` under `allow` in the scope file)."
        ]
    folders = ", ".join(sorted({folder_of(path).path for path in pages()}))
    return [
        f"4. Only if Exchange answers: {len(pages())} published names of back doors in {folders}, each once.",
        "   Before them two random names in each folder, to know how missing pages are answered there.",
    ]


def _refusal(target: Target, scope: Scope) -> str | None:
    if target.port not in scope.ports:
        return f"port {target.port} is not in the scope file"
    if target.address is not None:
        return scope.refuses(target.name, address(target.address), from_dns=False)
    return scope.refuses_name(target.name or "")
