"""Tools of the type openapi, called on a server of somebody else's."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from athena.permissions import Permission
from athena.tools.kinds.openapi import OpenapiConfig, OpenapiTool
from tests.conftest import Tenant
from tests.node_types.server import Server, answer, hang_up
from tests.tools.foreign.conftest import Bench, account

BEARER = {"type": "bearer"}
KEY = "sk-very-secret-0123456789"


@pytest.fixture
def kind() -> OpenapiTool:
    return OpenapiTool()


def document(server: str | None) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Pets", "version": "1"},
        **({"servers": [{"url": server}]} if server else {}),
        "paths": {
            "/pets": {
                "get": {
                    "operationId": "listPets",
                    "parameters": [{"name": "tag", "in": "query", "schema": {"type": "array"}}],
                },
                "post": {
                    "operationId": "addPet",
                    "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
                },
            }
        },
    }


async def test_a_call_is_the_operations_request_and_gives_its_answer(
    bench: Bench, kind: OpenapiTool, server: Server
) -> None:
    config = {"document": document(f"{server.url}/v1"), "operations": ["listPets", "addPet"]}
    assert [each.name for each in await bench.functions(kind, **config)] == ["listPets", "addPet"]
    server.answers.append(answer([{"name": "Rex"}]))
    result = await bench.call(kind, config, "listPets", tag=["a&b", "c+d"])
    assert (result.data, result.content) == ([{"name": "Rex"}], '[{"name":"Rex"}]')
    assert result.details["status"] == 200
    assert (server.asked[0].method, server.asked[0].path) == ("GET", "/v1/pets?tag=a%26b&tag=c%2Bd")
    await bench.call(kind, config, "addPet", body={"name": "Rex"})
    assert (server.asked[1].method, server.asked[1].json) == ("POST", {"name": "Rex"})
    assert server.asked[1].headers["idempotency-key"] == "key-1"


async def test_text_is_passed_on_and_other_bytes_are_told_of(bench: Bench, kind: OpenapiTool, server: Server) -> None:
    config = {"document": document(server.url)}
    server.answers += [
        answer(b"a,b", content_type="text/csv"),
        answer(b"%PDF", content_type="application/pdf"),
        answer(b"", status=204),
    ]
    assert (await bench.call(kind, config, "listPets")).content == "a,b"
    assert (await bench.call(kind, config, "listPets")).content == "[4 bytes of application/pdf, which are not shown]"
    assert (await bench.call(kind, config, "listPets")).content == "Done, with the status 204 and no content."


async def test_a_document_can_be_fetched(bench: Bench, kind: OpenapiTool, server: Server) -> None:
    server.answers.append(answer(document("/v2")))
    config = {"url": f"{server.url}/openapi.json", "operations": ["listPets"]}
    await bench.functions(kind, **config)
    await bench.call(kind, config, "listPets")
    assert [each.path for each in server.asked] == ["/openapi.json", "/v2/pets"]
    server.answers.append(answer({}, status=404))
    assert "the status is 404" in (await bench.undiscovered(kind, **config)).message


async def test_credentials_go_along_to_their_server_alone_and_are_not_shown(
    bench: Bench, owner: Tenant, kind: OpenapiTool, server: Server
) -> None:
    bench.account_uuid = await account(owner, BEARER, server.url, api_key=KEY)
    config = {"document": document(None)}
    server.answers.append(answer({"you sent": KEY}))
    result = await bench.call(kind, config, "listPets")
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert result.data == {"you sent": "[account]"}
    server.answers.append(answer({"bad key": KEY}, status=403))
    failure = await bench.failure(kind, config, "listPets")
    assert failure.code == "http_status"
    assert "403" in failure.message
    assert "[account]" in failure.message
    assert KEY not in failure.message
    elsewhere = {**config, "base_url": "http://localhost:9"}
    assert (await bench.undiscovered(kind, **elsewhere)).code == "wrong_server"
    assert (await bench.failure(kind, elsewhere, "listPets")).code == "wrong_server"


async def test_who_serves_a_document_cannot_have_credentials_sent_elsewhere(
    bench: Bench, owner: Tenant, kind: OpenapiTool, server: Server
) -> None:
    bench.account_uuid = await account(owner, BEARER, None, api_key=KEY)
    config = {"url": f"{server.url}/openapi.json"}
    server.answers.append(answer(document("http://localhost:9/steal")))
    failure = await bench.undiscovered(kind, **config)
    assert failure.code == "wrong_server"
    assert "give base_url" in failure.message
    assert "authorization" not in server.asked[0].headers


async def test_an_account_in_a_query(bench: Bench, owner: Tenant, kind: OpenapiTool, server: Server) -> None:
    bench.account_uuid = await account(
        owner, {"type": "api_key", "in": "query", "name": "key"}, server.url, api_key="a&b=c d e"
    )
    await bench.call(kind, {"document": document(None)}, "listPets", tag=["x"])
    assert server.asked[0].path == "/pets?tag=x&key=a%26b%3Dc%20d%20e"


async def test_who_may_not_use_accounts_uses_none_through_a_tool(
    bench: Bench, owner: Tenant, kind: OpenapiTool, server: Server
) -> None:
    bench.account_uuid = await account(owner, BEARER, server.url, api_key=KEY)
    config = {"document": document(None)}
    narrowed = Bench(bench.database, owner, bench.account_uuid, bench.permissions - {Permission.ACCOUNTS_VIEW})
    failure = await narrowed.failure(kind, config, "listPets")
    assert failure.code == "permission_denied"
    assert server.asked == []


async def test_an_account_of_another_workspace_is_not_there(
    bench: Bench, stranger: Tenant, kind: OpenapiTool, server: Server
) -> None:
    bench.account_uuid = await account(stranger, BEARER, server.url, api_key=KEY)
    failure = await bench.failure(kind, {"document": document(None)}, "listPets")
    assert failure.code == "not_found"
    assert server.asked == []


async def test_private_addresses_are_refused(bench: Bench, kind: OpenapiTool, server: Server) -> None:
    config = {"document": document("http://10.0.0.1/v1")}
    assert (await bench.failure(kind, config, "listPets")).code == "address_refused"
    assert (await bench.undiscovered(kind, url="http://10.0.0.1/openapi.json")).code == "address_refused"
    server.answers.append(answer({}, status=302, location="http://169.254.169.254/latest"))
    failure = await bench.failure(kind, {"document": document(server.url)}, "listPets")
    assert failure.code == "address_refused"


async def test_what_a_failure_says_of_its_effect(bench: Bench, kind: OpenapiTool, server: Server) -> None:
    config = {"document": document(server.url)}
    server.answers += [answer({}, status=504), answer({}, status=504), answer({}, status=400), hang_up]
    assert (await bench.failure(kind, config, "addPet")).unknown
    assert not (await bench.failure(kind, config, "listPets")).unknown
    assert not (await bench.failure(kind, config, "addPet")).unknown
    broken = await bench.failure(kind, config, "addPet")
    assert (broken.code, broken.unknown) == ("connection_failed", True)


async def test_answers_are_limited(bench: Bench, kind: OpenapiTool, server: Server) -> None:
    config = {"document": document(server.url)}
    server.answers += [answer(b" " * (3 * 1024 * 1024)), answer(b"{no", content_type="application/json")]
    assert (await bench.failure(kind, config, "listPets")).code == "response_too_large"
    assert (await bench.failure(kind, config, "listPets")).code == "malformed_response"


async def test_a_server_has_to_be_known(bench: Bench, kind: OpenapiTool) -> None:
    assert (await bench.undiscovered(kind, document=document(None))).code == "address_missing"


async def test_an_operation_that_was_taken_out_is_not_called(bench: Bench, kind: OpenapiTool, server: Server) -> None:
    config = {"document": document(server.url), "operations": ["listPets"]}
    assert (await bench.failure(kind, config, "addPet")).code == "unknown_function"
    assert server.asked == []


@pytest.mark.parametrize("given", [{}, {"document": "{}", "url": "https://a.example/o.json"}, {"url": "ftp://a"}])
def test_one_document_has_to_be_given(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OpenapiConfig.model_validate(given)
