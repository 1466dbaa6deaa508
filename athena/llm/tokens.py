"""How long a conversation is, roughly, and how it is made to fit a model. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from athena.llm.errors import ErrorKind, ModelError
from athena.llm.types import ImagePart, Message

BYTES_PER_TOKEN = 3
"""English has about four bytes to a token; Chinese three to a character and token. Three errs to the safe side."""
IMAGE_TOKENS = 1600
MESSAGE_TOKENS = 4


def estimate(text: str) -> int:
    """About how many tokens ``text`` has, rather too many than too few. Takes under a microsecond a kilobyte."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return -(-size // BYTES_PER_TOKEN)


def estimate_message(message: Message) -> int:
    """About how many tokens ``message`` has, with its images, its tool calls, and what it carries for its dialect."""
    size = MESSAGE_TOKENS
    if isinstance(message.content, str):
        size += estimate(message.content)
    else:
        size += sum(IMAGE_TOKENS if isinstance(part, ImagePart) else estimate(part.text) for part in message.content)
    size += sum(MESSAGE_TOKENS + estimate(call.name) + estimate(call.arguments) for call in message.tool_calls)
    if message.opaque is not None:
        size += len(msgspec.json.encode(message.opaque)) // BYTES_PER_TOKEN
    return size


def fit(messages: Sequence[Message], system: str | None, limit: int, reserve: int) -> list[Message]:
    """The messages that fit, without the oldest ones where they do not.

    A tool's result stays with its call. The last user's message is always kept, and so is what stands last. If anything
    was left out, what remains begins with a user's message, as some providers demand.

    Args:
        messages: the conversation, oldest first.
        system: the system prompt, which is sent too.
        limit: the model's context window in tokens.
        reserve: tokens kept free for the answer and for the descriptions of tools.

    Raises:
        ModelError: what must be kept is already too long (``context_too_long``).
    """
    units = _units(messages)
    if not units:
        return []
    sizes = [sum(map(estimate_message, unit)) for unit in units]
    budget = limit - reserve - (estimate(system) + MESSAGE_TOKENS if system else 0)
    asked = max((index for index, unit in enumerate(units) if unit[0].role == "user"), default=len(units) - 1)
    fixed = {asked, len(units) - 1}
    kept = [True] * len(units)
    excess = sum(sizes) - budget
    for index, size in enumerate(sizes):
        if excess <= 0:
            break
        if index not in fixed:
            kept[index] = False
            excess -= size
    if excess > 0:
        needed = sum(sizes[index] for index in fixed)
        raise ModelError(
            ErrorKind.CONTEXT_TOO_LONG,
            f"The last message has about {needed:,} tokens, but the model has room for {max(budget, 0):,}"
            " beside its instructions and its answer. Shorten the message, or choose a model with more context.",
        )
    if not all(kept):
        for index in range(asked):
            if kept[index] and units[index][0].role == "user":
                break
            kept[index] = False
    return [message for unit, keep in zip(units, kept, strict=True) if keep for message in unit]


def _units(messages: Sequence[Message]) -> list[list[Message]]:
    """The messages in groups that may only be dropped as a whole: a call of tools, and their results."""
    units: list[list[Message]] = []
    for message in messages:
        if message.role == "tool" and units:
            units[-1].append(message)
        else:
            units.append([message])
    return units
