"""An MCP server that wants to be authorised for, and the server at which access to it is granted, in one."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from aiohttp import web


@dataclass
class AuthorizationServer:
    """Grants what it is asked for. :attr:`metadata` and :attr:`resource` change what it says of itself."""

    url: str = ""
    seconds: int = 3600
    """How long its tokens hold."""
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    resource: dict[str, Any] = field(default_factory=dict[str, Any])
    answer: tuple[int, dict[str, Any]] | None = None
    """What the token endpoint says, in place of tokens."""
    registered: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    asked: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    """The forms that the token endpoint got."""
    tokens: int = 0
    gate: asyncio.Event | None = None
    metadata_gate: asyncio.Event | None = None
    metadata_asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by whoever has to wait for :attr:`metadata_gate`."""
    _challenges: dict[str, str] = field(default_factory=dict[str, str])
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/mcp", self._protected)
        app.router.add_get("/.well-known/oauth-protected-resource/mcp", self._resource)
        app.router.add_get("/.well-known/oauth-authorization-server/as", self._metadata)
        app.router.add_post("/as/register", self._register)
        app.router.add_post("/as/token", self._token)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def grant(self, authorization_url: str) -> dict[str, str]:
        """What the user's browser brings back after consent."""
        parts = urlsplit(authorization_url)
        query = dict(parse_qsl(parts.query))
        assert authorization_url.startswith(f"{self.url}/as/authorize?")
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        code = f"code-{len(self._challenges)}"
        self._challenges[code] = query["code_challenge"]
        return {"state": query["state"], "code": code, "iss": f"{self.url}/as"}

    async def _protected(self, _: web.Request) -> web.Response:
        where = f'Bearer resource_metadata="{self.url}/.well-known/oauth-protected-resource/mcp", scope="read"'
        return web.Response(status=401, headers={"WWW-Authenticate": where})

    async def _resource(self, _: web.Request) -> web.Response:
        servers = [f"{self.url}/as"]
        return web.json_response({"resource": f"{self.url}/mcp", "authorization_servers": servers, **self.resource})

    async def _metadata(self, _: web.Request) -> web.Response:
        if self.metadata_gate is not None:
            self.metadata_asked.set()
            await self.metadata_gate.wait()
        said = {
            "issuer": f"{self.url}/as",
            "authorization_endpoint": f"{self.url}/as/authorize",
            "token_endpoint": f"{self.url}/as/token",
            "registration_endpoint": f"{self.url}/as/register",
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
            "authorization_response_iss_parameter_supported": True,
            "scopes_supported": ["read", "offline_access"],
        }
        return web.json_response({**said, **self.metadata})

    async def _register(self, request: web.Request) -> web.Response:
        self.registered.append(await request.json())
        return web.json_response({"client_id": "client-1", "client_secret": "client-secret"}, status=201)

    async def _token(self, request: web.Request) -> web.Response:
        form = {name: values[0] for name, values in parse_qs((await request.read()).decode()).items()}
        self.asked.append({**form, "authorization": request.headers.get("authorization", "")})
        if self.gate is not None:
            await self.gate.wait()
        if self.answer is not None:
            return web.json_response(self.answer[1], status=self.answer[0])
        if form["grant_type"] == "authorization_code":
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            expected = self._challenges.pop(form["code"], None)
            if base64.urlsafe_b64encode(digest).decode().rstrip("=") != expected:
                return web.json_response({"error": "invalid_grant"}, status=400)
        self.tokens += 1
        given = {"access_token": f"access-token-{self.tokens}", "refresh_token": f"refresh-token-{self.tokens}"}
        return web.json_response({**given, "token_type": "bearer", "expires_in": self.seconds})
