"""A small issuer on loopback for tests: it checks what it is asked like a good one, and lies where a test says so."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": "one", "use": "sig"})


class Issuer:
    """`answers` lie: path -> (status, headers, body). `claims` change what the token says (None: leave it out)."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.address = f"http://127.0.0.1:{port}"
        self.client, self.secret = "exsweep", "s3cret:/+ä"
        self.key = _key()
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.document: dict[str, Any] = {}
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.now = 0
        self.groups: list[str] = []
        """Of whoever comes to the issuer's own page."""
        self.sign: Any = None
        """Makes the token instead of the key: `sign(header, claims)`."""

    def consent(self, address: str, subject: str = "u-1", **claims: Any) -> dict[str, str]:
        """A person agrees on the issuer's page: the query with which the browser is sent back."""
        query = dict(parse_qsl(urlsplit(address).query))
        assert query["response_type"] == "code" and query["client_id"] == self.client
        assert query["code_challenge_method"] == "S256" and "openid" in query["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = query | {"sub": subject, "claims": json.dumps(claims)}
        return {"code": code, "state": query["state"], "iss": self.address, "session_state": "x"}

    def well_known(self) -> dict[str, Any]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/keys",
            "response_types_supported": ["code"],
        } | self.document

    def token(self, body: bytes, authorization: str) -> tuple[int, dict[str, Any]]:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        asked = self.codes.pop(form["code"], None)
        pair = base64.b64decode(authorization.partition(" ")[2]).decode() if authorization else ""
        name, _, secret = pair.partition(":")
        challenge = (
            base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
            .rstrip(b"=")
            .decode()
        )
        if (
            asked is None
            or challenge != asked["code_challenge"]
            or form["redirect_uri"] != asked["redirect_uri"]
            or (unquote(name), unquote(secret)) != (self.client, self.secret)
        ):
            return 400, {"error": "invalid_grant"}
        claims = {
            "iss": self.address, "aud": self.client, "sub": asked["sub"], "nonce": asked["nonce"], "iat": self.now or int(time.time()),
            "exp": (self.now or int(time.time())) + 300,
        }  # fmt: skip
        claims |= json.loads(asked["claims"]) | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": self.key.kid} | self.header
        token = self.sign(header, claims) if self.sign else jwt.encode(header, claims, self.key)
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": token}


@contextmanager
def issuing() -> Iterator[Issuer]:
    """An issuer that runs until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def _reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _json(self, status: int, value: Any) -> None:
            self._reply(status, {"Content-Type": "application/json"}, json.dumps(value).encode())

        def _lied(self) -> bool:
            path = urlsplit(self.path).path
            made.asked.append(f"{self.command} {path}")
            if path in made.answers:
                self._reply(*made.answers[path])
                return True
            return False

        def do_GET(self) -> None:
            if self._lied():
                return
            if self.path == "/.well-known/openid-configuration":
                self._json(200, made.well_known())
            elif self.path.startswith("/authorize?"):
                back = made.consent(made.address + self.path, name="Ana", groups=made.groups)
                place = dict(parse_qsl(urlsplit(self.path).query))["redirect_uri"]
                self._reply(302, {"Location": f"{place}?{urlencode(back)}"}, b"")
            elif self.path == "/keys":
                self._json(200, {"keys": [made.key.as_dict(private=False)]})
            else:
                self._json(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not self._lied():
                self._json(*made.token(body, self.headers.get("Authorization", "")))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Issuer(server.server_address[1])
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
