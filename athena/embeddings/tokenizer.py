"""WordPiece, as BERT's uncased models were trained with: text in, numbers of the vocabulary out.

``vocabulary.txt`` is that of BERT (uncased, English) by Google, under the Apache License 2.0, as it was published.
"""

from __future__ import annotations

import functools
import itertools
import string
import unicodedata
from collections.abc import Generator, Mapping
from pathlib import Path

MAXIMUM_TOKENS = 256
_MAXIMUM_CHARACTERS = 32_768
"""Far more than the tokens that are kept can come from; the rest of a text is not even looked at."""
_LONGEST_WORD = 100

_PAD, _UNKNOWN, _BEGIN, _END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


@functools.cache
def vocabulary() -> Mapping[str, int]:
    """Each piece's number."""
    text = Path(__file__).with_name("vocabulary.txt").read_text("utf-8")
    return {piece: number for number, piece in enumerate(text.split("\n")[:-1])}


def tokenize(text: str) -> list[int]:
    """The numbers of a text's pieces between the marks of its begin and end, at most :data:`MAXIMUM_TOKENS`."""
    known = vocabulary()
    pieces = (piece for word in words(text[:_MAXIMUM_CHARACTERS]) for piece in _pieces(word, known))
    return [known[_BEGIN], *itertools.islice(pieces, MAXIMUM_TOKENS - 2), known[_END]]


def words(text: str) -> Generator[str]:
    """The words of a text, in lower case and without accents; each mark of punctuation is a word of its own."""
    word: list[str] = []
    for character in unicodedata.normalize("NFD", "".join(map(_cleaned, text))):
        if unicodedata.category(character) == "Mn":
            continue
        apart = character == " " or _is_punctuation(character)
        if apart and word:
            yield "".join(word)
            word = []
        if not apart:
            word.append(character.lower())
        elif character != " ":
            yield character
    if word:
        yield "".join(word)


@functools.lru_cache(4096)
def _cleaned(character: str) -> str:
    """A character as it is read: every kind of space is one, what cannot be seen is none, ideographs stand apart."""
    if character in "\t\n\r":
        return " "
    if character == "\ufffd" or unicodedata.category(character).startswith("C"):
        return ""
    if character.isspace():
        return " "
    if any(first <= ord(character) <= last for first, last in _IDEOGRAPHS):
        return f" {character} "
    return character


@functools.lru_cache(4096)
def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")


def _pieces(word: str, known: Mapping[str, int]) -> list[int]:
    """The longest pieces that make up ``word``, from its begin on; one unknown when there are none."""
    if len(word) > _LONGEST_WORD:
        return [known[_UNKNOWN]]
    found: list[int] = []
    start = 0
    while start < len(word):
        mark = "##" if start else ""
        for end in range(len(word), start, -1):
            number = known.get(mark + word[start:end])
            if number is not None:
                found.append(number)
                start = end
                break
        else:
            return [known[_UNKNOWN]]
    return found
