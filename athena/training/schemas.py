"""What agents are trained with, coming in and going out."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field

from athena.kit.schemas import Input, Name, Output, Resource, Timestamp, Uuid
from athena.large_language_models.parameters import ModelName
from athena.users.schemas import Person

SourceKind = Literal["text", "qa", "media", "url", "thread"]
SourceStatus = Literal["pending", "processing", "completed", "failed", "cancelled"]

MAXIMUM_TEXT = 1_000_000
MAXIMUM_PAIRS = 1_000
MAXIMUM_SOURCES = 50
MAXIMUM_PAGES = 1_000
DEFAULT_PAGES = 50

Said = Annotated[str, Field(min_length=1, max_length=20_000, pattern=r"\S")]


class TextSource(Input):
    """A text, in Markdown or plain. The same title again replaces it."""

    type: Literal["text"]
    title: Name
    text: Annotated[str, Field(min_length=1, max_length=MAXIMUM_TEXT, pattern=r"\S")]


class Pair(Input):
    """A question and how it is answered."""

    question: Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"\S")]
    answer: Said


class QaSource(Input):
    """Questions and answers. The same title again replaces them; without one, the same questions do."""

    type: Literal["qa"]
    title: Name | None = None
    pairs: Annotated[list[Pair], Field(min_length=1, max_length=MAXIMUM_PAIRS)]


class MediaSource(Input):
    """An uploaded file: PDF, DOCX, HTML, Markdown, CSV, text, or an image that a seeing model describes."""

    type: Literal["media"]
    media_uuid: Uuid
    model: Annotated[ModelName | None, Field(description="Who describes an image. Left out: the agent's model.")] = None


def _address(value: str) -> str:
    try:
        parts = urlsplit(value)
        valid = bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ValueError("must be an absolute http or https address")
    return value


class UrlSource(Input):
    """A page of the web, or those of a sitemap, as far as robots.txt of its host allows."""

    type: Literal["url"]
    url: Annotated[str, Field(max_length=2_048, pattern=r"^https?://\S+$"), AfterValidator(_address)]
    sitemap: Annotated[
        bool, Field(description="The pages of the sitemap at `url`, or of the one that its host names.")
    ] = False
    max_pages: Annotated[int, Field(ge=1, le=MAXIMUM_PAGES, description="Of the sitemap, the first so many.")] = (
        DEFAULT_PAGES
    )


class ThreadSource(Input):
    """What was asked and answered in a thread, along its latest branch."""

    type: Literal["thread"]
    thread_uuid: Uuid


SourceInput = Annotated[TextSource | QaSource | MediaSource | UrlSource | ThreadSource, Field(discriminator="type")]


class AgentTraining(Input):
    """Has an agent learn from sources, each by itself: one that fails keeps no other from being learnt."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"sources": [{"type": "text", "title": "Returns", "text": "Goods come back within thirty days."}]}
            ]
        }
    )

    sources: Annotated[list[SourceInput], Field(min_length=1, max_length=MAXIMUM_SOURCES)]
    background: Annotated[bool, Field(description="Answer 202 at once; false: when all is learnt.")] = True


class SourceRefresh(Input):
    """How to be answered."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"background": True}]})

    background: Annotated[bool, Field(description="Answer 202 at once; false: when it is learnt.")] = True


class SourceError(Output):
    """Why a source was not learnt."""

    code: str
    message: str


class SourceCounts(Output):
    """How much there is of a source, as of its last training."""

    chunks: Annotated[int, Field(description="Passages, each a memory.", examples=[12])]
    positions: Annotated[int, Field(description="Pages, headings, rows or turns that they stand at.", examples=[4])]
    documents: Annotated[int, Field(description="Pages of the web; of everything else, one.", examples=[1])]
    skipped: Annotated[int, Field(description="Pages of the web that could not be read.", examples=[0])]
    bytes: Annotated[int, Field(description="What was read.", examples=[18_432])]


class AgentSource(Resource):
    """What an agent is trained with. Relations are null unless ``with`` names them."""

    agent_uuid: UUID
    type: SourceKind
    title: str
    url: str | None
    media_uuid: UUID | None
    thread_uuid: UUID | None
    sitemap: Annotated[bool | None, Field(description="Of a page of the web.")]
    max_pages: Annotated[int | None, Field(description="Of a page of the web.", examples=[50])]
    status: SourceStatus
    error: SourceError | None
    counts: SourceCounts
    content_hash: Annotated[
        str | None, Field(description="SHA-256 of what was read last.", examples=["9f86d081884c7d659a2feaa0c55ad015"])
    ]
    run_uuid: Annotated[UUID, Field(description="The latest run that trains it.")]
    trained_at: Timestamp | None
    creator: Person | None = None
