"""Words and regular expressions: what they find, which are refused, and that none takes long."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.guardrails.matching import Masker
from athena.guardrails.patterns import MAXIMUM_WIDTH, InvalidPattern, Patterns, TooSlow, Words, check_pattern


def masked(text: str, *patterns: str, words: tuple[str, ...] = ()) -> str:
    matchers = [Words(words, "***")] if words else []
    return Masker([*matchers, *([Patterns(patterns, "***")] if patterns else [])]).feed(text, final=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A Bomb, a bomb.", "A ***, a ***."),
        ("bombastic bombs", "bombastic bombs"),
        ("Überraschung über überall", "Überraschung *** überall"),
        ("red  herring red herring", "red  herring ***"),
        ("", ""),
    ],
)
def test_words_are_found_whole_in_any_case(text: str, expected: str) -> None:
    assert masked(text, words=("bomb", "über", "red herring", "bombast")) == expected


def test_patterns_are_found_with_what_stands_around_them() -> None:
    assert masked("sk-abcd xsk-abcd sk-ab", r"\bsk-[a-z]{4,20}\b") == "*** xsk-abcd sk-ab"
    assert masked("aXa\nX", r"(?m)^X") == "aXa\n***"
    assert masked("one two", r"^one|two$") == "*** ***"
    assert masked("naïve 🦊 fox", r"(?i)FOX") == "naïve 🦊 ***"
    assert masked("a\0b \ud800b", r"b") == "a\0*** \ud800***"


def test_patterns_see_across_the_slices_of_a_long_text() -> None:
    text = "x" * 1_020 + "needle" + "x" * 3_000 + " needle "
    assert masked(text, r"needle", r"\bnever\b") == text.replace("needle", "***")


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("(", "no regular expression"),
        ("(?=a)b", "no regular expression"),
        (r"(a)\1", "no regular expression"),
        ("a*b?", "empty text"),
        ("ab+", "at most"),
        ("ab{3,}", "at most"),
        ("[a]b*]", "at most"),
        (r"\\+", "at most"),
        (r"\Qa", "may not hold"),
        (r"a\C", "may not hold"),
        ("(a{20}){20}", "400"),
        ("(?:ab?c|d{300})", "300"),
    ],
)
def test_what_is_no_pattern_is_told(pattern: str, told: str) -> None:
    with pytest.raises(InvalidPattern, match=told):
        check_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "width"),
    [
        ("abc", 3),
        ("a?b{2,4}?", 5),
        (r"(?i)(?:ab|c{3}){2}|x", 6),
        (r"[*+{}]{1,9}\*", 10),
        (r"[[:alpha:]*][]+][^]*]", 3),
        (r"(?P<n>\x{1F600}|\pL){2}", 4),
        (r"a{,5}", 5),
    ],
)
def test_the_length_of_a_match_is_known_beforehand(pattern: str, width: int) -> None:
    assert check_pattern(pattern) == width


ATOMS = st.sampled_from(["a", "b", "[ab]", ".", r"\w", r"\b", "^", "$", "(?:ab|b)", "(?:a|bab)", r"\\", "[*+]", "-"])
COUNTS = st.sampled_from(["", "?", "{2}", "{1,3}", "{0,2}?"])
PATTERNS = st.lists(st.tuples(ATOMS, COUNTS), min_size=1, max_size=5).map(
    lambda parts: "".join(a + c for a, c in parts)
)


@given(PATTERNS, st.text("ab-+\\ \n", max_size=40))
def test_no_match_is_longer_than_was_known(pattern: str, text: str) -> None:
    try:
        width = check_pattern(pattern)
    except InvalidPattern:
        return
    matches = list(Patterns([pattern], "***").find(text, 0))
    assert all(0 < match.end - match.start <= width for match in matches)
    assert all(before.end <= after.start for before, after in itertools.pairwise(matches))


@given(st.lists(st.sampled_from(["ab", "cd|a", "b{1,3}", "(?:ca|d)"]), min_size=1), st.text("abcd ", max_size=60))
def test_the_places_are_those_of_a_plain_search(patterns: list[str], text: str) -> None:
    expected = re.sub("|".join(f"(?:{pattern})" for pattern in patterns), "***", text)
    assert masked(text, *patterns) == expected


@pytest.mark.parametrize(
    "pattern", [r"(?:a?){50}b", r"(?:a|a|aa){1,50}$", r"[ab]{0,99}c|a", r"(?:(?:a{1,5}){1,5}){1,10}b"]
)
def test_hostile_patterns_end(pattern: str) -> None:
    text = "a" * 100_000
    try:
        assert len(masked(text, pattern)) <= 3 * len(text)
    except TooSlow:
        assert check_pattern(pattern) <= MAXIMUM_WIDTH


def test_what_takes_too_long_is_given_up() -> None:
    matcher = Patterns(["a"], "***", seconds=0.0)
    with pytest.raises(TooSlow):
        list(matcher.find("a" * 5_000, 0))
