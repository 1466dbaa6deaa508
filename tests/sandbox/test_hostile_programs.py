"""Programs that mean harm reach nothing and end within their limits, and the next one is answered as ever."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from athena.sandbox import CodeError, CodeResult, Limits, PythonSandbox

LIMITS = Limits(seconds=10, memory_mb=16, output_bytes=10_000, recursion=400)
SHORT = replace(LIMITS, seconds=0.25)
SWALLOWING = "while True:\n    try:\n        {}\n    except BaseException:\n        pass"

OUTSIDE = {
    "import of subprocess": "import subprocess",
    "import of socket": "import socket",
    "import of ctypes": "import ctypes",
    "import of urllib": "import urllib.request",
    "import of importlib": "import importlib",
    "import of gc": "import gc",
    "import of inspect": "import inspect",
    "import of threading": "import threading",
    "import of the host's own package": "import athena",
    "relative import": "from . import process",
    "import by name": "__import__('os').system('id')",
    "system of os": "import os\nos.system('touch {target}')",
    "popen of os": "import os\nos.popen('id').read()",
    "fork of os": "import os\nwhile True: os.fork()",
    "kill of os": "import os\nos.kill(1, 9)",
    "environment": "import os\nresult = dict(os.environ)",
    "one variable of the environment": "import os\nresult = os.getenv('PATH')",
    "entropy": "import os\nresult = os.urandom(8)",
    "listing of files": "import os\nresult = os.listdir('/')",
    "reading of a file": "result = open('/etc/passwd').read()",
    "reading of a file by pathlib": "from pathlib import Path\nresult = Path('/etc/passwd').read_text()",
    "reading of a file through ..": "result = open('../../../../etc/passwd').read()",
    "reading of its own memory": "result = open('/proc/self/mem', 'rb').read(1)",
    "file by descriptor": "result = open(0).read()",
    "writing of a file": "open('{target}', 'w').write('x')",
    "writing of a file by pathlib": "from pathlib import Path\nPath('{target}').write_text('x')",
    "modules of sys": "import sys\nresult = list(sys.modules)",
    "frames of sys": "import sys\nresult = sys._getframe()",
    "exit of sys": "import sys\nsys.exit(0)",
    "classes by the bases of a tuple": "result = ().__class__.__bases__[0].__subclasses__()",
    "classes by the order of resolution": "result = type('').__mro__[1].__subclasses__()",
    "globals of a function": "def f(): pass\nresult = f.__globals__['__builtins__']",
    "code of a function": "def f(): pass\nf.__code__ = None",
    "frame of a coroutine": "async def f(): pass\nresult = f().cr_frame",
    "traceback of an error": "try:\n    1 / 0\nexcept Exception as e:\n    result = e.__traceback__.tb_frame",
    "attributes by format": "result = '{0.__class__.__init__.__globals__}'.format(3)",
    "attributes by getattr": "result = getattr((), '__cla' + 'ss__')",
    "builtins by name": "result = __builtins__",
    "loader": "result = __loader__.load_module('os')",
    "compile": "result = compile('1', '', 'exec')",
    "input": "result = input()",
    "breakpoint": "breakpoint()",
    "sleep": "import time\ntime.sleep(3600)",
    "sleep in asyncio": "import asyncio\nawait asyncio.sleep(3600)",
    "import within exec": "exec('import socket')",
    "file within eval": "result = eval(\"open('/etc/passwd').read()\")",
    "change of a module": "import json\njson.dumps = print",
    "exit by error": "raise SystemExit",
}
"""Each is refused."""

TOO_MUCH = {
    "endless loop": ("while True: pass", {"timeout"}),
    "endless loop that swallows": (SWALLOWING.format("while True: pass"), {"timeout"}),
    "endless error that is swallowed": (SWALLOWING.format("1 / 0"), {"timeout"}),
    "endless finally": ("while True:\n    try:\n        pass\n    finally:\n        continue", {"timeout"}),
    "endless iterator": ("sum(1 for _ in iter(int, 1))", {"timeout", "memory"}),
    "endless iterator into a list": ("result = list(iter(int, 1))", {"memory", "timeout"}),
    "endless repetition": ("import itertools\nfor _ in itertools.count(): pass", {"timeout"}),
    "endless waiting": (
        "import asyncio\nasync def f():\n    while True: pass\nawait asyncio.gather(f(), f())",
        {"timeout"},
    ),
    "endless recursion": ("def f(): return f()\nf()", {"runtime"}),
    "recursion that swallows": (
        "def f():\n    try:\n        f()\n    except RecursionError:\n        f()\nf()",
        {"timeout", "runtime"},
    ),
    "recursion that forks": ("def f(n):\n    f(n + 1)\n    f(n + 1)\nf(0)", {"runtime", "timeout"}),
    "recursion of repr": ("class A:\n    def __repr__(self): return repr(self)\nresult = repr(A())", {"runtime"}),
    "comparison of cycles": ("a = []\na.append(a)\nb = []\nb.append(b)\na == b", {"runtime"}),
    "great sum": ("result = sum(range(10**12))", {"timeout"}),
    "great power": ("x = 10**10**10", {"memory", "timeout"}),
    "powers of powers": ("x = 3\nwhile True: x = x * x", {"memory", "timeout"}),
    "great shift": ("x = 1 << 10**12", {"memory"}),
    "great factorial": ("import math\nx = math.factorial(10**7)", {"timeout", "memory"}),
    "great decimal": (
        "from decimal import *\ngetcontext().prec = 10**8\nDecimal(2).sqrt()",
        {"memory", "timeout", "runtime"},
    ),
    "great number as text": ("result = str(10**1_000_000)", {"runtime", "timeout"}),
    "great list": ("x = [0] * 10**10", {"memory"}),
    "great text": ("x = 'a' * 10**12", {"memory"}),
    "great bytes": ("x = bytes(10**10)", {"memory"}),
    "great range as list": ("x = list(range(10**12))", {"memory", "timeout"}),
    "great dictionary": ("d = {}\nfor i in range(10**8): d[i] = i", {"memory", "timeout"}),
    "great set": ("x = set(range(10**9))", {"memory", "timeout"}),
    "list that grows": ("x = [1]\nwhile True: x += x", {"memory", "timeout"}),
    "text that grows": ("x = 'ab'\nwhile True: x = x.replace('a', 'aaaa')", {"memory", "timeout"}),
    "text that is joined": ("x = ('a' * 10**5).join(['b'] * 10**5)", {"memory"}),
    "memory error that is swallowed": (SWALLOWING.format("x = 'a' * 10**9"), {"memory"}),
    "memory by products": (
        "import itertools\nx = list(itertools.product(range(100), repeat=10))",
        {"memory", "timeout"},
    ),
    "width of a format": ("x = '{:>1000000000}'.format(1)", {"memory"}),
    "width of an f-string": ("x = f'{1:>1000000000}'", {"memory"}),
    "width of a percent format": ("x = '%1000000000d' % 1", {"memory"}),
    "width of padding": ("x = 'a'.ljust(10**10)", {"memory"}),
    "regex that goes back": ("import re\nre.match(r'(?=(a+)+b)(a*)*\\1$', 'a' * 40)", {"runtime", "timeout"}),
    "regex over much": ("import re\nre.sub('', 'a' * 1000, 'b' * 10000)", {"timeout", "memory"}),
    "sort of much": ("x = sorted(range(10**9))", {"memory", "timeout"}),
    "sort by a slow key": ("x = sorted(range(10**4), key=lambda n: sum(range(10**5)))", {"timeout"}),
    "permutations": ("import itertools\nn = sum(1 for _ in itertools.permutations(range(20)))", {"timeout", "memory"}),
    "search in much": ("10**12 in (n for n in range(10**13))", {"timeout", "memory"}),
    "nesting in JSON": ("import json\nx = json.loads('[' * 100_000)", {"runtime"}),
    "much JSON": ("x = []\nfor _ in range(40): x = [x, x]\nresult = x", {"timeout", "memory"}),
    "great print": ("print('x' * 10**6)", {"output_too_large"}),
    "endless print": ("while True: print('x' * 100)", {"output_too_large"}),
    "endless print that swallows": (SWALLOWING.format("print('x' * 100)"), {"output_too_large"}),
    "endless print of nothing": ("while True: print(end='')", {"timeout"}),
    "great result": ("result = 'x' * 10**6", {"output_too_large"}),
    "great last expression": ("result = 1\n'x' * 10**8", {"memory"}),
    "great error": ("raise ValueError('x' * 10**7)", {"runtime", "memory"}),
    "cycle as result": ("result = []\nresult.append(result)", {"not_serialisable"}),
    "cycle through a dictionary as result": ("result = {}\nresult['all'] = [result]", {"not_serialisable"}),
    "deep result": ("x = []\nfor _ in range(5000): x = [x]\nresult = x", {"not_serialisable"}),
    "object as result": ("class A: pass\nresult = [A()]", {"not_serialisable"}),
    "nesting in the source": ("x = " + "[" * 50_000 + "]" * 50_000, {"syntax"}),
    "many nots": ("not " * 40_000 + "1", {"syntax"}),
    "many calls": ("f" + "()" * 50_000, {"syntax"}),
    "many lambdas": ("lambda: " * 20_000 + "1", {"syntax"}),
    "many branches": ("if 0: pass\n" + "elif 0: pass\n" * 10_000, {"syntax"}),
    "many indentations": ("".join(" " * n + "if 1:\n" for n in range(500)) + " " * 500 + "pass", {"syntax"}),
    "NUL in the source": ("x = 1\0", {"syntax"}),
    "lone surrogate in the source": ("x = '\ud800'", {"syntax"}),
    "too long a source": ("x = 1\n" * 100_000, {"syntax"}),
    "source within source": ("exec('exec(' * 5_000)", {"syntax"}),
    "exec of endless": ("exec('while True: pass')", {"timeout"}),
    "repr that never ends": ("class A:\n    def __repr__(self):\n        while True: pass\nrepr(A())", {"timeout"}),
}
"""Each ends in one of these ways."""


@pytest.fixture(scope="module")
async def sandbox() -> AsyncGenerator[PythonSandbox]:
    opened = PythonSandbox()
    yield opened
    await opened.close()


async def outcome(sandbox: PythonSandbox, code: str, limits: Limits = LIMITS) -> CodeResult | CodeError:
    try:
        return await sandbox.run(code, {}, limits=limits)
    except CodeError as error:
        return error


async def answers(sandbox: PythonSandbox) -> Any:
    ran = await sandbox.run("import json\nresult = [json.dumps(x), len('äö')]", {"x": {"a": [1]}}, limits=LIMITS)
    return (ran.value, ran.printed)


@pytest.mark.parametrize("code", OUTSIDE.values(), ids=OUTSIDE.keys())
async def test_nothing_outside_is_reached(sandbox: PythonSandbox, tmp_path: Path, code: str) -> None:
    target = tmp_path / "written"
    ended = await outcome(sandbox, code.replace("{target}", str(target)))
    assert isinstance(ended, CodeError), ended
    assert ended.kind == "runtime"
    assert not target.exists()
    assert await answers(sandbox) == (['{"a": [1]}', 2], "")


@pytest.mark.parametrize(("code", "kinds"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
async def test_what_is_too_much_ends_within_its_limits(sandbox: PythonSandbox, code: str, kinds: set[str]) -> None:
    ended = await outcome(sandbox, code, SHORT if "timeout" in kinds else LIMITS)
    assert isinstance(ended, CodeError), ended
    assert ended.kind in kinds, ended
    assert len(ended.message) + len(ended.traceback) + len(ended.printed) < 20_000
    assert await answers(sandbox) == (['{"a": [1]}', 2], "")
