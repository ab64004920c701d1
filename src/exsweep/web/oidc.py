"""Signing in through one's organisation: OpenID Connect, code flow with PKCE, one issuer that the operator named.

Every question carries three random things: `state` (good once, and only in the browser that asked), `nonce` (comes back inside
the signed token) and the PKCE verifier (proves to the issuer that we asked). A person is who the issuer says: issuer and subject
together, never a name or a mail address. The rights are those that the operator mapped, anew at each sign-in.

Source: OpenID Connect Core 1.0, 3.1.3.7; RFC 7636 (PKCE); RFC 9207 (iss); RFC 9700 (best practice), read 2026-11-28.
"""

import base64
import hashlib
import math
import secrets
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from exsweep.fleet.store import Fleet
from exsweep.web import accounts, sessions
from exsweep.web.oidc_settings import Provider
from exsweep.web.outside import Door, Refused, check, host_of
from exsweep.web.problem import Problem
from exsweep.web.sessions import digest

ASKED_S = 600
_KNOWN_S = 3_600
"""For how long what the issuer says of itself is kept."""
_KEYS_S = 60
"""Keys are fetched anew at most so often, whatever a token claims."""
_LEEWAY_S = 60
_OLDEST_S = 600
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
)
"""With a private key at the issuer: never `none`, never a shared secret."""
_AT_ONCE = 3


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """What the issuer says of itself, as far as it is used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Tokens(msgspec.Struct, frozen=True, kw_only=True):
    id_token: str


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Kept until the person comes back."""

    nonce: str
    verifier: str
    browser: str
    """Hash of the secret in the cookie of the browser that asked."""
    next: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who the issuer says it is. The name is hostile text."""

    subject: str
    name: str
    values: frozenset[str]


class Organisation:
    """The sign-in of one organisation. Thread-safe; speaks to the issuer's hosts and to nobody else."""

    def __init__(self, settings: Provider, origin: str) -> None:
        self.settings = settings
        self._back = f"{origin}/sign-in/organisation/back"
        hosts = frozenset({host_of(settings.issuer, "issuer"), *(each.lower() for each in settings.hosts)})
        self._door = Door(hosts=hosts, trust=settings.trust)
        self._lock = threading.Lock()
        self._at_once = threading.BoundedSemaphore(_AT_ONCE)
        self._known: tuple[int, Issuer] | None = None
        self._keys: tuple[int, Any] | None = None

    def begin(self, fleet: Fleet, next_: str, *, now: int) -> tuple[str, str]:
        """(address to send the browser to, secret for a cookie of this browser).

        Raises:
            Problem: 503, the issuer cannot be reached.
        """
        issuer = self._spoken(lambda: self._issuer(now))
        state, nonce, verifier, browser = (secrets.token_urlsafe(32) for _ in range(4))
        asked = _Asked(nonce=nonce, verifier=verifier, browser=digest(browser), next=next_)
        with fleet.database.transaction():
            fleet.database.run("DELETE FROM pending WHERE until < ?", (now,))
            fleet.database.run(
                "INSERT INTO pending (hash, kind, body, until) VALUES (?, 'oidc', ?, ?)",
                (digest(state), msgspec.json.encode(asked).decode(), now + ASKED_S),
            )
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self.settings.client_id,
                "redirect_uri": self._back,
                "scope": " ".join(self.settings.scopes),
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge,
                "code_challenge_method": "S256",
            }
        )
        joint = "&" if "?" in issuer.authorization_endpoint else "?"
        return f"{issuer.authorization_endpoint}{joint}{query}", browser

    def finish(
        self,
        fleet: Fleet,
        *,
        state: str,
        code: str,
        iss: str,
        error: str,
        browser: str,
        address: str,
        now: int,
    ) -> tuple[str, str]:
        """(secret of the new session, page to go to) for whoever came back.

        Raises:
            Problem: 401, something does not fit; 403, this person has no right here; 503, the issuer is not there.
        """
        try:
            asked = _taken(fleet, state, browser, now)
            person = self._person(asked, code, iss, error, now)
        except Refused as why:
            with fleet.act("sign-in failed", "organisation", time=now, detail=f"from {address}: {why}"[:500]):
                pass
            raise Problem(
                401,
                f"Signing in with {self.settings.title} did not work.",
                tip="Begin again at the sign-in page.",
            ) from None
        return self._session(fleet, person, address, now), asked.next

    def _person(self, asked: _Asked, code: str, iss: str, error: str, now: int) -> Person:
        issuer = self._spoken(lambda: self._issuer(now))
        if iss != issuer.issuer and (iss or issuer.authorization_response_iss_parameter_supported):
            raise Refused("the answer names another issuer, or none")
        if error or not code:
            raise Refused(f"the issuer said {error!r}")
        return self._told(self._spoken(lambda: self._token(issuer, asked, code)), issuer, asked, now)

    def _spoken(self, work: Callable[[], Any]) -> Any:
        """Speak to the issuer, a few at a time: a slow one must not take every thread of the service."""
        if not self._at_once.acquire(blocking=False):
            raise Problem(
                503,
                "Too many people sign in at once.",
                tip="Try again in a few seconds.",
                headers={"Retry-After": "5"},
            )
        try:
            return work()
        finally:
            self._at_once.release()

    def _issuer(self, now: int) -> Issuer:
        with self._lock:
            if self._known is not None and now - self._known[0] < _KNOWN_S:
                return self._known[1]
            place = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                answer = self._door.ask("GET", place, headers={"Accept": "application/json"})
                if answer.status != 200:
                    raise Refused(f"status {answer.status}")
                found = msgspec.json.decode(answer.body, type=Issuer)
                if found.issuer != self.settings.issuer:
                    raise Refused("it says that it is another issuer")
                for each in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
                    check(each, self._door.hosts)
            except (Refused, msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise Problem(
                    503, f"{self.settings.title} cannot be reached.", tip=f"Tell your operator: {place}: {str(error)[:200]}",
                    headers={"Retry-After": "30"},
                ) from None  # fmt: skip
            self._known = now, found
            return found

    def _token(self, issuer: Issuer, asked: _Asked, code: str) -> str:
        fields = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self._back, "code_verifier": asked.verifier,
        }  # fmt: skip
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        settings, methods = self.settings, issuer.token_endpoint_auth_methods_supported
        if not settings.secret:
            fields["client_id"] = settings.client_id
        elif "client_secret_basic" in methods or "client_secret_post" not in methods:
            pair = f"{quote(settings.client_id, safe='')}:{quote(settings.secret, safe='')}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        else:
            fields |= {"client_id": settings.client_id, "client_secret": settings.secret}
        answer = self._door.ask(
            "POST", issuer.token_endpoint, headers=headers, body=urlencode(fields).encode()
        )
        if answer.status != 200:
            raise Refused(f"the issuer did not take the code: status {answer.status}")
        try:
            return msgspec.json.decode(answer.body, type=_Tokens).id_token
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Refused("the issuer gave no ID token") from None

    def _told(self, token: str, issuer: Issuer, asked: _Asked, now: int) -> Person:
        claims = self._signed(token, issuer, now)
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if claims.get("iss") != issuer.issuer:
            raise Refused("the token is of another issuer")
        if (
            self.settings.client_id not in audiences
            or claims.get("azp", self.settings.client_id) != self.settings.client_id
        ):
            raise Refused("the token is for another service")
        if len(audiences) > 1 and "azp" not in claims:
            raise Refused("the token is for several services and does not say who asked")
        nonce = claims.get("nonce")
        if not isinstance(nonce, str) or not secrets.compare_digest(nonce.encode(), asked.nonce.encode()):
            raise Refused("the token answers another question")
        if _time(claims, "exp", 0) <= now - _LEEWAY_S:
            raise Refused("the token is over")
        if not now - _OLDEST_S <= _time(claims, "iat", 0) <= now + _LEEWAY_S:
            raise Refused("the token was not made just now")
        if "nbf" in claims and _time(claims, "nbf", now + 2 * _LEEWAY_S) > now + _LEEWAY_S:
            raise Refused("the token does not hold yet")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
            raise Refused("the token names nobody")
        name = claims.get(self.settings.name_claim)
        values = claims.get(self.settings.claim)
        return Person(
            subject=subject,
            name=name if isinstance(name, str) and name.strip() else subject,
            values=frozenset(
                each for each in (values if isinstance(values, list) else [values]) if isinstance(each, str)
            ),
        )

    def _signed(self, token: str, issuer: Issuer, now: int) -> dict[str, Any]:
        """The claims of a token that a key of the issuer signed."""
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        try:
            for anew in (False, True):
                try:
                    return jwt.decode(
                        token, self._key_set(issuer, now, anew=anew), algorithms=list(ALGORITHMS)
                    ).claims
                except InvalidKeyIdError:
                    if anew:
                        raise
            raise AssertionError("not reached")
        except (JoseError, msgspec.MsgspecError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise Refused(f"the token is not signed as it should be: {error}") from None

    def _key_set(self, issuer: Issuer, now: int, *, anew: bool) -> Any:
        """The issuer's public keys; fetched anew for a key that is not known (it changes them), but not at every call."""
        from joserfc.jwk import KeySet

        with self._lock:
            if self._keys is not None:
                age = now - self._keys[0]
                if age < _KEYS_S or (not anew and age < _KNOWN_S):
                    return self._keys[1]
            answer = self._spoken(
                lambda: self._door.ask("GET", issuer.jwks_uri, headers={"Accept": "application/json"})
            )
            if answer.status != 200:
                raise Refused(f"the issuer's keys: status {answer.status}")
            listed = msgspec.json.decode(answer.body, type=dict[str, Any])
            # A shared secret among public keys would be known to everybody.
            usable = [
                each for each in listed.get("keys", ()) if isinstance(each, dict) and each.get("kty") != "oct"
            ]
            self._keys = now, KeySet.import_key_set({"keys": usable})
            return self._keys[1]

    def _session(self, fleet: Fleet, person: Person, address: str, now: int) -> str:
        rights = tuple(
            (each.role, each.tenant) for each in self.settings.rights if each.value in person.values
        )
        if not rights:
            with fleet.act(
                "sign-in refused",
                repr(person.name)[:200],
                time=now,
                detail=f"from {address}: no right is mapped",
            ):
                pass
            raise Problem(
                403,
                f"{self.settings.title} knows you, but you have no right here.",
                tip="Ask your operator for one of the groups.",
            )
        with fleet.act(
            "signed in",
            repr(person.name)[:200],
            time=now,
            detail=f"from {address}, by {self.settings.issuer}",
        ):
            account = accounts.of_issuer(
                fleet, self.settings.issuer, person.subject, name=person.name, given=rights, now=now
            )
            return sessions.begin(fleet, account, address=address, now=now)


def _time(claims: dict[str, Any], name: str, otherwise: int) -> float:
    """A moment of a token, seconds since 1970; `otherwise` where it is none."""
    value = claims.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        return otherwise
    return value


def _taken(fleet: Fleet, state: str, browser: str, now: int) -> _Asked:
    row = fleet.database.one(
        "DELETE FROM pending WHERE hash = ? AND kind = 'oidc' AND until >= ? RETURNING body",
        (digest(state), now),
    )
    if row is None:
        raise Refused("nobody asked, or it was answered already")
    asked = msgspec.json.decode(row[0], type=_Asked)
    if not secrets.compare_digest(asked.browser, digest(browser)):
        raise Refused("another browser asked")
    return asked
