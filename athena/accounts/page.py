"""``/oauth/callback``: where a browser comes back to from the page on which its user granted access.

What it brings is not taken at once. Somebody may have begun to connect an account of theirs, and sent the address to
somebody else, whose access they would get: so it is shown first who began, and asked.
"""

from __future__ import annotations

from html import escape
from typing import Annotated, Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Query, Request, Response

from athena.accounts.connecting import PAGE, Callback
from athena.kit.access import public
from athena.kit.db import Session
from athena.kit.errors import AthenaError

POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'"
)
MOST: Final = 16_000
_SHELL: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Athena: connect an account</title>
<link rel="icon" href="data:,">
<style>
body {{ font: 16px/1.5 system-ui; max-width: 30rem; margin: 3rem auto; padding: 0 1rem; color-scheme: light dark }}
button {{ margin-top: 1rem; font: inherit; padding: .4rem 1rem }}
</style>
</head>
<body>
<h1>Connect an account</h1>
{content}
</body>
</html>
"""
_QUESTION: Final = """<p><strong>{email}</strong> wants to connect the account <strong>{account}</strong> of the
workspace <strong>{workspace}</strong>, so that those who may use it there can use the access that you have just
granted at <strong>{host}</strong>.</p>
<p>Go on only if you are {email}, or mean to do this for them.</p>
<form method="post" action="{page}">{fields}<button>Connect</button></form>"""

router = APIRouter(include_in_schema=False)

Anybody = Annotated[Session, public()]
Text = Annotated[str, Query(max_length=MOST)]


def _page(content: str, status: int = 200) -> Response:
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return Response(_SHELL.format(content=content), status, headers, "text/html")


def _told(text: str, status: int = 200) -> Response:
    return _page(f'<p role="status">{escape(text)}</p>', status)


@router.get(PAGE)
async def callback(session: Anybody, state: Text = "", code: Text = "", iss: Text = "") -> Response:
    """Asks whether the account is to be connected."""
    try:
        waiting = await Callback(session, state).waiting()
    except AthenaError as error:
        return _told(error.detail, error.status)
    if not code:
        return _told("The access was not granted, and the account is not connected.")
    hidden = {"state": state, "code": code, **({"iss": iss} if iss else {})}
    fields = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in hidden.items())
    shown = {name: escape(getattr(waiting, name)) for name in ("account", "workspace", "email", "host")}
    return _page(_QUESTION.format(**shown, fields=fields, page=PAGE))


@router.post(PAGE)
async def connect(request: Request, session: Anybody) -> Response:
    """Connects the account."""
    given = parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=10)
    state, code, issuer = (given.get(name, [""])[0] for name in ("state", "code", "iss"))
    try:
        await Callback(session, state).complete(code, issuer or None)
    except AthenaError as error:
        return _told(error.detail, error.status)
    return _told("The account is connected. You can close this page.")
