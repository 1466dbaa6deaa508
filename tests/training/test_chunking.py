"""Sections are cut into passages: nothing is lost, the order is kept, and none is too long."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from athena.documents import Section
from athena.embeddings.tokenizer import tokenize
from athena.training.chunking import CHARACTERS, Chunk, chunks, shortened


def words(text: str) -> int:
    return len(text.split())


def tokens(text: str) -> int:
    return len(tokenize(text)) - 2


def cut(text: str, most: int = 10, overlap: int = 3, heading: str = "") -> list[Chunk]:
    return list(chunks([Section(text, "here", heading)], words, most=most, overlap=overlap))


TEXTS = st.text(st.sampled_from("ab .!?\n\t。é漢😀"), max_size=400) | st.text(max_size=200)


@given(TEXTS, st.integers(4, 40), st.integers(0, 12))
def test_nothing_but_space_is_lost_and_the_order_is_kept(text: str, most: int, overlap: int) -> None:
    told = "".join(each.text[each.repeated :] for each in cut(text, most, overlap))
    assert "".join(told.split()) == "".join(text.split())


@given(TEXTS, st.integers(4, 40), st.integers(0, 12), st.text("ab ", max_size=30))
def test_no_passage_is_too_long(text: str, most: int, overlap: int, heading: str) -> None:
    for each in cut(text, most, overlap, heading):
        assert words(each.content) <= most
        assert len(each.text) <= most * CHARACTERS
        assert each.text == each.text.strip() != ""


@given(TEXTS, st.integers(4, 40), st.integers(0, 12))
def test_what_is_repeated_is_the_end_of_the_one_before(text: str, most: int, overlap: int) -> None:
    found = cut(text, most, overlap)
    for before, each in itertools.pairwise(found):
        repeated = each.text[: each.repeated].strip()
        assert before.text.endswith(repeated)
        assert words(repeated) <= overlap
        assert len(each.text[each.repeated :].strip()) > 0


@settings(max_examples=15)
@given(st.text(min_size=500, max_size=2000))
def test_the_models_own_tokens_fit(text: str) -> None:
    for each in chunks([Section(text, "x", "A heading")], tokens, most=60, overlap=10):
        assert tokens(each.content) <= 66


def test_passages_end_with_sentences() -> None:
    text = "One two three four. Five six seven. Eight nine ten eleven twelve. Thirteen."
    assert [each.text for each in cut(text, 8, 0)] == [
        "One two three four. Five six seven.",
        "Eight nine ten eleven twelve. Thirteen.",
    ]


def test_a_passage_begins_with_the_last_sentence_of_the_one_before() -> None:
    text = "One two three four. Five six. Seven eight nine ten eleven. Twelve."
    assert [(each.text, each.repeated) for each in cut(text, 8, 3)] == [
        ("One two three four. Five six.", 0),
        ("Five six. Seven eight nine ten eleven. Twelve.", 10),
    ]


def test_a_paragraph_stays_whole_where_it_can() -> None:
    text = "One two three four five.\n\nSix seven eight. Nine ten eleven twelve."
    assert [each.text for each in cut(text, 8, 0)] == [
        "One two three four five.",
        "Six seven eight. Nine ten eleven twelve.",
    ]


def test_sections_are_not_mixed() -> None:
    sections = [Section("One.", "page 1"), Section("Two.", "page 2", "Above")]
    found = list(chunks(sections, words))
    assert [(each.content, each.location) for each in found] == [("One.", "page 1"), ("Above\nTwo.", "page 2")]


def test_plain_text_is_found_by_its_lines() -> None:
    text = "one two three\nfour five six\n\n\nseven eight nine\n"
    found = list(chunks([Section(text)], words, most=4, overlap=0))
    assert [each.location for each in found] == ["line 1", "line 2", "line 5"]


@pytest.mark.parametrize("text", ["x" * 100_000, "x" * 50 + " " + "y" * 5_000, "漢" * 5_000, "💬" * 3_000])
def test_words_without_end_are_cut(text: str) -> None:
    found = list(chunks([Section(text, "x")], tokens, overlap=0))
    assert "".join(each.text for each in found).replace(" ", "") == text.replace(" ", "")
    assert max(len(each.text) for each in found) <= 240 * CHARACTERS


def test_a_heading_keeps_its_end() -> None:
    assert shortened("one two three four", words, 2) == "three four"
    assert shortened("x" * 100, len, 10) == "x" * 5


def test_the_same_passage_has_the_same_hash() -> None:
    [one], [two], [other] = cut("One."), cut("\nOne.  "), cut("One.", heading="Above")
    assert one.content_hash == two.content_hash != other.content_hash
