"""n8n's nodes that send requests. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from athena.importers import foreign, texts
from athena.importers.credentials import guarded, guarded_fields, sendable
from athena.importers.n8n.shapes import Shape, renamed
from athena.importers.n8n.site import Site
from athena.importers.texts import Untranslatable

FULL: Final = renamed(body="body", headers="headers", statusCode="status")
SPLIT: Final = "An answer that is a list is one value here; in n8n each element became an item. Split it where needed."
WRITTEN: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
SLACK: Final = "https://slack.com/api/chat.postMessage"
TELEGRAM: Final = "https://api.telegram.org/bot{{{{ {} }}}}/sendMessage"


def http_request(site: Site) -> None:
    """A request."""
    method = (site.word("method") or site.word("requestMethod") or "GET").upper()
    url = site.text(site.option("url"))
    if not url.lower().startswith(("http://", "https://", "{{")):
        url = f"https://{url}"
    data: dict[str, Any] = {"method": method, "url": _secure_url(site, url)}
    query = _pairs(site, "sendQuery", ("queryParameters", "parameters"), "specifyQuery", "jsonQuery")
    headers = _pairs(site, "sendHeaders", ("headerParameters", "parameters"), "specifyHeaders", "jsonHeaders")
    _authenticate(site, data, headers, query)
    data |= {name: value for name, value in (("query", query), ("headers", headers)) if value}
    if method in WRITTEN and (body := _body(site)) is not None:
        data["body"] = body
    shape = _answer(site, data)
    more: dict[str, Any] = {}
    if (timeout := foreign.number(site.parameters, "options", "timeout")) is not None and 1 <= timeout <= 86_400_000:  # noqa: PLR2004 - milliseconds
        more["timeout"] = timeout / 1_000
    for name in ("pagination", "batching", "proxy"):
        if foreign.at(site.parameters, "options", name):
            site.entry.remark(f"Its {name} is not taken over.")
    site.done(site.add("http_request", data, **more), shape)
    site.entry.finished("http_request", SPLIT)


def _secure_url(site: Site, url: str) -> str:
    """The address with secrets in place of what looks like a key in its query."""
    address, mark, query = url.partition("?")
    if not mark:
        return url
    pairs: list[str] = []
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        parts = guarded(site.building.collected, site.entry, site.node.name, name, [value])
        pairs.append(pair if parts == [value] else f"{name}{equals}{texts.written(parts)}")
    return f"{address}?{'&'.join(pairs)}"


def _pairs(site: Site, switch: str, path: tuple[str, str], how: str, as_json: str) -> dict[str, Any]:
    if site.word(how) == "json":
        given = site.json(site.parameters.get(as_json))
        if not isinstance(given, dict):
            raise Untranslatable(f"{as_json} is put together by an expression")
        given = guarded_fields(site.building.collected, site.entry, site.node.name, cast("dict[str, Any]", given))
        return {
            name: value if isinstance(value, str) else texts.quoted_json(value)
            for name, value in given.items()
            if path[0] != "headerParameters" or sendable(site.entry, name)
        }
    if site.node.version >= 3 and not foreign.flag(site.parameters, switch):  # noqa: PLR2004 - since it can be switched off
        return {}
    old = {"queryParameters": "queryParametersUi", "headerParameters": "headerParametersUi"}
    rows = foreign.mappings(site.parameters, *path) or foreign.mappings(
        site.parameters, old.get(path[0], ""), "parameter"
    )
    found: dict[str, Any] = {}
    for row in rows:
        name = foreign.text(row, "name")
        if name and (path[0] != "headerParameters" or sendable(site.entry, name)):
            parts = guarded(site.building.collected, site.entry, site.node.name, name, site.parts(row.get("value")))
            found[name] = texts.written(parts)
    return found


def _authenticate(site: Site, data: dict[str, Any], headers: dict[str, Any], query: dict[str, Any]) -> None:
    kind = site.word("authentication", default="none")
    if kind == "none":
        return
    generic = site.word("genericAuthType") if kind == "genericCredentialType" else kind
    named = site.word("nodeCredentialType")
    name = f"{site.node.name} credential"
    collected = site.building.collected
    match generic:
        case "httpBearerAuth":
            headers["Authorization"] = f"Bearer {{{{ {collected.secret(name, 'A bearer token.')} }}}}"
        case "httpBasicAuth" | "basicAuth":
            secret = collected.secret(name, "User name and password as user:password, in base64.")
            headers["Authorization"] = f"Basic {{{{ {secret} }}}}"
        case "httpHeaderAuth" | "headerAuth":
            headers["Authorization"] = f"{{{{ {collected.secret(name, 'The value of the header.')} }}}}"
            site.entry.remark("The header's name was part of the credential; Authorization stands for it.")
        case "httpQueryAuth" | "queryAuth":
            query["api_key"] = f"{{{{ {collected.secret(name, 'The value of the parameter.')} }}}}"
            site.entry.remark("The parameter's name was part of the credential; api_key stands for it.")
        case _:
            provider = named or generic or "http"
            data["account_uuid"] = collected.account(provider, f"Credentials of {provider}, for {site.node.name}.")
    site.entry.remark("Its credential is not taken over: enter it anew.")


def _body(site: Site) -> dict[str, Any] | None:  # noqa: PLR0911 - one for each kind
    if site.node.version >= 3 and not foreign.flag(site.parameters, "sendBody"):  # noqa: PLR2004
        return None
    kind = site.word("contentType") or site.word("bodyContentType") or "json"
    rows = foreign.mappings(site.parameters, "bodyParameters", "parameters")
    rows = rows or foreign.mappings(site.parameters, "bodyParametersUi", "parameter")
    pairs = {foreign.text(row, "name"): site.text(row.get("value")) for row in rows if foreign.text(row, "name")}
    pairs = guarded_fields(site.building.collected, site.entry, site.node.name, pairs)
    match kind:
        case "json" if site.word("specifyBody") == "json" or not rows:
            text = site.parameters.get("jsonBody") or site.parameters.get("bodyParametersJson")
            given = site.json(text)
            if isinstance(given, str) and not given.startswith("{{"):
                return {"type": "text", "text": given, "content_type": "application/json"}
            return {
                "type": "json",
                "value": guarded_fields(site.building.collected, site.entry, site.node.name, given),
            }
        case "json":
            return {"type": "json", "value": pairs}
        case "form-urlencoded":
            return {"type": "form", "fields": pairs}
        case "multipart-form-data":
            if any(foreign.text(row, "parameterType") == "formBinaryData" for row in rows):
                site.entry.remark("Files are sent by their uuid here; those parts are texts.")
            return {"type": "multipart", "parts": [{"name": name, "value": value} for name, value in pairs.items()]}
        case "raw":
            content = site.word("rawContentType", default="text/plain")
            return {"type": "text", "text": site.text(site.parameters.get("body")), "content_type": content}
        case _:
            raise Untranslatable(f"a body of the kind {kind} has no counterpart")


def _answer(site: Site, data: dict[str, Any]) -> Shape:
    options = foreign.mapping(site.parameters, "options", "response", "response")
    full = foreign.flag(options, "fullResponse") or foreign.flag(site.parameters, "options", "fullResponse")
    if foreign.flag(options, "neverError"):
        data["fail_on_status"] = []
    match foreign.text(options, "responseFormat") or site.word("responseFormat"):
        case "file":
            data["response_format"] = "file"
            site.entry.remark("The file is kept in the workspace, and known by its uuid.")
        case "text":
            data["response_format"] = "text"
            name = foreign.text(options, "outputPropertyName") or "data"
            return Shape(names=FULL if full else {name: ".body"})
        case _:
            pass
    return Shape(names=FULL) if full else Shape(".body")


def slack(site: Site) -> None:
    """A message in Slack."""
    if site.word("resource", default="message") != "message" or site.word("operation", default="post") not in {
        "post",
        "send",
    }:
        raise Untranslatable("of Slack, posting a message alone is known here; use an HTTP request to its API")
    channel = site.option("channelId") or site.option("channel") or site.option("user") or ""
    value = {"channel": site.text(channel), "text": site.text(site.option("text"))}
    data = {
        "method": "POST",
        "url": SLACK,
        "headers": {
            "Authorization": f"Bearer {{{{ {site.building.collected.secret('SLACK_TOKEN', 'A token of Slack.')} }}}}"
        },
        "body": {"type": "json", "value": value},
    }
    _as_request(site, data, "Slack")


def telegram(site: Site) -> None:
    """A message in Telegram."""
    if (
        site.word("resource", default="message") != "message"
        or site.word("operation", default="sendMessage") != "sendMessage"
    ):
        raise Untranslatable("of Telegram, sending a message alone is known here; use an HTTP request to its API")
    token = site.building.collected.secret("TELEGRAM_TOKEN", "The token of the bot.")
    value = {"chat_id": site.text(site.option("chatId")), "text": site.text(site.option("text"))}
    data = {"method": "POST", "url": TELEGRAM.format(token), "body": {"type": "json", "value": value}}
    _as_request(site, data, "Telegram")


def _as_request(site: Site, data: Mapping[str, Any], service: str) -> None:
    site.done(site.add("http_request", data), Shape(".body"))
    text = (
        f"A request to {service}'s API with a token that you enter anew; blocks, attachments and options are left out."
    )
    site.entry.approximated("http_request", text)
