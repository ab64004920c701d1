"""How the sign-in of an organisation is reached, and which of its groups get which rights: a file of its operator."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from exsweep.errors import UsageError
from exsweep.knowledge.access import Reach, access
from exsweep.web import settings_file
from exsweep.web.outside import host_of

_Word = Annotated[str, Meta(min_length=1, max_length=500)]


class Mapped(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whoever has this value in the claim has this right."""

    value: _Word
    role: _Word
    tenant: _Word | None = None


class Provider(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """See docs/how-to/sign-in.md."""

    issuer: _Word
    client_id: _Word
    rights: tuple[Mapped, ...]
    title: _Word = "your organisation"
    """What the button says: Sign in with ..."""
    client_secret_file: Path | None = None
    claim: _Word = "groups"
    """Claim of the ID token that says what a person is; text or a list of texts."""
    name_claim: _Word = "name"
    scopes: tuple[_Word, ...] = ("openid", "profile")
    hosts: tuple[_Word, ...] = ()
    """Hosts beside the issuer's own that its addresses may lie on."""
    trust: Path | None = None
    """Certificates (PEM) of whoever signs the issuer's certificate, where the computer does not know him."""
    secret: str = ""
    """Content of `client_secret_file`; never written in the file itself."""


def provider(path: Path) -> Provider:
    """The settings in a file.

    Raises:
        UsageError: something in it does not fit.
    """
    found = settings_file.read(path, Provider)
    if found.secret:
        raise UsageError(
            f"{path}: `secret` does not belong here.",
            tip="Write it into a file of its own, and name that: client_secret_file.",
        )
    host_of(found.issuer, f"{path}: issuer")
    if found.issuer.partition("?")[1] or "#" in found.issuer:
        raise UsageError(
            f"{path}: the issuer has no `?` and no `#`.", tip="Copy it from your sign-in's pages."
        )
    if "openid" not in found.scopes:
        raise UsageError(f"{path}: `openid` is missing in `scopes`.", tip="Add it.")
    roles = access().roles
    for each in found.rights:
        role = roles.get(each.role)
        if role is None:
            raise UsageError(
                f"{path}: there is no role {each.role!r}.", tip=f"Choose from: {', '.join(roles)}."
            )
        if (role.reach is Reach.OWN) != bool(each.tenant):
            need = "needs a" if role.reach is Reach.OWN else "has no"
            raise UsageError(f"{path}: the role {each.role} {need} tenant.", tip="Mend it.")
    if not found.rights:
        raise UsageError(
            f"{path}: nobody would have a right.", tip="Write at least one entry below `rights`."
        )
    found = msgspec.structs.replace(found, trust=settings_file.certificates(path.parent, found.trust))
    if found.client_secret_file is None:
        return found
    return msgspec.structs.replace(found, secret=settings_file.secret(path.parent / found.client_secret_file))
