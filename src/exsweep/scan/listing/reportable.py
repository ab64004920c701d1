"""What a report to a network's owner may say of a result: open, out of support, or with a page of a back door. Nothing else:
a server that does not show enough is neither reported nor called fixed."""

from collections.abc import Iterator
from dataclasses import dataclass

from exsweep.scan.listing.kinds import Entry
from exsweep.scan.outside import patch_state
from exsweep.scan.webshells import PageSeen, Proof


@dataclass(frozen=True, slots=True)
class Report:
    """One thing to tell about one server."""

    tags: tuple[str, ...]
    """`cve-2021-26855` ..., `eol`, `webshell` or `suspicious-page`."""
    page: PageSeen | None = None

    @property
    def compromised(self) -> bool:
        return self.page is not None and self.page.proof is Proof.STRONG


def reports(of: Entry) -> Iterator[Report]:
    """At most one report about the build, and one for each page that was seen."""
    one = of.result
    if patch_state(one) == "open" and one.opinion is not None:
        known = one.opinion.exploited or one.opinion.certain
        ended = ("eol",) if one.opinion.support_ended else ()
        yield Report(tags=(*(cve.lower() for cve in known), *ended))
    for page in one.pages:
        yield Report(("webshell" if page.proof is Proof.STRONG else "suspicious-page",), page)


def url_of(of: Entry, page: PageSeen) -> str:
    """The address of a page that was seen."""
    one = of.result
    host = one.name or (f"[{one.address}]" if ":" in (one.address or "") else one.address)
    port = "" if one.port == 443 else f":{one.port}"
    return f"https://{host}{port}{page.path}"
