"""The documentation site's own part, as a hook of MkDocs: pages that lie outside ``docs`` or are made of the code.

``make docs`` builds ``build/site``. Links are written for the repository, where its host shows them; here those that
lead out of ``docs`` are turned to where the site has the same text.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from scripts.documentation_api import api_pages
from scripts.documentation_reference import reference_pages

ROOT: Final = Path(__file__).resolve().parent.parent
MOVED: Final[Mapping[str, str]] = {
    "SECURITY.md": "project/security.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CHANGELOG.md": "project/changes.md",
    "benchmarks/README.md": "project/measurements.md",
}
"""What the site has elsewhere than the repository."""
FENCE: Final = re.compile(r"^(```.*?^```)", re.MULTILINE | re.DOTALL)
LINK: Final = re.compile(r"(\]\()([^)\s]+)(\))")
STATUS: Final = re.compile(r"^(\d{3})\.(?= )", re.MULTILINE)
FETCHED: Final = re.compile(r"<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=[\"']?(?:https?:)?//[^>]*>")
DECISIONS: Final = "Decisions"
OPERATIONS: Final = "Operations of the API"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fills in what the navigation cannot name: each decision, and each group of operations."""
    decisions = [{_title(path): f"adr/{path.name}"} for path in sorted((ROOT / "docs" / "adr").glob("*.md"))]
    operations = [{title: name} for name, title, _ in api_pages()]
    lists = {DECISIONS: [{"All": "adr/index.md"}, *decisions], OPERATIONS: operations}
    config.nav = _filled(cast("list[Any]", config["nav"]), lists)
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Adds the pages that are no files of ``docs``."""
    texts = {MOVED[name]: (ROOT / name).read_text("utf-8") for name in MOVED}
    texts["adr/index.md"] = _decisions()
    texts.update({name: text for name, _, text in (*api_pages(), *reference_pages())})
    for name, text in texts.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turns the links of a page of the repository to the site's pages."""
    del config, files
    at = page.file.src_uri
    if page.file.generated_by and at not in MOVED.values():
        return markdown
    origin = next((name for name, target in MOVED.items() if target == at), f"docs/{at}")
    parts = FENCE.split(markdown)
    return "".join(part if part.startswith("```") else turned(part, origin, at) for part in parts)


def on_post_page(output: str, *, page: Page, config: MkDocsConfig) -> str:
    """Ends the build where a page would fetch something from elsewhere."""
    del config
    if found := FETCHED.search(output):
        raise PluginError(f"{page.file.src_uri} fetches from elsewhere: {found.group(0)}")
    return output


def turned(text: str, origin: str, at: str) -> str:
    """``text`` with its links, which are right in the file ``origin``, made right on the page ``at``.

    A status at the beginning of a paragraph stays one, where Markdown would begin a list with it.
    """

    def turn(found: re.Match[str]) -> str:
        link = found.group(2)
        path, hash_, anchor = link.partition("#")
        if not path or re.match(r"[a-z]+:", path):
            return found.group(0)
        target = posixpath.normpath(posixpath.join(posixpath.dirname(origin), path))
        page = MOVED.get(target, target.removeprefix("docs/"))
        return f"{found.group(1)}{posixpath.relpath(page, posixpath.dirname(at) or '.')}{hash_}{anchor}{found.group(3)}"

    return STATUS.sub(r"\1\\.", LINK.sub(turn, text))


def _filled(items: Sequence[Any], lists: Mapping[str, Sequence[Any]]) -> list[Any]:
    filled: list[Any] = []
    for item in items:
        if isinstance(item, str):
            filled.append({item: lists[item]} if item in lists else item)
        else:
            pairs = cast("dict[str, Any]", item).items()
            filled.append(
                {
                    key: _filled(cast("list[Any]", each), lists) if isinstance(each, list) else each
                    for key, each in pairs
                }
            )
    return filled


def _title(path: Path) -> str:
    return path.read_text("utf-8").partition("\n")[0].removeprefix("# ")


def _decisions() -> str:
    paths = sorted((ROOT / "docs" / "adr").glob("*.md"))
    lines = [f"- [{_title(path)}]({path.name})" for path in paths]
    return "# Decisions\n\nWhat was decided, and why; a page for each.\n\n" + "\n".join(lines) + "\n"
