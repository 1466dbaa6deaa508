"""Pages of one host, read as its robots.txt allows."""

from __future__ import annotations

import asyncio
import html
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Final
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser

from athena.kit.egress import Egress, EgressError, EgressResponse

AGENT: Final = "Athena"
SECONDS: Final = 30.0
PAGE_BYTES: Final = 10_000_000
ROBOTS_BYTES: Final = 500_000
SITEMAP_BYTES: Final = 50_000_000
SITEMAPS: Final = 20
"""How many of a sitemap's own sitemaps are read."""
PAUSE_SECONDS: Final = 10.0
"""The longest pause between two pages that a host can ask for."""
ACCEPT: Final = "text/html, application/pdf;q=0.9, text/*;q=0.8, */*;q=0.1"
LOCATION: Final = re.compile(r"<loc>\s*(?:<!\[CDATA\[)?\s*([^<\]]{1,2048}?)\s*(?:\]\]>)?\s*</loc>", re.IGNORECASE)
OK: Final = 200
MISSING: Final = frozenset({404, 410})
SERVER_ERROR: Final = 500


class PageFailed(Exception):
    """A page cannot be read. ``gone``: its host says that there is none."""

    def __init__(self, code: str, message: str, *, gone: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.gone = gone


@dataclass(frozen=True, slots=True)
class WebPage:
    """What is at an address."""

    content: bytes
    mime_type: str
    charset: str


class Site:
    """The host of one address; nothing else is asked."""

    def __init__(self, egress: Egress, url: str) -> None:
        self._egress = egress
        self._url = url
        self._host = _host(url)
        self._robots: RobotFileParser | None = None

    async def page(self, url: str) -> WebPage:
        """What is at ``url``; :class:`PageFailed` when it is not to be had."""
        answer = await self._get(url, PAGE_BYTES)
        message = Message()
        message["content-type"] = answer.headers.get("content-type", "text/html")
        return WebPage(answer.body, message.get_content_type(), message.get_content_charset() or "")

    async def sitemap(self, most: int) -> list[str]:
        """The first pages of the host's sitemap: that at the address itself, or where robots.txt or custom has it."""
        waiting = [self._url]
        if not urlsplit(self._url).path.endswith((".xml", ".xml.gz")):
            robots = await self._rules()
            waiting = [url for url in robots.site_maps() or [] if _host(url) == self._host]
            waiting = waiting or [urljoin(self._url, "/sitemap.xml")]
        found: dict[str, None] = {}
        for _ in range(SITEMAPS):
            if not waiting or len(found) >= most:
                break
            text = _unpacked((await self._get(waiting.pop(0), SITEMAP_BYTES)).body).decode("utf-8", "replace")
            urls = [url for url in _locations(text) if _host(url) == self._host]
            if "<sitemapindex" in text:
                waiting += urls
            else:
                found.update(dict.fromkeys(urls))
        return list(found)[:most]

    async def pause(self) -> None:
        """Waits as long as the host wants between two pages."""
        delay = (await self._rules()).crawl_delay(AGENT)
        if delay:
            await asyncio.sleep(min(float(delay), PAUSE_SECONDS))

    async def _get(self, url: str, most: int) -> EgressResponse:
        await self._check(url)
        try:
            answer = await self._egress.request(
                "GET", url, headers={"Accept": ACCEPT}, timeout=SECONDS, max_bytes=most, allow_redirects=True
            )
        except EgressError as error:
            raise PageFailed("page_unreachable", str(error)) from error
        if answer.status != OK:
            raise PageFailed(
                "page_unreachable", f"{self._host} answered {answer.status}.", gone=answer.status in MISSING
            )
        if answer.url != url:
            if _host(answer.url) != self._host:
                raise PageFailed("page_elsewhere", f"{self._host} leads to another host, {_host(answer.url)}.")
            await self._check(answer.url)
        return answer

    async def _check(self, url: str) -> None:
        if not (await self._rules()).can_fetch(AGENT, url):
            raise PageFailed("page_forbidden", f"The robots.txt of {self._host} does not allow this page to be read.")

    async def _rules(self) -> RobotFileParser:
        """What robots.txt says; a host that has none allows everything, and one that is ill nothing (RFC 9309)."""
        if self._robots is not None:
            return self._robots
        try:
            answer = await self._egress.request(
                "GET",
                urljoin(self._url, "/robots.txt"),
                timeout=SECONDS,
                max_bytes=ROBOTS_BYTES,
                allow_redirects=True,
            )
        except EgressError as error:
            raise PageFailed("page_unreachable", str(error)) from error
        if answer.status >= SERVER_ERROR:
            raise PageFailed("page_unreachable", f"The robots.txt of {self._host} answered {answer.status}.")
        robots = RobotFileParser()
        robots.parse(answer.body.decode("utf-8", "replace").splitlines() if answer.status == OK else [])
        self._robots = robots
        return robots


def _host(url: str) -> str:
    """The host with its port, which is all that a source may reach; empty for what is no address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return ""
    return parts.hostname if port is None else f"{parts.hostname}:{port}"


def _locations(text: str) -> Iterator[str]:
    return (html.unescape(found[1]) for found in LOCATION.finditer(text))


def _unpacked(content: bytes) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return zlib.decompressobj(wbits=31).decompress(content, SITEMAP_BYTES)
    except zlib.error as error:
        raise PageFailed("page_unreachable", "The sitemap is damaged.") from error
