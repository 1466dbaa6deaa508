"""The format of a bundle: a manifest, and a file per resource in a folder per kind. Pure.

A resource's file holds what the API takes to create it. Where that has an id, the file has
``{"$ref": "tools/search"}``: a resource of this bundle, an account that the manifest declares (``accounts/openai``),
or a resource of a bundle that this one depends on (``support-desk/tools/search``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, cast, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from athena.bundles.errors import BundleError
from athena.bundles.files import MANIFEST, read_files
from athena.bundles.readable import Document, Place, dump, load
from athena.bundles.versions import check_range, check_version

FORMAT: Final = "athena/bundle/1"
MAXIMUM_VALUES: Final = 200_000
SLUG: Final = r"[a-z0-9][a-z0-9-]{0,63}"
REF: Final = "$ref"
TEXT_OF_KNOWLEDGE: Final = "text"

Kind = Literal["tools", "guardrails", "prompts", "agents", "knowledge", "workflows", "evaluation_sets"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""In an order in which most references lead back."""
_FIRST: Final = ("id", "key", "name", "title", "type", "description", "source", "target", "messages", "input")
"""Keys that come first where they are; the others follow by the alphabet, since a database keeps no order of keys."""
_REFERENCE: Final = re.compile(rf"(?:(?P<bundle>{SLUG})/)?(?P<kind>{'|'.join(KINDS)}|accounts)/(?P<key>{SLUG})")

Slug = Annotated[str, Field(pattern=f"^{SLUG}$", examples=["support-desk"])]
Version = Annotated[str, Field(max_length=64), AfterValidator(check_version)]
Range = Annotated[str, Field(max_length=200, examples=[">=1.2,<2"]), AfterValidator(check_range)]
Description = Annotated[str, Field(max_length=2_000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class DeclaredVariable(_Part):
    """A variable or secret of the workspace that workflows of the bundle read. Its value stays in the workspace."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$", examples=["SHOP_URL"])]
    kind: Literal["variable", "secret"] = "variable"
    description: Description = ""


class DeclaredAccount(_Part):
    """Credentials that resources of the bundle use: an account of the workspace, chosen when the bundle is applied."""

    key: Slug
    provider: Annotated[str, Field(min_length=1, max_length=255, description="The provider's slug.")]
    description: Description = ""


class Manifest(_Part):
    """What a bundle is, and what it needs."""

    format: Literal["athena/bundle/1"] = FORMAT
    name: Slug
    version: Version
    description: Description = ""
    athena: Annotated[Range, Field(description="The versions of Athena that it works with.")] = ""
    dependencies: Annotated[
        dict[Slug, Range], Field(max_length=50, description="Bundles that must be applied before, and their versions.")
    ] = Field(default_factory=dict[str, str])
    variables: Annotated[list[DeclaredVariable], Field(max_length=500)] = Field(default_factory=list[DeclaredVariable])
    accounts: Annotated[list[DeclaredAccount], Field(max_length=100)] = Field(default_factory=list[DeclaredAccount])


class Reference(NamedTuple):
    """What a ``$ref`` names; ``bundle`` is empty for the bundle itself."""

    bundle: str
    kind: str
    key: str

    @property
    def text(self) -> str:
        """As it is written."""
        return "/".join(part for part in self if part)


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a bundle. ``key`` is unique within its ``kind``, and the file's name.

    ``spec`` is plain data in the form of the API's Create model, with references. Of ``knowledge`` it is a source of
    training (``type`` ``text``, ``qa`` or ``url``) with the ``agent_uuid`` that learns it; of ``evaluation_sets`` a
    dataset with its items.
    """

    kind: Kind
    key: str
    spec: Mapping[str, Any]

    @property
    def name(self) -> str:
        """As references name it."""
        return f"{self.kind}/{self.key}"

    @property
    def path(self) -> str:
        """The file's place in the bundle."""
        return f"{self.name}.yaml"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A whole bundle; its resources are in the order of their kinds and keys."""

    manifest: Manifest
    resources: tuple[Resource, ...]

    @classmethod
    def of(cls, manifest: Manifest, resources: Iterator[Resource] | list[Resource]) -> Bundle:
        """A bundle that is whole; :class:`BundleError` otherwise."""
        ordered = tuple(sorted(resources, key=lambda each: (KINDS.index(each.kind), each.key)))
        _check(manifest, ordered)
        return cls(manifest, ordered)


def reference(value: object) -> Reference | None:
    """What ``value`` refers to, if it is a reference at all."""
    if not isinstance(value, Mapping):
        return None
    given = cast("Mapping[str, Any]", value)
    if len(given) != 1 or not isinstance(text := given.get(REF), str):
        return None
    found = _REFERENCE.fullmatch(text)
    return Reference(found["bundle"] or "", found["kind"], found["key"]) if found else None


def references(value: Any, place: Place = ()) -> Iterator[tuple[Place, Reference]]:
    """Every reference in ``value``, with its place."""
    if (found := reference(value)) is not None:
        yield place, found
    elif isinstance(value, Mapping):
        for key, each in cast("Mapping[str, Any]", value).items():
            yield from references(each, (*place, key))
    elif isinstance(value, list | tuple):
        for number, each in enumerate(cast("list[Any]", value)):
            yield from references(each, (*place, number))


def read(source: Path | bytes) -> Bundle:
    """The bundle in a folder, a zip, or a zip's bytes; :class:`BundleError` says what is wrong, and where."""
    files = read_files(source)
    manifest = _manifest(files.pop(MANIFEST))
    texts = {path: files.pop(path) for path in list(files) if path.startswith("knowledge/") and path.endswith(".md")}
    resources: list[Resource] = []
    lines: dict[str, Document] = {}
    values = 0
    for path, text in files.items():
        resource, document = _resource(path, text, texts.pop(_text_path(path), None))
        resources.append(resource)
        lines[resource.path] = document
        values += len(document.lines)
        if values > MAXIMUM_VALUES:
            raise BundleError(f"A bundle has at most {MAXIMUM_VALUES:,} values in all.", path)
    if texts:
        path = min(texts)
        raise BundleError(f"It belongs to {path.removesuffix('.md')}.yaml, which is not there.", path)
    ordered = tuple(sorted(resources, key=lambda each: (KINDS.index(each.kind), each.key)))
    _check(manifest, ordered, lines)
    return Bundle(manifest, ordered)


def write(bundle: Bundle) -> dict[str, str]:
    """The files of a bundle: texts by path. The same bundle always makes the same files."""
    shown = bundle.manifest.model_dump(mode="json", exclude_defaults=True)
    files = {MANIFEST: dump({"format": FORMAT, **shown})}
    for resource in bundle.resources:
        spec = dict(resource.spec)
        if resource.kind == "knowledge" and isinstance(text := spec.get(TEXT_OF_KNOWLEDGE), str):
            files[_text_path(resource.path)] = text
            del spec[TEXT_OF_KNOWLEDGE]
        files[resource.path] = dump(_ordered(spec))
    return files


def _ordered(value: Any) -> Any:
    if isinstance(value, Mapping):
        given = cast("Mapping[str, Any]", value)
        first = [key for key in _FIRST if key in given]
        return {key: _ordered(given[key]) for key in [*first, *sorted(given.keys() - {*first})]}
    if isinstance(value, list):
        return [_ordered(each) for each in cast("list[Any]", value)]
    return value


def _text_path(path: str) -> str:
    return f"{path.removesuffix('.yaml')}.md"


def _mapping(text: str, path: str) -> Document:
    document = load(text, path)
    if not isinstance(document.data, dict):
        raise BundleError("It holds no mapping.", path, 1)
    return document


def _manifest(text: str) -> Manifest:
    document = _mapping(text, MANIFEST)
    if document.data.get("format") != FORMAT:
        raise BundleError(f"This is no bundle of the format {FORMAT}.", MANIFEST, document.line(("format",)))
    try:
        return Manifest.model_validate(document.data)
    except ValidationError as error:
        issue = error.errors(include_url=False, include_input=False)[0]
        message = f"{'.'.join(map(str, issue['loc']))}: {issue['msg']}."
        raise BundleError(message, MANIFEST, document.line(issue["loc"])) from error


def _resource(path: str, text: str, knowledge: str | None) -> tuple[Resource, Document]:
    folder, _, name = path.partition("/")
    key, dot, ending = name.partition(".")
    if folder not in KINDS:
        raise BundleError(f"There is no such kind; there are {', '.join(KINDS)}.", path)
    if not re.fullmatch(SLUG, key) or f"{dot}{ending}" != ".yaml":
        raise BundleError("A file is named after its key (a-z, 0-9, -), and ends with .yaml.", path)
    document = _mapping(text, path)
    spec: dict[str, Any] = document.data
    if knowledge is not None:
        if TEXT_OF_KNOWLEDGE in spec:
            message = f"The text stands in {_text_path(path)} as well."
            raise BundleError(message, path, document.line((TEXT_OF_KNOWLEDGE,)))
        spec[TEXT_OF_KNOWLEDGE] = knowledge
    return Resource(folder, key, spec), document


def _check(manifest: Manifest, resources: tuple[Resource, ...], lines: Mapping[str, Document] | None = None) -> None:
    """Refuses what is there twice, and references that lead nowhere."""
    for what, names in (
        ("The variable", [each.name for each in manifest.variables]),
        ("The account", [each.key for each in manifest.accounts]),
        ("The resource", [each.name for each in resources]),
    ):
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise BundleError(f"{what} {twice[0]} is there twice.", MANIFEST)
    known = {each.name for each in resources} | {f"accounts/{each.key}" for each in manifest.accounts}
    for resource in resources:
        for place, found in references(resource.spec):
            if found.bundle == "" and found.text in known:
                continue
            if found.bundle in manifest.dependencies and found.kind != "accounts":
                continue
            line = lines[resource.path].line(place) if lines else None
            raise BundleError(f"{found.text} is not in the bundle.", resource.path, line)
