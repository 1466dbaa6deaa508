"""n8n's expressions, each with what it comes to here, or why it stays text."""

from __future__ import annotations

from typing import Any

import pytest

from athena.expressions import compile_text
from athena.importers.n8n.expressions import translate
from athena.importers.n8n.terms import Known
from athena.importers.texts import Untranslatable

NAMES = frozenset({"input", "nodes", "execution", "workflow", "workspace", "item"})


class One:
    """A node that sees one item, after the nodes `Get` (one) and `Rows` (many)."""

    def current(self) -> Known:
        return Known("input")

    def node(self, name: str) -> Known:
        if name not in {"Get", "Rows"}:
            raise Untranslatable(f"there is no node {name}")
        return Known("nodes.get.output.body") if name == "Get" else Known("nodes.rows.output", many=True)

    def variable(self, name: str, origin: str) -> str:
        assert origin in {"$vars", "$env"}
        return f"workspace.variables.{name.upper()}"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("plain {{ text }}", "plain \\{{ text }}"),
        ("={{ $json.a }}", "{{ input.a }}"),
        ('={{ $json["a b"].c }}', '{{ input["a b"].c }}'),
        ("={{ $json.rows[0].id }}", "{{ input.rows[0].id }}"),
        ("=A {{ $json.a }} B {{ $json.b }}", "A {{ input.a }} B {{ input.b }}"),
        ("={{ $node['Get'].json.x }}", "{{ nodes.get.output.body.x }}"),
        ("={{ $('Get').item.json.x }}", "{{ nodes.get.output.body.x }}"),
        ("={{ $('Get').first().json.x }}", "{{ nodes.get.output.body.x }}"),
        ("={{ $('Rows').first().json.x }}", "{{ nodes.rows.output[0].x }}"),
        ("={{ $('Rows').all().length }}", "{{ size(nodes.rows.output) }}"),
        ("={{ $('Rows').all().map(i => i.json.id) }}", "{{ nodes.rows.output.map(i, i.id) }}"),
        ("={{ $json.rows.filter(r => r.n > 2) }}", "{{ input.rows.filter(r, r.n > 2) }}"),
        ("={{ $json.a?.b ?? 'none' }}", '{{ default(input.a.b, "none") }}'),
        ("={{ $json.n > 3 ? 'many' : 'few' }}", '{{ (input.n > 3) ? "many" : "few" }}'),
        ("={{ 'Hello ' + $json.name }}", "Hello {{ input.name }}"),
        ("={{ `Hello ${$json.name}!` }}", "Hello {{ input.name }}!"),
        ("={{ $json.name.toUpperCase().trim() }}", "{{ input.name.upper().trim() }}"),
        ("={{ JSON.stringify($json.a) }}", "{{ to_json(input.a) }}"),
        ("={{ Math.round($json.n * 1.5) }}", "{{ math.round(input.n * 1.5) }}"),
        ("={{ $json.a / 2 }}", "{{ double(input.a) / 2 }}"),
        ("={{ $now.toISO() }}", "{{ string(timestamp(execution.started_at)) }}"),
        ("={{ $now.minus({days: 2}) }}", '{{ timestamp(execution.started_at) - duration("172800s") }}'),
        ("={{ $now.toFormat('yyyy-MM-dd') }}", "{{ string(timestamp(execution.started_at)).substring(0, 10) }}"),
        ("={{ $workflow.name }} {{ $execution.id }}", "{{ workflow.name }} {{ execution.uuid }}"),
        ("={{ $vars.region }}", "{{ workspace.variables.REGION }}"),
        ("={{ !($json.a === 1) && $json.b !== 'x' }}", '{{ !((input.a == 1)) && (input.b != "x") }}'),
        ("={{ {a: $json.x, 'b c': [1, true, null]} }}", '{{ {"a": input.x, "b c": [1, true, null]} }}'),
        ("={{ $json.tags.includes('new') }}", '{{ input.tags.contains("new") }}'),
        ("={{ $json.in }}", '{{ input["in"] }}'),
    ],
)
def test_expressions_are_translated(theirs: str, ours: str) -> None:
    found = translate(theirs, One())
    assert (found.text, found.kept) == (ours, [])
    compile_text(found.text, NAMES)


@pytest.mark.parametrize(
    ("theirs", "reason"),
    [
        ("$('Rows').item.json.x", "pairing of items"),
        ("$('Nobody').item.json.x", "there is no node Nobody"),
        ("$json.a.toFancyCase()", "the method toFancyCase does not exist"),
        ("$today", "$today is not known here"),
        ("$now.plus({months: 1})", "use days"),
        ("new Date().getTime()", "'Date' stands where nothing is expected"),
        ("$json.a = 3", "nothing is made"),
        ("(() => 3)()", "where a value is expected"),
        ("$binary.data", "$binary is not known"),
        ("$json.a.slice(-3)", "not counted from the end"),
    ],
)
def test_what_has_no_counterpart_stays_text_with_the_reason(theirs: str, reason: str) -> None:
    found = translate(f"=Before {{{{ {theirs} }}}} after", One())
    assert found.text == f"Before \\{{{{ {theirs} }}}} after"
    (kept,) = found.kept
    assert theirs in kept
    assert reason in kept


@pytest.mark.parametrize(
    ("theirs", "remark"),
    [
        ("={{ $json.a || 'x' }}", "counts as false"),
        ("={{ $json.a + $json.b }}", "+ adds numbers to numbers"),
        ("={{ $now }}", "moment at which the execution began"),
        ("={{ $env.HOST }}", "variable of the workspace"),
    ],
)
def test_what_is_not_quite_the_same_is_told(theirs: str, remark: str) -> None:
    found = translate(theirs, One())
    assert remark in " ".join(found.remarks)
    compile_text(found.text, NAMES)


VALUES: dict[str, Any] = {
    "input": {"a": 7, "n": 3, "name": "Ada", "rows": [{"n": 1}, {"n": 5}], "t": " x "},
    "nodes": {},
    "execution": {"started_at": "2026-03-31T08:30:00Z"},
}


@pytest.mark.parametrize(
    ("theirs", "value"),
    [
        ("={{ $json.a / 2 }}", 3.5),
        ("={{ $json.rows.filter(r => r.n > 2).length }}", 1),
        ("={{ $json.rows.map(r => r.n * 2) }}", [2, 10]),
        ("={{ $json.missing ?? 'none' }}", "none"),
        ("={{ $json.n > 2 ? $json.name + '!' : '' }}", "Ada!"),
        ("={{ $json.t.trim() }}", "x"),
        ("={{ $now.plus(1, 'day').toFormat('yyyy-MM-dd') }}", "2026-04-01"),
        ("={{ $json.name.length }}", 3),
    ],
)
def test_they_come_to_what_they_come_to_in_javascript(theirs: str, value: Any) -> None:
    template = compile_text(translate(theirs, One()).text, NAMES)
    assert template.evaluate(VALUES) == value
