"""The two pages that a user sees: what a client asks for, and why that cannot be answered. Pure."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import urlencode, urlsplit

from fastapi import Response

from athena.oauth.clients import origin_of

STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:28rem;margin:4rem auto;padding:0 1rem;color:#18181b;"
    "background:#fff}button,select{font:inherit;padding:.5rem 1rem;border-radius:.375rem;border:1px solid #71717a;"
    "background:#fff;color:inherit}button.allow{background:#18181b;color:#fff;border-color:#18181b}"
    "form p{display:flex;gap:.5rem;flex-wrap:wrap}@media(prefers-color-scheme:dark){body,button,select{"
    "background:#18181b;color:#f4f4f5}button.allow{background:#f4f4f5;color:#18181b}}"
)
_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


@dataclass(frozen=True, slots=True)
class Consent:
    """What the page asks the user."""

    client_name: str
    redirect_uri: str
    user: str
    workspaces: Sequence[tuple[str, str]]
    """Those to choose from: their uuids and names; the first one is chosen."""
    fields: Mapping[str, str]
    """What the client sent, to be sent again with the decision."""
    csrf: str


def consent(asked: Consent) -> Response:
    """Asks the user whether the client may."""
    # What a client says of itself could turn around, too, what is written behind it.
    name, host = _apart(asked.client_name), _apart(urlsplit(asked.redirect_uri).netloc)
    options = "".join(f'<option value="{escape(uuid)}">{escape(name)}</option>' for uuid, name in asked.workspaces)
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in {**asked.fields, "csrf": asked.csrf}.items()
    )
    body = f"""<h1>Let {name} in?</h1>
<p>You are signed in as {escape(asked.user)}. A program that calls itself <strong>{name}</strong>,
and takes you back to <strong>{host}</strong>, wants to act for you: to see and run agents, workflows, prompts
and tools, to answer approvals, and to read and change threads, messages, memories and files. Let it in only if you have
just asked it to.</p>
<form method="post" action="/oauth/authorize">{hidden}
<p><label>In the workspace <select name="workspace_uuid">{options}</select></label></p>
<p><button class="allow" name="decision" value="allow">Let it in</button>
<button name="decision" value="deny">Refuse</button></p></form>"""
    return _page("Let a program in", body, 200, f" {origin_of(asked.redirect_uri)}")


def sign_in_first(again: Mapping[str, str]) -> Response:
    """Tells who is not signed in where that is done, and how to come back."""
    address = f"/oauth/authorize?{urlencode(again)}"
    way = f"/sign-in?{urlencode({'then': address})}"
    body = f'<h1>Sign in first</h1><p><a href="{escape(way)}">Sign in</a>, and you come back here.</p>'
    return _page("Sign in first", body, 401)


def refused(reason: str) -> Response:
    """Tells why nothing can be asked; the user is sent nowhere, since nobody knows whose address it is."""
    return _page("Not possible", f"<h1>Not possible</h1><p>{escape(reason)}</p>", 400)


def sent_back(address: str, reason: str) -> Response:
    """Tells what a client has asked wrongly; whether to go back to it is the user's to decide."""
    host = _apart(urlsplit(address).netloc)
    body = (
        f"<h1>Not possible</h1><p>A program has asked for what is not possible here: {escape(reason)}</p>"
        f'<p><a href="{escape(address)}">Go back to {host}</a>, if that is where you come from.</p>'
    )
    return _page("Not possible", body, 400)


def _apart(text: str) -> str:
    return f"<bdi>{escape(text)}</bdi>"


def _page(title: str, body: str, status: int, targets: str = "") -> Response:
    html = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)} · Athena</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>{body}</body></html>'
    )
    headers = {
        "Content-Security-Policy": POLICY + targets,
        "Cache-Control": "no-store",
        # With the usual `no-referrer`, browsers would hide from us that the form is our own.
        "Referrer-Policy": "same-origin",
    }
    return Response(html, status, headers, "text/html; charset=utf-8")
