"""An identity provider: discovery, keys, tokens and user-info, over HTTP, with keys that rotate while it runs."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeyParameters, RSAKey

AUDIENCE = "athena"


@dataclass
class Person:
    sub: str
    facts: dict[str, Any]


@dataclass
class IdentityProvider:
    """Started by :meth:`start`; ``calls`` counts the requests by path."""

    url: str = ""
    keys: list[RSAKey | ECKey] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=dict)
    opaque: dict[str, str] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    down: bool = False
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        self.rotate()
        app = web.Application(middlewares=[self._count])
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/jwks", self._jwks)
        app.router.add_post("/token", self._token)
        app.router.add_get("/userinfo", self._userinfo)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def rotate(self, *, elliptic: bool = False) -> None:
        """New tokens are signed by a new key; the old one is gone."""
        kid: KeyParameters = {"kid": secrets.token_hex(4), "use": "sig"}
        self.keys = [ECKey.generate_key("P-256", kid) if elliptic else RSAKey.generate_key(2048, kid)]

    def person(self, sub: str, **facts: Any) -> Person:
        self.people[sub] = Person(sub, facts)
        return self.people[sub]

    def access_token(
        self, sub: str, /, *, header: dict[str, Any] | None = None, key: Any = None, lean: bool = False, **changes: Any
    ) -> str:
        """A signed token of a person; ``lean`` leaves the facts to the user-info endpoint."""
        now = int(time.time())
        facts = {} if lean else self.people[sub].facts
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": sub, "iat": now, "exp": now + 300, **facts, **changes}
        claims = {name: value for name, value in claims.items() if value is not None}
        key = key or self.keys[0]
        algorithm = "ES256" if isinstance(key, ECKey) else "RS256"
        full = {"alg": algorithm, "kid": key.kid, "typ": "at+jwt", **(header or {})}
        return jwt.encode(full, claims, key, algorithms=[str(full["alg"])])

    def opaque_token(self, sub: str) -> str:
        token = f"opaque-{secrets.token_hex(16)}"
        self.opaque[token] = sub
        return token

    def symmetric_token(self, sub: str) -> str:
        """Signed by HMAC, with the provider's public key for a secret: the classic confusion."""
        pem = self.keys[0].as_pem(private=False)
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": sub, "iat": now, "exp": now + 300}
        # By hand: the library refuses to be confused.
        head = {"alg": "HS256", "kid": self.keys[0].kid, "typ": "JWT"}
        signed = ".".join(_base64url(json.dumps(part).encode()) for part in (head, claims))
        return f"{signed}.{_base64url(hmac.digest(pem, signed.encode(), 'sha256'))}"

    @web.middleware
    async def _count(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.calls[request.path] += 1
        if self.down:
            return web.Response(status=503)
        return await handler(request)

    async def _discovery(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/jwks",
                "token_endpoint": f"{self.url}/token",
                "userinfo_endpoint": f"{self.url}/userinfo",
            }
        )

    async def _jwks(self, _request: web.Request) -> web.Response:
        strange = [{"kty": "AKP", "kid": "post-quantum"}, {"kty": "oct", "kid": "symmetric", "k": "c2VjcmV0"}, "?"]
        return web.json_response({"keys": [*strange, *(key.as_dict(private=False) for key in self.keys)]})

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if form.get("grant_type") != "password" or str(form.get("username")) not in self.people:
            return web.json_response({"error": "invalid_grant"}, status=400)
        token = self.access_token(str(form["username"]))
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": 300})

    async def _userinfo(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        sub = self.opaque.get(token)
        if sub is None and token.count(".") == 2:
            with contextlib.suppress(JoseError, ValueError):
                sub = str(jwt.decode(token, self.keys[0], algorithms=["RS256", "ES256"]).claims["sub"])
        if sub is None or sub not in self.people:
            return web.json_response({"error": "invalid_token"}, status=401)
        return web.json_response({"sub": sub, **self.people[sub].facts})


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
