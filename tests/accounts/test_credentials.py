"""What may be shown of credentials, and where they go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.accounts.credentials import hints, mask
from athena.providers.builtin import BUILTIN
from athena.providers.schemas import AuthenticationConfig, AuthenticationType, FieldSchema, FieldsSchema


@given(st.text(max_size=200))
def test_a_hint_never_shows_more_than_seven_characters(secret: str) -> None:
    shown = mask(secret)
    assert len(shown) <= 8
    assert len(shown) == 1 or len(secret) >= 20


def test_public_fields_are_shown_and_whatever_may_be_a_secret_is_not() -> None:
    fields = FieldsSchema(
        properties={
            "region": FieldSchema(write_only=False),
            "password": FieldSchema(write_only=False, format="password"),
            "unknown": FieldSchema(),
            "number": FieldSchema(type="integer"),
            "base_url": FieldSchema(format="uri"),
        }
    )
    config = AuthenticationConfig(type=AuthenticationType.NONE, fields=fields)
    shown = hints(config, {"region": "eu", "password": "p", "unknown": "u", "number": 7, "base_url": "https://x.y"})
    assert shown == {"region": "eu", "password": "…", "unknown": "…", "number": "…", "base_url": "https://x.y"}


@pytest.mark.parametrize("builtin", BUILTIN, ids=lambda builtin: builtin.slug)
def test_what_is_stored_of_a_built_in_provider_reads_back_the_same(builtin: object) -> None:
    config = builtin.authentication  # type: ignore[attr-defined]
    assert AuthenticationConfig.model_validate(config.stored()).stored() == config.stored()
