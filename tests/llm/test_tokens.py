"""Estimates of length, trimming to a context window, and prices."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from athena.llm import catalog, prices
from athena.llm.errors import ModelError
from athena.llm.tokens import estimate, estimate_message, fit
from athena.llm.types import ImagePart, Message, TextPart, ToolCall, Usage

LONG = st.integers(0, 300).map(lambda size: "x" * size)


@st.composite
def conversations(draw: st.DrawFn) -> list[Message]:
    messages: list[Message] = []
    for number in range(draw(st.integers(1, 8))):
        messages.append(Message("user", draw(LONG)))
        for step in range(draw(st.integers(0, 2))):
            calls = tuple(ToolCall(f"{number}.{step}.{one}", "f", "{}") for one in range(draw(st.integers(1, 2))))
            messages.append(Message("assistant", draw(LONG), tool_calls=calls))
            messages.extend(Message("tool", draw(LONG), tool_call_id=call.id) for call in calls)
        if draw(st.booleans()):
            messages.append(Message("assistant", draw(LONG)))
    return messages


@given(conversations(), st.integers(10, 2000), st.integers(0, 200))
def test_what_fits_is_the_newest_part_and_pairs_stay_together(
    messages: list[Message], limit: int, reserve: int
) -> None:
    try:
        kept = fit(messages, "Be brief.", limit, reserve)
    except ModelError:
        # Only where the last turn, all of which could at most be kept, is too long by itself.
        last_user = max(index for index, message in enumerate(messages) if message.role == "user")
        assert sum(map(estimate_message, messages[last_user:])) + estimate("Be brief.") + 4 > limit - reserve
        return
    assert sum(map(estimate_message, kept)) + estimate("Be brief.") <= limit - reserve
    position = 0
    for message in kept:
        position = messages.index(message, position) + 1
    last_user = max(index for index, message in enumerate(messages) if message.role == "user")
    assert messages[last_user] in kept
    assert kept[0].role == "user"
    assert kept[-1] == messages[-1]
    calls = {call.id for message in kept for call in message.tool_calls}
    assert calls == {message.tool_call_id for message in kept if message.role == "tool"}


@given(conversations())
def test_what_fits_whole_is_left_alone(messages: list[Message]) -> None:
    assert fit(messages, None, 1_000_000, 0) == messages


def test_a_last_message_that_is_too_long_is_an_error_that_says_so() -> None:
    with pytest.raises(ModelError, match="about 3,338 tokens, but the model has room for 1,000"):
        fit([Message("user", "old"), Message("user", "x" * 10_000)], None, 1200, 200)


def test_nothing_fits_anywhere() -> None:
    assert fit([], "system", 10, 0) == []


@given(st.text())
def test_an_estimate_is_never_negative_and_grows(text: str) -> None:
    assert 0 <= estimate(text) <= estimate(text + "x")


def test_estimates_err_to_the_safe_side() -> None:
    english = "The quick brown fox jumps over the lazy dog, and nobody is surprised. " * 10
    assert 140 <= estimate(english) <= 300
    assert estimate("你好世界") >= 4
    assert estimate("half \ud800") > 0
    image = Message("user", (TextPart("look"), ImagePart("image/png", b"1234")))
    assert estimate_message(image) > 1000


def test_prices_know_cached_tokens_and_only_exact_providers() -> None:
    full = prices.cost("openai", "gpt-4o-mini", Usage(1_000_000, 0))
    cached = prices.cost("openai", "gpt-4o-mini", Usage(1_000_000, 0, cached_input_tokens=1_000_000))
    assert full == Decimal("0.15")
    assert full is not None
    assert cached is not None
    assert cached < full
    assert prices.cost("openai", "no-such-model-at-all", Usage(1, 1)) is None
    assert prices.cost("my-openai-proxy", "gpt-4o-mini", Usage(1, 1)) is None
    assert prices.cost("openai", "gpt-4o-mini", Usage(0, 0)) == 0


def test_the_catalogue_has_every_provider_with_sizes_and_prices() -> None:
    models = catalog.known_models()
    assert {model.provider_slug for model in models} == set(catalog.PROVIDERS)
    assert len({(model.provider_slug, model.id) for model in models}) == len(models)
    mini = next(model for model in models if (model.provider_slug, model.id) == ("openai", "gpt-4o-mini"))
    assert (mini.context_window, mini.input_price) == (128_000, Decimal("0.15"))
    assert not any(model.id.startswith("ft:") for model in models)
