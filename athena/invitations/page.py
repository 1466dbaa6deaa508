"""``/join``: the page that an invitation's link leads to, for whoever has no other way to accept it."""

from __future__ import annotations

from fastapi import APIRouter, Response

from athena.users.passwords import MINIMUM_LENGTH

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; "
    "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
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
label[hidden] {{ display: none }}
fieldset {{ border: 0; padding: 0; margin: 0 }}
fieldset label {{ margin-top: .25rem }}
input:not([type=radio]) {{ display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .4rem }}
button {{ margin-top: 1.5rem; font: inherit; padding: .4rem 1rem }}
</style>
</head>
<body>
<h1>Join a workspace</h1>
<form id="form">
<p>You were invited into a workspace of Athena.</p>
<fieldset>
<label><input type="radio" name="account" value="new" checked> Make an account for the address that was invited</label>
<label><input type="radio" name="account" value="present"> Join with the account that I have</label>
</fieldset>
<label>Name <input name="name" autocomplete="name" maxlength="255" required></label>
<label hidden>E-mail <input name="email" type="email" autocomplete="username" maxlength="254" required disabled></label>
<label>Password
<input name="password" type="password" autocomplete="new-password" minlength="{MINIMUM_LENGTH}" required></label>
<button>Join</button>
</form>
<p id="answer" role="status"></p>
<script src="/join.js"></script>
</body>
</html>
"""
SCRIPT = f"""const form = document.getElementById("form"), answer = document.getElementById("answer");
if (location.hash.length < 2) {{
  form.remove();
  answer.textContent = "This link is incomplete: copy all of it, or ask for another one.";
}}

const show = (field, shown) => {{ field.disabled = !shown; field.parentElement.hidden = !shown; }};
const choose = () => {{
  const present = form.account.value === "present", password = form.password;
  show(form.elements.name, !present);
  show(form.email, present);
  password.autocomplete = present ? "current-password" : "new-password";
  password.minLength = present ? 0 : {MINIMUM_LENGTH};
}};
form.addEventListener("change", choose);
choose();

const post = async (path, body, token) => {{
  const headers = {{"Content-Type": "application/json", ...(token && {{Authorization: `Bearer ${{token}}`}})}};
  const options = {{method: "POST", headers, credentials: "omit", body: body && JSON.stringify(body)}};
  const response = await fetch(`/api/v1/${{path}}`, options);
  if (response.status === 204) return null;
  const content = await response.json();
  if (!response.ok) throw content;
  return content.data;
}};

const join = async () => {{
  const token = location.hash.slice(1), password = form.password.value;
  if (form.account.value === "new")
    return post("invitations/accept", {{token, password, name: form.elements.name.value}});
  const signedIn = await post("auth/sign-in", {{email: form.email.value, password, device_name: "Invitation"}});
  try {{
    return await post("invitations/accept", {{token}}, signedIn.token);
  }} finally {{
    await post("auth/logout", undefined, signedIn.token);
  }}
}};

form.addEventListener("submit", async (event) => {{
  event.preventDefault();
  try {{
    const joined = await join();
    answer.textContent = `Welcome to ${{joined.workspace.name}}. You can sign in now.`;
    form.remove();
  }} catch (problem) {{
    if (problem.code === "sign_in_needed") {{
      form.account.value = "present";
      choose();
    }}
    answer.textContent = problem.detail ?? "Athena cannot be reached; try again.";
  }}
}});
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
