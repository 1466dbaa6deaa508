"""``/join``: the page that an invitation's link leads to, for whoever has no other way to accept it."""

from __future__ import annotations

from fastapi import APIRouter, Response

from athena.users.passwords import MINIMUM_LENGTH

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; form-action 'none'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Athena: join a workspace</title>
<link rel="icon" href="data:,">
<style>
body {{ font: 16px/1.5 system-ui; max-width: 26rem; margin: 3rem auto; padding: 0 1rem; color-scheme: light dark }}
label {{ display: block; margin-top: 1rem }}
input {{ display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .4rem }}
button {{ margin-top: 1.5rem; font: inherit; padding: .4rem 1rem }}
</style>
</head>
<body>
<h1>Join a workspace</h1>
<form id="form">
<p>You were invited into a workspace of Athena. Choose a name and a password for your new account. If you have an
account already, sign in with it and accept the invitation there: <code>POST /api/v1/invitations/accept</code>.</p>
<label>Name <input name="name" autocomplete="name" maxlength="255" required></label>
<label>Password
<input name="password" type="password" autocomplete="new-password" minlength="{MINIMUM_LENGTH}" required></label>
<button>Join</button>
</form>
<p id="answer" role="status"></p>
<script src="/join.js"></script>
</body>
</html>
"""
SCRIPT = """const form = document.getElementById("form"), answer = document.getElementById("answer");
if (location.hash.length < 2) {
  form.remove();
  answer.textContent = "This link is incomplete: copy all of it, or ask for another one.";
}
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(form));
  const response = await fetch("/api/v1/invitations/accept", {
    method: "POST", headers: {"Content-Type": "application/json"}, credentials: "omit",
    body: JSON.stringify({token: location.hash.slice(1), ...given}),
  });
  const body = await response.json();
  answer.textContent = response.ok
    ? `Welcome to ${body.data.workspace.name}. You can sign in now, with the address that was invited.` : body.detail;
  if (response.ok) form.remove();
});
"""

router = APIRouter(include_in_schema=False)


@router.get("/join")
async def join() -> Response:
    """The page."""
    return Response(PAGE, media_type="text/html", headers={"Content-Security-Policy": POLICY})


@router.get("/join.js")
async def script() -> Response:
    """What it does; a file of its own, so that no script in the page's text ever runs."""
    return Response(SCRIPT, media_type="text/javascript")
