"""Whose address counts for failed sign-ins, with and without a reverse proxy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import Request

from athena.auth.authorization import client_address
from athena.config import Settings


def request(settings: Settings, peer: str, *forwarded: str) -> Request:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    app: Any = SimpleNamespace(state=SimpleNamespace(settings=settings))
    return Request({"type": "http", "app": app, "client": (peer, 1), "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.2", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.2", ["192.0.2.66, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.2", ["192.0.2.66, 198.51.100.1", "10.0.0.3"], "198.51.100.1"),
        ("10.0.0.2", ["2001:db8::1"], "2001:db8::1"),
        ("10.0.0.2", [], ""),
    ],
    ids=["direct", "forged", "proxied", "forged-behind-proxy", "two-proxies", "ipv6", "proxy-that-does-not-say"],
)
def test_only_a_trusted_proxy_is_believed(settings: Settings, peer: str, forwarded: list[str], address: str) -> None:
    behind = settings.model_copy(update={"trusted_proxies": ("10.0.0.0/8",)})
    assert client_address(request(behind, peer, *forwarded)) == address


def test_without_a_setting_nothing_that_is_forwarded_counts(settings: Settings) -> None:
    assert client_address(request(settings, "127.0.0.1", "198.51.100.1")) == "127.0.0.1"
