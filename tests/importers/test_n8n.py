"""Workflows of n8n."""

from __future__ import annotations

from pathlib import Path

import pytest

from athena.bundles.format import write
from athena.importers.conversion import convert
from athena.workflow_generation.layout import COLUMN
from tests.importers.conftest import SAMPLES, edges, nodes, only, outcomes, sample, sound, why
from tests.importers.n8n_workflows import START, Node, fields, imported, node

KEY = "sk-live-canary-0123456789abcdef"


def test_a_webhook_that_fetches_decides_and_answers(tmp_path: Path) -> None:
    found = sound(convert((SAMPLES / "n8n_orders.json").read_bytes()), tmp_path)
    given = nodes(found)
    assert {node_id: node["type"] for node_id, node in given.items()} == {
        "order_arrives": "webhook_trigger",
        "fetch_customer": "http_request",
        "is_it_large": "if",
        "ask": "set",
        "accept": "set",
        "respond": "respond_to_webhook",
        "read_me": "note",
    }
    assert ("is_it_large", "ask", "true") in edges(found)
    assert given["fetch_customer"]["data"]["url"] == "https://shop.example.com/customers/{{ input.body.customer }}"
    condition = '{{ (nodes.order_arrives.output.body.total > 100) && (default(input.body.country, null) == "DE") }}'
    assert given["is_it_large"]["data"] == {"condition": condition}
    assert given["ask"]["data"]["fields"]["answer"] == "Dear {{ input.body.name.upper() }}, somebody looks at it."
    assert given["respond"]["data"]["body"] == {
        "said": "{{ input.answer }}",
        "of": "{{ nodes.order_arrives.output.body }}",
    }
    assert set(outcomes(found).values()) == {"mapped", "approximated"}


def test_keys_are_not_taken_over() -> None:
    found = sample("n8n_orders.json")
    assert KEY not in "".join(write(found.bundle).values()) + str(found.report.as_json())
    (secret,) = found.bundle.manifest.variables
    assert (secret.name, secret.kind) == ("FETCH_CUSTOMER_X_API_KEY", "secret")
    assert nodes(found)["fetch_customer"]["data"]["headers"] == {"X-Api-Key": "{{ secrets.FETCH_CUSTOMER_X_API_KEY }}"}


def test_keys_that_were_written_into_nodes_are_taken_out() -> None:
    headers = '={"X-Api-Key": "canary-one", "X-Team": "blue"}'
    body = '={"auth": {"password": "canary-two"}, "q": "{{ $json.q }}"}'
    parameters = {"url": "https://a.example/?api_key=canary-three&page=2", "method": "POST", "sendHeaders": True}
    more = {"specifyHeaders": "json", "jsonHeaders": headers, "sendBody": True, "specifyBody": "json", "jsonBody": body}
    program = f"const key = '{KEY}'; return items;"
    said = node("Say", "set", fields(text=f"={{{{ $json.x.unknown('{KEY}') }}}}"))
    found = imported(
        START, node("Get", "httpRequest", {**parameters, **more}, 4.2), said, node("C", "code", {"jsCode": program})
    )
    everything = "".join(write(found.bundle).values()) + str(found.report.as_json())
    assert "canary" not in everything
    assert nodes(found)["get"]["data"] == {
        "method": "POST",
        "url": "https://a.example/?api_key={{ secrets.GET_API_KEY }}&page=2",
        "headers": {"X-Api-Key": "{{ secrets.GET_X_API_KEY }}", "X-Team": "blue"},
        "body": {
            "type": "json",
            "value": {"auth": {"password": "{{ secrets.GET_PASSWORD }}"}, "q": "{{ input.q }}"},
        },
    }
    assert "const key = '(a secret was here)'" in nodes(found)["note"]["data"]["text"]
    assert "workflows/w" in why(found, "keys in texts")


def test_headers_that_are_set_by_themselves_are_left_out() -> None:
    rows = [{"name": "Host", "value": "a"}, {"name": "X-Team", "value": "blue"}, {"name": "not one", "value": "x"}]
    parameters = {"url": "https://a.example", "sendHeaders": True, "headerParameters": {"parameters": rows}}
    found = imported(START, node("Get", "httpRequest", parameters, 4.2))
    assert nodes(found)["get"]["data"]["headers"] == {"X-Team": "blue"}
    assert "The header Host is left out" in why(found, "Get")


@pytest.mark.parametrize(
    ("credential", "header"),
    [
        ("httpBearerAuth", "Bearer {{ secrets.GET_CREDENTIAL }}"),
        ("httpBasicAuth", "Basic {{ secrets.GET_CREDENTIAL }}"),
        ("httpHeaderAuth", "{{ secrets.GET_CREDENTIAL }}"),
    ],
)
def test_a_credential_becomes_a_secret(credential: str, header: str) -> None:
    parameters = {"url": "https://a.example", "authentication": "genericCredentialType", "genericAuthType": credential}
    found = imported(START, node("Get", "httpRequest", parameters, 4.2))
    assert nodes(found)["get"]["data"]["headers"] == {"Authorization": header}
    assert "not taken over" in why(found, "Get")


def test_a_credential_of_a_service_becomes_an_account() -> None:
    parameters = {
        "url": "https://a.example",
        "authentication": "predefinedCredentialType",
        "nodeCredentialType": "hubspotApi",
    }
    found = imported(START, node("Get", "httpRequest", parameters, 4.2))
    assert nodes(found)["get"]["data"]["account_uuid"] == {"$ref": "accounts/hubspotapi"}
    assert [account.provider for account in found.bundle.manifest.accounts] == ["hubspotapi"]


LIST = node("Rows", "splitOut", {"fieldToSplitOut": "rows"})


def test_what_n8n_does_for_each_item_is_done_in_a_loop() -> None:
    found = imported(START, LIST, node("Get", "httpRequest", {"url": "=https://a.example/{{ $json.id }}"}, 4.2), last())
    given = nodes(found)
    assert given["each_get"]["data"] == {"items": "{{ input }}"}
    assert {("each_get", "get", "item"), ("get", "each_get", "next")} <= edges(found)
    # What comes out of the loop are answers; what n8n saw of them were their bodies.
    assert given["each_last"]["data"] == {"items": "{{ input.results.map(each, each.body) }}"}
    assert "in a loop" in why(found, "Get")


def last() -> Node:
    return node("Last", "set", fields(name="={{ $json.name }}"))


@pytest.mark.parametrize(
    ("kind", "parameters", "ours", "data"),
    [
        ("limit", {"maxItems": 3, "keep": "lastItems"}, "limit", {"count": 3, "keep": "last"}),
        (
            "sort",
            {"sortFieldsUi": {"sortField": [{"fieldName": "a.b", "order": "descending"}]}},
            "sort",
            {"keys": [{"by": "a.b", "descending": True}]},
        ),
        ("removeDuplicates", {"compare": "allFields"}, "deduplicate", {}),
        (
            "removeDuplicates",
            {"compare": "selectedFields", "fieldsToCompare": "a, b.c"},
            "deduplicate",
            {"by": '{{ [default(item["a"], null), default(item["b"]["c"], null)] }}'},
        ),
        ("aggregate", {"aggregate": "aggregateAllItemData"}, "set", {"fields": {"data": "{{ input }}"}}),
        (
            "summarize",
            {"fieldsToSummarize": {"values": [{"aggregation": "sum", "field": "n"}]}, "fieldsToSplitBy": "c"},
            "aggregate",
            {"operations": [{"name": "sum_n", "operation": "sum", "of": "n"}], "group_by": [{"name": "c", "by": "c"}]},
        ),
        ("itemLists", {"operation": "limit", "maxItems": 2}, "limit", {"count": 2}),
    ],
)
def test_lists_are_worked_on_as_a_whole(kind: str, parameters: Node, ours: str, data: Node) -> None:
    found = imported(START, LIST, node("It", kind, parameters))
    assert (nodes(found)["it"]["type"], nodes(found)["it"]["data"]) == (ours, data)


def test_nodes_have_the_room_that_they_need_here() -> None:
    # n8n's own are 96 wide, with 200 from one to the next.
    found = nodes(imported(START, {**node("Last", "noOp"), "position": [200, 100]}, ("Start", "Last")))
    assert found["last"]["position"] == {"x": COLUMN, "y": COLUMN / 2}


def test_an_if_parts_a_list() -> None:
    rule = {"leftValue": "={{ $json.n }}", "rightValue": 3, "operator": {"type": "number", "operation": "gte"}}
    test = node("Big", "if", {"conditions": {"combinator": "and", "conditions": [rule]}}, 2)
    ways = (("Start", "Rows"), ("Rows", "Big"), ("Big", "Last"), ("Big", "Small", 1))
    found = imported(START, LIST, test, last(), node("Small", "limit"), *ways)
    assert nodes(found)["big"] | {"position": None} == {
        "id": "big",
        "type": "filter",
        "name": "Big",
        "position": None,
        "data": {"condition": "{{ item.n >= 3 }}"},
    }
    assert {("big", "each_last", "output"), ("big", "small", "rest")} <= edges(found)


def test_a_switch_of_a_list_is_a_chain_of_filters() -> None:
    rows = [
        {"conditions": {"conditions": [{"leftValue": "={{ $json.kind }}", "rightValue": each, "operator": EQUALS}]}}
        for each in ("a", "b")
    ]
    ways = (("Start", "Rows"), ("Rows", "Which"), ("Which", "A", 0), ("Which", "B", 1))
    found = imported(
        START, LIST, node("Which", "switch", {"rules": {"values": rows}}), node("A", "limit"), node("B", "limit"), *ways
    )
    assert {("which_0", "a", "output"), ("which_0", "which_1", "rest"), ("which_1", "b", "output")} <= edges(found)


EQUALS = {"type": "string", "operation": "equals"}


def test_a_switch_of_one_value_has_a_port_for_each_case() -> None:
    row = {"conditions": {"conditions": [{"leftValue": "={{ $json.kind }}", "rightValue": "a", "operator": EQUALS}]}}
    ways = (("Start", "Which"), ("Which", "A", 0), ("Which", "Rest", 1))
    switch = node("Which", "switch", {"rules": {"values": [row]}, "options": {"fallbackOutput": "extra"}})
    found = imported(START, switch, node("A", "set"), node("Rest", "set"), *ways)
    assert nodes(found)["which"]["data"]["cases"] == [
        {"name": "case_0", "condition": '{{ default(input.kind, null) == "a" }}'}
    ]
    assert {("which", "a", "case_0"), ("which", "rest", "default")} <= edges(found)


def test_a_loop_over_batches() -> None:
    ways = (("Start", "Rows"), ("Rows", "Loop"), ("Loop", "Get", 1), ("Get", "Loop"), ("Loop", "Last", 0))
    get = node("Get", "httpRequest", {"url": "=https://a.example/{{ $json.id }}"}, 4.2)
    found = imported(START, LIST, node("Loop", "splitInBatches", {"batchSize": 1}), get, last(), *ways)
    assert nodes(found)["get"]["data"]["url"] == "https://a.example/{{ input.id }}"
    assert {("loop", "get", "item"), ("get_items", "loop", "next"), ("loop", "each_last", "done")} <= edges(found)
    assert nodes(found)["get_items"]["data"] == {"text": "{{ to_json(input.body) }}", "parse_json": True}


def test_branches_that_bring_different_things_are_brought_into_one_form() -> None:
    get = node("Get", "httpRequest", {"url": "https://a.example"}, 4.2)
    ways = (("Start", "Get"), ("Get", "Both", 0, 0), ("Start", "Both", 0, 1))
    parameters = {"mode": "combine", "combineBy": "combineByPosition"}
    found = imported(START, get, node("Both", "merge", parameters), *ways)
    assert nodes(found)["both"]["data"] == {"mode": "object"}
    assert {("get", "get_items"), ("get_items", "both"), ("start", "both")} <= edges(found)


@pytest.mark.parametrize(
    ("interval", "schedule"),
    [
        ({"field": "cronExpression", "expression": "0 9 * * 1-5"}, {"type": "cron", "expression": "0 9 * * 1-5"}),
        ({"field": "minutes", "minutesInterval": 15}, {"type": "interval", "unit": "minutes", "every": 15}),
        (
            {"field": "weeks", "triggerAtDay": [1, 5], "triggerAtHour": 8},
            {"type": "cron", "expression": "0 8 * * 1,5"},
        ),
        ({"field": "days", "triggerAtHour": 7, "triggerAtMinute": 30}, {"type": "cron", "expression": "30 7 * * *"}),
    ],
)
def test_schedules_keep_their_time_zone_and_are_not_active(interval: Node, schedule: Node) -> None:
    clock = node("Clock", "scheduleTrigger", {"rule": {"interval": [interval]}}, 1.2)
    found = imported(clock, last(), settings={"timezone": "Europe/Berlin"})
    assert nodes(found)["clock"]["data"] == {"schedule": {**schedule, "timezone": "Europe/Berlin"}}
    assert only(found.bundle, "workflows")["status"] == "draft"
    assert "until the workflow is switched on" in why(found, "Clock")


def test_a_program_is_kept_in_a_note_and_its_place_is_held() -> None:
    program = "return items.map(item => ({json: {{ price: item.json.price }} }));"
    found = imported(START, node("Prices", "code", {"jsCode": program}, 2), last())
    given = nodes(found)
    assert program in given["note"]["data"]["text"]
    assert given["prices"]["disabled"] is True
    assert outcomes(found)["Prices"] == "dropped"
    # What comes after it is ready for a node in its place that gives the same.
    assert given["last"]["data"]["fields"] == {"name": "{{ input.name }}"}
    assert "It reads what Prices gave" in why(found, "Last")


def test_a_condition_that_cannot_be_translated_never_holds() -> None:
    row = {"leftValue": "={{ $today }}", "rightValue": "x", "operator": EQUALS}
    ways = (("Start", "If"), ("If", "Last", 0), ("If", "Else", 1))
    found = imported(
        START, node("If", "if", {"conditions": {"conditions": [row]}}, 2), last(), node("Else", "wait"), *ways
    )
    assert nodes(found)["if"]["data"] == {"condition": "{{ false }}"}
    assert {("if", "last", "true"), ("if", "else", "false")} <= edges(found)
    assert "never holds until you write it" in why(found, "If")
    assert "$today" in nodes(found)["if"]["notes"]


def test_an_answer_to_a_webhook_lets_what_came_go_on() -> None:
    found = imported(node("Hook", "webhook", {"httpMethod": "POST"}), node("Answer", "respondToWebhook"), last())
    assert {("hook", "answer"), ("hook", "last")} <= edges(found)


def test_what_nothing_corresponds_to_is_dropped_with_a_reason() -> None:
    found = imported(node("Mail", "gmailTrigger"), node("Row", "googleSheets"), last())
    assert outcomes(found) == {"Mail": "approximated", "Row": "dropped", "Last": "approximated"}
    assert nodes(found)["mail"]["type"] == "manual_trigger"
    assert "There is no node for googleSheets" in why(found, "Row")


def test_failures_go_on_as_they_did() -> None:
    get = node("Get", "httpRequest", {"url": "https://a.example"}, 4.2, onError="continueErrorOutput", retryOnFail=True)
    found = imported(START, get, last(), node("Bad", "noOp"), ("Start", "Get"), ("Get", "Last"), ("Get", "Bad", 1))
    assert nodes(found)["get"]["on_error"] == "branch"
    assert nodes(found)["get"]["retry"]["max_attempts"] == 3
    assert ("get", "bad", "error") in edges(found)


def test_ways_that_go_round_outside_of_loops_are_cut_and_told_of() -> None:
    ways = (("Start", "A"), ("A", "B"), ("B", "A"))
    found = imported(START, node("A", "wait"), node("B", "wait"), *ways)
    assert ("b", "a") not in edges(found)
    assert "led back to a" in why(found, "B")


def test_nodes_that_nothing_leads_to_are_kept_disabled() -> None:
    found = imported(START, last(), node("Alone", "wait"), ("Start", "Last"))
    assert nodes(found)["alone"]["disabled"] is True
    assert "No trigger leads to it" in why(found, "Alone")


def test_an_agent_brings_its_model_tools_and_instructions() -> None:
    chat, said = node("Chat", "chatTrigger"), node("Said", "set", fields(text="={{ $json.output }}"))
    agent = node("Helper", "agent", {"options": {"systemMessage": "Be kind.", "maxIterations": 5}}, 1.7)
    model = node(
        "GPT", "lmChatOpenAi", {"model": {"__rl": True, "value": "gpt-4o-mini"}, "options": {"temperature": 0.2}}
    )
    tool = node("Weather", "toolHttpRequest", {"url": "https://a.example/{city}", "toolDescription": "The weather."})
    ways = (("Chat", "Helper"), ("Helper", "Said"), ("GPT", "Helper", 0, 0, "ai_languageModel"))
    subs = (("Weather", "Helper", 0, 0, "ai_tool"), ("Memory", "Helper", 0, 0, "ai_memory"))
    found = imported(chat, agent, said, model, tool, node("Memory", "memoryBufferWindow"), *ways, *subs)
    assert only(found.bundle, "agents") == {
        "name": "Helper",
        "model": "gpt-4o-mini",
        "account_uuid": {"$ref": "accounts/openai"},
        "metadata": {"temperature": 0.2},
        "system_prompt": "Be kind.",
        "tool_uuids": [{"$ref": "tools/weather"}],
        "limits": {"turns": 5},
    }
    assert nodes(found)["helper"]["data"] == {"agent_uuid": {"$ref": "agents/helper"}, "input": "{{ input.chatInput }}"}
    assert nodes(found)["said"]["data"]["fields"] == {"text": "{{ input.text }}"}
    assert only(found.bundle, "tools")["parameters"]["properties"] == {"city": {"type": "string"}}
    assert outcomes(found)["Memory"] == "approximated"


def test_a_chain_is_a_call_of_a_model() -> None:
    chain = node("Sum up", "chainLlm", {"promptType": "define", "text": "=Sum up: {{ $json.text }}"}, 1.5)
    ways = (("Start", "Sum up"), ("M", "Sum up", 0, 0, "ai_languageModel"))
    found = imported(START, chain, node("M", "lmChatAnthropic", {"model": "claude-sonnet-4-5"}), *ways)
    assert nodes(found)["sum_up"]["data"] == {
        "model": "claude-sonnet-4-5",
        "account_uuid": {"$ref": "accounts/anthropic"},
        "prompt": "Sum up: {{ input.text }}",
    }
