"""Ids that follow from others."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from athena.kit.ids import derived_uuid, new_uuid


@given(st.integers(0, 2**47), st.text(), st.text())
def test_a_derived_id_is_always_the_same_and_of_its_parent_s_moment(milliseconds: int, name: str, other: str) -> None:
    parent = UUID(int=milliseconds << 80)
    derived = derived_uuid(parent, name)
    assert derived == derived_uuid(parent, name)
    assert (derived.version, derived.variant) == (7, "specified in RFC 4122")
    assert derived.int >> 80 == parent.int >> 80
    assert (derived == derived_uuid(parent, other)) == (name == other)


def test_the_same_name_within_others_is_something_else() -> None:
    assert derived_uuid(new_uuid(), "a") != derived_uuid(new_uuid(), "a")
