"""Hostile expressions: none escapes, each ends within its limits, and the process stays alive."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WORK = "too much computing"
LENGTH = "more than 5,000,000 characters"
DEPTH = "More than 32 operations"


def doubled(step: str, times: int = 28) -> str:
    return f".map(a, {step})" * times


HOSTILE = {
    # Time
    "loops in loops": ("many.map(a, many.map(b, many.map(c, c)))", WORK),
    "loops in loops that keep nothing": ("many.all(a, many.all(b, a + b >= 0))", WORK),
    "a loop whose every step fails": ("many.all(a, many.exists(b, b.x))", WORK),
    "errors that are made good": ("many.map(a, many.map(b, default(body.x, b)))", WORK),
    "loops over keys": ("many.exists_one(a, many.filter(b, b in {'x': 1}).size() > 0)", WORK),
    "a long body": ("many.map(a, [" + ", ".join(["a"] * 3000) + "])", WORK),
    "comparing the same again and again": ("many.map(a, many == many)", WORK),
    "comparing shared lists": (f"[[1]]{doubled('[a, a]', 10)} == [[1]]{doubled('[a, a]', 10)}", "gives bool of True"),
    "comparing two trees of shared lists": (f"[[1]]{doubled('[a, a]')} == [[1]]{doubled('[a, a]')}", WORK),
    "searching for what is not there": ("many.map(a, -1 in many)", WORK),
    "telling apart what is alike": ("many.map(a, [a]).distinct()", WORK),
    "sorting long texts": ("many.map(a, longer).sort().size()", WORK),
    "summing up for ever": ("many.map(a, many.sum()).sum()", WORK),
    "looking in long texts": ("many.map(a, longer.contains('x'))", WORK),
    "looking in quadratic time": (
        "many.map(i, long.substring(0, 2400).contains(long.substring(0, 600) + 'b' + long.substring(0, 600)))",
        WORK,
    ),
    "looking from the end": ("longer.lastIndexOf('x' + longer.substring(0, 2000000))", "gives int of -1"),
    "beginnings of long texts": ("many.map(a, longer.startsWith(longer))", WORK),
    "reading the same JSON": ("many.map(a, json('[[[1]]]' + long.substring(0, 100)))", "This text is no JSON"),
    "writing the same JSON": ("many.map(a, to_json(many).size())", WORK),
    "time zones": ("many.map(a, many.map(b, timestamp(a).getHours('Europe/Berlin')))", WORK),
    "backtracking": ("long.matches('(x+x+)+y')", "gives bool of False"),
    "nested stars": ("long.matches('((((x*)*)*)*)*y')", "gives bool of False"),
    "a large pattern": ("long.matches('(.?){500}(.?){500}(.?){500}y')", WORK),
    "a pattern that multiplies": ("long.matches('((x{100}){100}){100}')", WORK),
    "a pattern with all letters": ("longer.matches('(\\\\pL{30}){30}')", WORK),
    "patterns by the thousand": ("many.map(a, 'x'.matches('(x|y)*' + string(a)))", WORK),
    "sets that do not end": ("many.map(a, 'x'.matches('" + "[" * 900 + "'))", "no regular expression"),
    "a pattern from the data": ("long.matches(long)", "at most 1,000 characters"),
    # Memory
    "a text that doubles": (f"['x']{doubled('a + a')}[0].size()", LENGTH),
    "a text that is formatted": ("['x']" + doubled("'%s%s%s%s%s'.format([a, a, a, a, a])"), LENGTH),
    "a text that is bound": ("cel.bind(a, long + long, cel.bind(b, a + a, cel.bind(c, b + b, c + c)))", LENGTH),
    "a list that doubles": (f"[[1]]{doubled('a + a')}", WORK),
    "a list that holds itself twice": (f"[['x']]{doubled('[a, a]')}", WORK),
    "a list that is flattened": (f"[[1]]{doubled('[a, a, a, a].flatten()')}", WORK),
    "a text in each of its places": ("long.replace('x', long)", LENGTH),
    "a text between its characters": ("long.replace('', long)", LENGTH),
    "a text of its characters": ("long.split('')", WORK),
    "a text of many": ("many.map(a, long).join(long)", LENGTH),
    "a result of many": ("many.map(a, long)", LENGTH),
    "an object of many": ("{" + ", ".join(f"{number}: longer" for number in range(100)) + "}", LENGTH),
    "many new texts": ("many.map(a, long + string(a)).size()", WORK),
    "a range without end": ("lists.range(9223372036854775807)", WORK),
    "many digits": ("many.map(a, '%.999f'.format([1e308])).size()", WORK),
    "JSON of nothing": ("json('[' + lists.range(90000).map(i, '[],[],[],[],[],[]').join(',') + ']').size()", WORK),
    # Depth
    "depth in the text": ("(" * 4000 + "1" + ")" * 4000, DEPTH),
    "depth of lists": ("[" * 4000 + "]" * 4000, DEPTH),
    "a chain": ("+".join(["1"] * 4000), DEPTH),
    "signs": ("- " * 4000 + "many.size()", "gives int of 100000"),
    "depth in the data": ("[body.deep]", "nested more than 64 deep"),
    "depth in what is compared": (
        "json(to_json(1)) == 1 && [body.deep] == [json('[' + '[' + ']]')]",
        "gives bool of False",
    ),
    "depth in JSON": ("json('" + "[" * 1500 + "]" * 1500 + "')", "no JSON"),
    "parts that double when they are read": (f"optional.of(1){'.optMap(x, x)' * 60}", "no optMap"),
    "doubling behind a comment": ("optional.of(1).optMap // (\n (x, x)", "no optMap"),
    # Escape
    "Python's own": ("body.__class__", "has no '__class__'"),
    "Python's own of a text": ("body.text.__class__.__mro__", "nothing inside of text"),
    "Python's own in a format": ("'{0.__class__} %s'.format([body.text])", "gives str of 17"),
    "a name that is not given": ("__builtins__", "no '__builtins__' here"),
    "a function that is not given": ("eval('1')", "no function 'eval'"),
    "a file": ("timestamp(0).getHours('../../../etc/passwd')", "A time zone is"),
    "a message": ("google.protobuf.Any{type_url: 'x'}", "no type before them"),
    "a NUL character": ("nul + 'c' == 'a\\u0000bc'", "gives bool of True"),
    "half a character": ("half.size()", "gives int of 3"),
    "nothing, thousands of times": ("lists.range(20000).map(i, null).size()", "gives int of 20000"),
}


@pytest.fixture(scope="module")
def outcomes() -> list[str]:
    program = Path(__file__).with_name("hostile.py")
    done = subprocess.run(
        [sys.executable, str(program)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        input=json.dumps([expression for expression, _ in HOSTILE.values()]),
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (len(lines), done.stderr[-2000:])
    return lines


@pytest.mark.parametrize("name", HOSTILE)
def test_it_ends_in_an_error_or_a_value(outcomes: list[str], name: str) -> None:
    assert HOSTILE[name][1] in outcomes[list(HOSTILE).index(name)]
