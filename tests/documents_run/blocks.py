"""The code blocks of every page."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w+-]*)[^\n]*\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL
)

SHELLS = frozenset({"sh", "bash"})
COMMENT = re.compile(r"(?:^|(?<=\s))# .*$", re.MULTILINE)
SETTING = re.compile(r"[A-Z_]+=.*")
ENDS = "|;&<>()\n"


@dataclass(frozen=True)
class Block:
    """What stands between two fences."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def blocks() -> tuple[Block, ...]:
    """Those of the documentation and of the pages beside it."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return tuple(block for page in sorted(pages) for block in _of(page))


def _of(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for found in BLOCK.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        content = re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE)
        yield Block(page.relative_to(ROOT).as_posix(), line, found["language"], content)


def calls(program: str) -> Iterator[tuple[Block, list[str]]]:
    """Each call of ``program`` in the blocks for a shell: its words behind the name, without settings before it."""
    for block in blocks():
        if block.language in SHELLS:
            for words in _commands(COMMENT.sub("", block.text.replace("\\\n", " "))):
                if words and Path(words[0]).name == program:
                    yield block, words[1:]


def _commands(text: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=ENDS)
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    for word in (*lexer, ";"):
        if word and set(word) <= set(ENDS):
            while words and SETTING.fullmatch(words[0]):
                words = words[1:]
            yield words
            words = []
        else:
            words.append(word)
