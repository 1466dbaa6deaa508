"""Text, Markdown and tables become sections whose positions have names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.documents import DocumentError, Section, markdown_sections, plain_sections, table_sections

MARKDOWN = """Before any heading.

# The *shop*

We mend [bicycles](https://example.com).

## Returns ##

Within thirty days.

```sh
# not a heading
```

### Refunds
By card.

Opening hours
-------------
From nine.
"""


def test_markdown_is_parted_at_its_headings() -> None:
    found = [(each.location, each.text.strip()) for each in markdown_sections(MARKDOWN)]
    assert found == [
        ("beginning", "Before any heading."),
        ("The shop", "We mend [bicycles](https://example.com)."),
        ("The shop > Returns", "Within thirty days.\n\n```sh\n# not a heading\n```"),
        ("The shop > Returns > Refunds", "By card."),
        ("The shop > Opening hours", "From nine."),
    ]


def test_what_stands_before_a_heading_has_none() -> None:
    assert [each.heading for each in markdown_sections(MARKDOWN)][:2] == ["", "The shop"]


def test_rules_and_tables_are_no_headings() -> None:
    text = "one\ntwo\n---\n\n| a | b |\n| --- | --- |\n\n- item\n---\n"
    assert [each.location for each in markdown_sections(text)] == ["beginning"]


def test_a_heading_with_nothing_under_it_is_kept() -> None:
    found = [(each.location, each.text) for each in markdown_sections("# Phone\n## 555 1234\n# Open\n#\n## Fax")]
    assert found == [("Phone > 555 1234", "555 1234"), ("Open", "Open"), ("Fax", "Fax")]


@given(st.lists(st.text("ab #*`~-=\n\t", max_size=12), max_size=12))
def test_no_letter_of_markdown_is_lost(lines: list[str]) -> None:
    text = "\n".join(lines)
    kept = "".join(f"{each.heading} {each.text}" for each in markdown_sections(text))
    for letter in "ab":
        assert kept.count(letter) >= text.count(letter)


def test_rows_are_told_with_the_names_of_their_columns() -> None:
    table = 'Model;Price;Note\nGravelking;45;\n;;\n"Race; thin";60;a|b;extra\n'
    assert table_sections(table) == [
        Section("Model: Gravelking; Price: 45", "row 2"),
        Section("Model: Race; thin; Price: 60; Note: a|b; extra", "row 4"),
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(separator: str) -> None:
    rows = ["name", "price"], ["bell", "9"], ["lock", "30"]
    table = "\n".join(separator.join(row) for row in rows)
    assert [each.text for each in table_sections(table)] == ["name: bell; price: 9", "name: lock; price: 30"]


def test_a_table_with_a_field_without_end_is_refused() -> None:
    with pytest.raises(DocumentError) as refused:
        table_sections('a,b\n"' + "x" * 200_000)
    assert refused.value.code == "document_damaged"


def test_nothing_is_no_section() -> None:
    assert plain_sections(" \n ") == markdown_sections("\n") == table_sections("") == []
