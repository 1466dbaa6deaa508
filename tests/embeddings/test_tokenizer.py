"""Texts become the very tokens that the model was trained with."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

import athena.embeddings
from athena.embeddings.tokenizer import MAXIMUM_TOKENS, tokenize, vocabulary, words

VOCABULARY = Path(athena.embeddings.__file__).with_name("vocabulary.txt")


@pytest.fixture(scope="module")
def oracle() -> Tokenizer:
    """The reference implementation, over the same vocabulary."""
    tokenizer = Tokenizer(models.WordPiece(dict(vocabulary()), unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer


def newer(character: str) -> bool:
    """Whether a mark came into Unicode after the reference's tables were made, so that it reads a letter there."""
    is_mark = unicodedata.category(character).startswith("P")
    return is_mark and len(pre_tokenizers.BertPreTokenizer().pre_tokenize_str(f"a{character}")) == 1


# Characters on which every version of Unicode agrees; newer ones are read as each side's tables know them.
SETTLED = st.characters(
    exclude_categories=("Cs", "Cn", "Co"),
    exclude_characters=[
        character
        for character in map(chr, range(0x110000))
        if newer(character) or (unicodedata.category(character) in {"Po", "Pd", "Mn"} and character > "\u2fff")
    ],
)
TEXTS = st.text(st.one_of(SETTLED, st.sampled_from("abcdeinst ,.-'ÄéßİΣ漢字ñ\t\n")), max_size=200)


@given(text=TEXTS)
@example(text="Zurückzahlung: 14 Tage — naïve café, İstanbul ΣΊΣΥΦΟΣ")
@example(text="日本語のテキスト and English漢字mixed")
@example(text="a" * 101 + " " + "b" * 100)
@example(text="[CLS] [SEP] ##ing")
@example(text="")
def test_it_does_what_the_reference_does(oracle: Tokenizer, text: str) -> None:
    expected = oracle.encode(text, add_special_tokens=False).ids[: MAXIMUM_TOKENS - 2]
    assert tokenize(text) == [101, *expected, 102]


def test_the_vocabulary_is_the_published_one() -> None:
    digest = hashlib.sha256(VOCABULARY.read_bytes()).hexdigest()
    assert digest == "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
    assert len(vocabulary()) == 30_522


def test_words_are_lower_case_without_accents() -> None:
    assert list(words("Der Café-Besuch\tkostete 4,50€!")) == [
        "der",
        "cafe",
        "-",
        "besuch",
        "kostete",
        "4",
        ",",
        "50€",
        "!",
    ]


def test_a_mark_that_someone_writes_is_text() -> None:
    assert vocabulary()["[SEP]"] not in tokenize("one [SEP] two")[1:-1]


def test_long_texts_are_cut() -> None:
    assert len(tokenize("word " * 20_000)) == MAXIMUM_TOKENS
    assert tokenize("x" * 100_000) == [101, vocabulary()["[UNK]"], 102]
