"""What is known of models beside what a provider says: names under which one is sold, and what it is able to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any
from uuid import UUID, uuid5

from athena.llm.catalog import PROVIDERS, known_models
from athena.llm.prices import load
from athena.local_model.process import CONTEXT_TOKENS
from athena.providers.builtin import LOCAL_SLUG, NAMESPACE, builtin_uuid

LOCAL_CONTEXT_WINDOW = CONTEXT_TOKENS
_FORMAT = 1
"""Grows when this module, rather than the data, changes what the catalogue says."""

_NOT_CHAT = re.compile(
    r"tts|transcribe|whisper|audio|realtime|live|moderation|image|ocr|voxtral|orpheus|guard|robotics|nano-banana|omni"
)
_EMBEDDINGS = re.compile(r"embed")
# Families whose every member reads images; those that only think in text are left out on purpose.
_VISION = re.compile(
    r"^(gpt-4o|gpt-4\.[15]|gpt-4-(turbo|vision)|chatgpt-4o|gpt-[5-9]|o1$|o1-pro|o3$|o3-pro|o3-deep|o4|computer-use"
    r"|claude-(3|4|opus|sonnet|haiku|fable|mythos)|gemini|gemma-[3-9]|pixtral|mistral-large-(25|[4-9])|mistral-medium-3"
    r"|mistral-small-(3\.|26)|ministral-.*-25|magistral|llama-4|llama-3\.2-(11|90)b-vision|qwen.*-vl)"
)
_NO_TOOLS = re.compile(
    r"^(ada|babbage|curie|davinci|text-|gpt-3\.5-(0301|turbo-instruct)|o1-(mini|preview)|claude-(2|v1)|gemma-[27]|gemma2"
    r"|llama2|llama-3\.2-1b|mistral-(tiny|7b)|deepseek-r1|computer-use|.*deep-research)"
)
_REASONING = re.compile(
    r"^(o[1-9]|gpt-[5-9]|gpt-oss|claude-(3-7|opus|sonnet|haiku-[4-9]|fable|mythos|4)|gemini-(2\.5|[3-9])|magistral"
    r"|deepseek-r|qwen.*3|kimi-k2-thinking)"
)


def capabilities_of(name: str) -> list[str]:
    """What a model of the catalogue is able to do, as far as its family tells; empty when that tells nothing."""
    family = name.lower().rpartition("/")[2]
    if _EMBEDDINGS.search(family):
        return ["embeddings"]
    if _NOT_CHAT.search(family):
        return []
    found = {"vision"} if _VISION.search(family) else set[str]()
    if _REASONING.search(family):
        found.add("reasoning")
    if not _NO_TOOLS.search(family):
        found |= {"json", "tools"}
    return sorted(found)


def data_version() -> str:
    """Of the data and of what this module makes of it; costs nothing, unlike the data."""
    return f"{_FORMAT}-{version('genai-prices')}"


def model_uuid(provider_slug: str, name: str) -> UUID:
    """The id of a model of the catalogue."""
    return uuid5(NAMESPACE, f"models/{provider_slug}/{name}")


def local_model_uuid(name: str) -> UUID:
    """The id of the packaged model."""
    return model_uuid(LOCAL_SLUG, name)


@lru_cache(1)
def _ids() -> frozenset[tuple[str, str]]:
    return frozenset((model.provider_slug, model.id) for model in known_models())


@lru_cache(4096)
def canonical(name: str, slugs: Sequence[str] = PROVIDERS) -> Sequence[tuple[str, str]]:
    """The models of the catalogue, as provider and name, that are also called ``name``, such as with a date.

    Loads the data (half a second, once): to be called in a thread.
    """
    providers = load()
    found: list[tuple[str, str]] = []
    for slug in slugs:
        model = providers[slug].find_model(name) if slug in providers else None
        if model is not None and (slug, model.id) in _ids():
            found.append((slug, model.id))
    return tuple(found)


def catalogue_rows(local: str | None) -> list[dict[str, Any]]:
    """The columns of every model of the catalogue, and of the packaged model, if this installation runs one.

    Loads the data, as :func:`canonical` does.
    """
    rows = [
        {
            "uuid": str(model_uuid(model.provider_slug, model.id)),
            "provider_uuid": str(builtin_uuid(model.provider_slug)),
            "name": model.id,
            "display_name": model.display_name,
            "context_window": model.context_window,
            "input_price": None if model.input_price is None else float(model.input_price),
            "output_price": None if model.output_price is None else float(model.output_price),
            "capabilities": capabilities_of(model.id),
            "status": "deprecated" if model.deprecated else "active",
        }
        for model in known_models()
    ]
    if local is not None:
        rows.append(
            {
                "uuid": str(local_model_uuid(local)),
                "provider_uuid": str(builtin_uuid(LOCAL_SLUG)),
                "name": local,
                "display_name": f"{local} (packaged)",
                "context_window": LOCAL_CONTEXT_WINDOW,
                "input_price": 0.0,
                "output_price": 0.0,
                "capabilities": ["json", "tools"],
                "status": "active",
            }
        )
    return list({row["uuid"]: row for row in rows}.values())
