"""The plan in words, with nothing sent: not even a name is looked up."""

from collections.abc import Iterator, Sequence

from exsweep.knowledge.scanning import Limits, Rates, checks
from exsweep.scan.addresses import address
from exsweep.scan.asks import agent_of
from exsweep.scan.networks import Networks
from exsweep.scan.plan import Wishes
from exsweep.scan.scope import Scope
from exsweep.scan.smtp import hello
from exsweep.scan.targets import Target
from exsweep.scan.webshells import folder_of, pages


def explain(
    targets: Sequence[Target], scope: Scope, wishes: Wishes, rates: Rates, limits: Limits, networks: Networks
) -> Iterator[str]:
    """Lines: what would be asked in which order and why, how fast, what never; then which targets may be asked."""
    yield f"Allowed by: {scope.who}, until {scope.until:%Y-%m-%d %H:%M} UTC"
    yield "Each target would be asked like this:"
    yield "1. A name is looked up once and its address kept; then the scope and the exclusions are asked again."
    yield (
        f"2. TCP and TLS to its port, at most {limits.connect_s:g} s. The certificate is read, not verified."
    )
    yield from _requests(wishes, limits, scope)
    yield from _shell_lines(wishes)
    yield from _manners(scope, rates, limits)
    refusals = [(target, _refusal(target, scope, networks)) for target in targets]
    asked = sum(why is None for _, why in refusals)
    yield f"Targets: {len(targets):,}. Would be asked: {asked:,}."
    for target, why in refusals:
        if why is not None:
            yield f"  {target.key}: would not be asked: {why}."
        elif target.address is None:
            yield f"  {target.key}: would be asked, if its address may be."
        else:
            yield f"  {target.key}: would be asked."


def _requests(wishes: Wishes, limits: Limits, scope: Scope) -> Iterator[str]:
    yield f"3. Requests, one after another, at most {limits.requests_per_host} (never all of them):"
    for check in checks().checks:
        if check.opt_in is None:
            yield f"   GET {check.path.replace('{canary}', '<random>')}: {check.why}"
    yield f"   Up to {limits.pool_requests} more for /owa/ where two servers answer under one address."
    if wishes.manifest:
        manifest = checks().check("manifest")
        yield f"   Asked for: GET {manifest.path}: {manifest.why}"
    if wishes.contacts:
        site = checks().check("security_txt")
        yield f"   Asked for: GET {site.path}: {site.why}"
    if wishes.smtp:
        said = hello(scope.page).decode().strip()
        yield (
            f"   Asked for, where the web shows no Exchange: TCP to port {scope.smtp_port}; "
            f"it is told `{said}` and `QUIT`."
        )


def _shell_lines(wishes: Wishes) -> Iterator[str]:
    if not wishes.webshells:
        yield "4. No names of back doors (needs --webshells, and `webshells` under `allow` in the scope file)."
        return
    folders = ", ".join(sorted({folder_of(path).path for path in pages()}))
    yield f"4. Only if Exchange answers: {len(pages())} published names of back doors in {folders}, each once."
    yield "   Before them two random names in each folder, to know how missing pages are answered there."


def _manners(scope: Scope, rates: Rates, limits: Limits) -> Iterator[str]:
    speed = f"{rates.per_second:g} a second in all, {rates.per_network:g} per network"
    page = checks().check("owa").body_bytes
    yield f"Each request says: Host: <the target>; User-Agent: {agent_of(scope)}"
    yield f"Speed: at most {speed}, {rates.per_neighbourhood:g} per /24 (IPv6 /48)."
    yield f"A host without an answer is visited once more, behind all others and not before {limits.again_after_s:g} s."
    yield f"After 429 or 503 the neighbourhood rests {rates.push_back_s:g} s, then longer, then for good."
    yield f"Bounds: {limits.total_s:g} s a request, {limits.header_bytes:,} bytes of headers, {page:,} of a page."
    yield "Never: a body, a parameter, a cookie, a credential, a test of a flaw; a redirect is never followed."


def _refusal(target: Target, scope: Scope, networks: Networks) -> str | None:
    if target.port not in scope.ports:
        return f"port {target.port} is not in the scope file"
    if target.address is not None:
        to = address(target.address)
        origin = networks.origin(to)
        return scope.refuses(target.name, to, from_dns=False, asn=origin.asn if origin else None)
    return scope.refuses_name(target.name or "")
