"""Signatures of webhooks: whose secret made them, over which bytes, and when."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from standardwebhooks import Webhook as StandardSigner

from athena.triggers.webhook_authentication import (
    WebhookAuthentication,
    WebhookRejected,
    delivery_id,
    secret_names,
    verify,
)

ADAPTER: TypeAdapter[WebhookAuthentication] = TypeAdapter(WebhookAuthentication)
NOW = datetime(2026, 11, 24, 12, 0, 30, 250_000, tzinfo=UTC)
SENT = str(int(NOW.timestamp()))
KEY = "a secret of the sender's"
BODY = b'{"id": "evt_1", "event_id": "Ev1", "bytes": "\xff"}'


def config(preset: str, **fields: Any) -> WebhookAuthentication:
    return ADAPTER.validate_python({"type": "hmac", "preset": preset, "secret": {"secret": "HOOK"}, **fields})


def check(it: WebhookAuthentication, headers: dict[str, str], body: bytes = BODY, secret: str = KEY) -> None:
    verify(it, {"HOOK": secret}, headers=headers, body=body, now=NOW)


def refusal(it: WebhookAuthentication, headers: dict[str, str], body: bytes = BODY, secret: str = KEY) -> str:
    with pytest.raises(WebhookRejected) as refused:
        check(it, headers, body, secret)
    assert KEY not in str(refused.value)
    return refused.value.code


def digest(signed: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(KEY.encode(), signed, algorithm).digest()


def at(seconds: int) -> str:
    return str(int(NOW.timestamp()) + seconds)


STANDARD_KEY = "whsec_" + base64.b64encode(KEY.encode()).decode()
TIMED = config("custom", header="X-Sign", timestamp_header="X-Time", tolerance_seconds=60)


def github(body: bytes = BODY) -> dict[str, str]:
    return {"x-hub-signature-256": "sha256=" + digest(body).hex(), "x-github-delivery": "72d3162e"}


def stripe(body: bytes = BODY, sent: str = SENT) -> dict[str, str]:
    return {"stripe-signature": f"t={sent},v0=0,v1={digest(sent.encode() + b'.' + body).hex()}"}


def slack(body: bytes = BODY, sent: str = SENT) -> dict[str, str]:
    signature = "v0=" + digest(b"v0:" + sent.encode() + b":" + body).hex()
    return {"x-slack-signature": signature, "x-slack-request-timestamp": sent}


def standard(body: bytes = BODY, sent: str = SENT) -> dict[str, str]:
    signature = base64.b64encode(digest(b"msg_1." + sent.encode() + b"." + body)).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": sent, "webhook-signature": f"v1a,xyz v1,{signature}"}


def timed(body: bytes = BODY, sent: str = SENT) -> dict[str, str]:
    return {"x-sign": digest(sent.encode() + b"." + body).hex(), "x-time": sent}


SENDERS = [
    pytest.param(config("github"), github, KEY, id="github"),
    pytest.param(config("stripe"), stripe, KEY, id="stripe"),
    pytest.param(config("slack"), slack, KEY, id="slack"),
    pytest.param(config("standard_webhooks"), standard, STANDARD_KEY, id="standard webhooks"),
    pytest.param(TIMED, timed, KEY, id="custom"),
]


@pytest.mark.parametrize(("it", "sender", "key"), SENDERS)
def test_the_secrets_own_signature_lets_in_and_no_other(it: WebhookAuthentication, sender: Any, key: str) -> None:
    check(it, sender(), secret=key)
    assert refusal(it, sender(), BODY + b" ", secret=key) == "wrong_signature"
    other = "whsec_" + base64.b64encode(b"another").decode()
    assert refusal(it, sender(), secret=other) == "wrong_signature"
    for name in sender():
        if name != "x-github-delivery":
            without = {other: value for other, value in sender().items() if other != name}
            assert refusal(it, without, secret=key) == "missing_credentials"


@pytest.mark.parametrize(("it", "sender", "key"), SENDERS)
def test_without_its_secret_a_webhook_lets_nobody_in(it: WebhookAuthentication, sender: Any, key: str) -> None:
    assert secret_names(it) == {"HOOK"}
    assert refusal(it, sender(), secret="") == "secret_unavailable"
    with pytest.raises(WebhookRejected) as refused:
        verify(it, {}, headers=sender(), body=BODY, now=NOW)
    assert refused.value.code == "secret_unavailable"


@pytest.mark.parametrize(("it", "sender", "key"), SENDERS[1:])
def test_a_copy_of_a_request_is_worth_nothing_later(it: WebhookAuthentication, sender: Any, key: str) -> None:
    tolerance = 60 if it is TIMED else 300
    for seconds in (-tolerance + 1, tolerance):
        check(it, sender(sent=at(seconds)), secret=key)
    for seconds in (-tolerance - 1, tolerance + 1):
        assert refusal(it, sender(sent=at(seconds)), secret=key) == "timestamp_out_of_range"
    for wrong in ("soon", "1e9", "-5", "9" * 400, SENT + ".0"):
        assert refusal(it, sender(sent=wrong), secret=key) == "timestamp_out_of_range"


@pytest.mark.parametrize(("it", "sender", "key"), SENDERS)
@given(text=st.text(max_size=60))
def test_no_header_makes_the_check_fail_otherwise(it: WebhookAuthentication, sender: Any, key: str, text: str) -> None:
    for name in sender():
        if name != "x-github-delivery":
            assert refusal(it, {**sender(), name: text}, secret=key)


def test_the_published_example_of_github() -> None:
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {"x-hub-signature-256": signature}
    check(config("github"), headers, b"Hello, World!", "It's a Secret to Everybody")


def test_the_published_example_of_slack() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    secrets = {"HOOK": "8f742231b10e8888abcd99yyyzzz85a5"}
    now = datetime.fromtimestamp(1531420618, UTC) + timedelta(seconds=20)
    verify(config("slack"), secrets, headers=headers, body=body, now=now)


def test_the_library_of_standard_webhooks_signs_what_is_taken() -> None:
    text = '{"event": "größer"}'
    for key in (STANDARD_KEY, STANDARD_KEY.removeprefix("whsec_").rstrip("=")):
        signature = StandardSigner(key).sign("msg_1", NOW, text)
        headers = {"webhook-id": "msg_1", "webhook-timestamp": SENT, "webhook-signature": signature}
        check(config("standard_webhooks"), headers, text.encode(), key)
    for no_key in ("whsec_", "whsec_A"):
        assert refusal(config("standard_webhooks"), standard(), secret=no_key) == "secret_unavailable"


def test_one_right_signature_of_several_is_enough() -> None:
    right = stripe()["stripe-signature"]
    check(config("stripe"), {"stripe-signature": right.replace("v1=", "v1=00,v1=")})
    assert refusal(config("stripe"), {"stripe-signature": f"{right},t={SENT}"}) == "wrong_signature"
    assert refusal(config("stripe"), {"stripe-signature": right.replace("v1=", "v2=")}) == "wrong_signature"
    twice = standard()
    twice["webhook-signature"] = "v1,AAAA " + twice["webhook-signature"].split(" ")[1]
    check(config("standard_webhooks"), twice, secret=STANDARD_KEY)


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "sha512"])
def test_a_senders_own_way(algorithm: str) -> None:
    made = digest(BODY, algorithm)
    as_hex = config("custom", header="X-Sign", algorithm=algorithm, prefix="sig:")
    check(as_hex, {"x-sign": "sig:" + made.hex()})
    check(as_hex, {"x-sign": "sig:" + made.hex().upper()})
    assert refusal(as_hex, {"x-sign": made.hex()}) == "wrong_signature"
    as_base64 = config("custom", header="X-Sign", algorithm=algorithm, encoding="base64")
    for text in (base64.b64encode(made), base64.urlsafe_b64encode(made).rstrip(b"=")):
        check(as_base64, {"x-sign": text.decode()})
    assert refusal(as_base64, {"x-sign": made.hex()}) == "wrong_signature"


def test_a_senders_own_text_around_the_body() -> None:
    it = config("custom", header="X-Sign", timestamp_header="X-Time", signed_payload="v1|{timestamp}|{body}|end")
    signed = b"v1|" + SENT.encode() + b"|" + BODY + b"|end"
    check(it, {"x-sign": digest(signed).hex(), "x-time": SENT})
    assert refusal(it, timed()) == "wrong_signature"


@pytest.mark.parametrize(("it", "sender", "key"), SENDERS)
def test_a_configuration_is_the_same_after_it_was_stored(it: WebhookAuthentication, sender: Any, key: str) -> None:
    assert ADAPTER.validate_python(it.model_dump(mode="json")) == it


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("signed_payload", {"signed_payload": "{timestamp}.{body}"}),
        ("signed_payload", {"signed_payload": "{body}", "timestamp_header": "X-Time"}),
        ("signed_payload", {"signed_payload": "v1"}),
        ("signed_payload", {"signed_payload": "{body}{body}"}),
        ("signed_payload", {"signed_payload": "{id}.{body}"}),
        ("header", {"header": "X Sign"}),
        ("algorithm", {"algorithm": "md5"}),
        ("tolerance_seconds", {"tolerance_seconds": 0}),
        ("secret", {"secret": "the secret itself"}),
        ("secret.secret", {"secret": {"secret": "the secret itself"}}),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_by_its_field(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        config("custom", **{"header": "X-Sign", **fields})
    assert [".".join(map(str, each["loc"])) for each in refused.value.errors()] == [f"hmac.custom.{field}"]
    assert not any("the secret itself" in each["msg"] for each in refused.value.errors())


@pytest.mark.parametrize(
    ("it", "headers", "expected"),
    [
        (config("github"), github(), "72d3162e"),
        (config("stripe"), {}, "evt_1"),
        (config("slack"), {}, "Ev1"),
        (config("standard_webhooks"), standard(), "msg_1"),
        (config("custom", header="X-Sign", delivery_id_header="X-Delivery"), {"x-delivery": " 7 "}, "7"),
        (config("custom", header="X-Sign"), {"idempotency-key": "abc"}, "abc"),
        (config("github"), {"idempotency-key": "abc"}, "abc"),
        (config("custom", header="X-Sign"), {}, None),
        (
            ADAPTER.validate_python({"type": "none"}),
            {"idempotency-key": "k" * 256},
            "sha256:" + hashlib.sha256(b"k" * 256).hexdigest(),
        ),
    ],
)
def test_by_what_a_repeated_delivery_is_told(
    it: WebhookAuthentication, headers: dict[str, str], expected: str | None
) -> None:
    assert delivery_id(it, headers=headers, body={"id": "evt_1", "event_id": "Ev1"}) == expected


@pytest.mark.parametrize("body", [None, [], "id", {"id": 7}, {"id": ""}, {}])
def test_a_body_without_an_id_has_none(body: object) -> None:
    assert delivery_id(config("stripe"), headers={}, body=body) is None
