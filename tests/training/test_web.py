"""Pages of the web are learnt as their hosts allow, and nothing beyond what was asked for."""

from __future__ import annotations

import gzip
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from tests.conftest import Tenant
from tests.documents.files import pdf
from tests.training.conftest import learnt, trained
from tests.training.site import FakeSite, served


@pytest.fixture
async def site() -> AsyncGenerator[FakeSite]:
    async with served() as opened:
        yield opened


def page(title: str, text: str) -> str:
    return f"<html><head><title>{title}</title></head><body><nav>Menu</nav><h1>{title}</h1><p>{text}</p></body></html>"


def listed(*urls: str) -> str:
    return "<urlset>" + "".join(f"<url><loc>{url}</loc></url>" for url in urls) + "</urlset>"


async def test_a_page_is_learnt_with_its_address_and_title(owner: Tenant, agent: str, site: FakeSite) -> None:
    url = site.put("/returns?x=1", page("Returns", "Within thirty days."))
    source = await trained(owner, agent, {"type": "url", "url": f"{url}#top"})
    assert (source["status"], source["url"], source["title"]) == ("completed", url, "Returns")
    [memory] = await learnt(owner, source)
    assert memory["content"] == "Returns\nWithin thirty days."
    told = memory["source"]
    assert (told["type"], told["url"], told["title"], told["location"]) == ("url", url, "Returns", "Returns")
    assert site.asked == ["/robots.txt", "/returns?x=1"]
    assert site.agents == {"Athena"}


async def test_other_types_are_read_as_they_are(owner: Tenant, agent: str, site: FakeSite) -> None:
    source = await trained(
        owner, agent, {"type": "url", "url": site.put("/a", pdf(["One.", "Two."]), "application/pdf")}
    )
    assert [each["source"]["location"] for each in await learnt(owner, source)] == ["page 1", "page 2"]
    plain = site.put("/b", "Grüße".encode("latin-1"), "text/plain; charset=latin-1")
    [memory] = await learnt(owner, await trained(owner, agent, {"type": "url", "url": plain}))
    assert memory["content"] == "Grüße"


async def test_a_sitemap_is_followed_as_far_as_it_may_be(owner: Tenant, agent: str, site: FakeSite) -> None:
    urls = [site.put(f"/{n}", page(f"Page {n}", f"Says {n}.")) for n in range(4)]
    elsewhere = "http://localhost:1/"
    site.put("/inner.xml.gz", gzip.compress(listed(elsewhere, *urls, urls[0]).encode()), "application/gzip")
    site.put("/sitemap.xml", f"<sitemapindex><loc>{site.address}/inner.xml.gz</loc></sitemapindex>", "text/xml")
    site.put("/robots.txt", "User-agent: *\nDisallow: /1\n", "text/plain")
    source = await trained(owner, agent, {"type": "url", "url": site.address, "sitemap": True, "max_pages": 3})
    assert (source["status"], source["counts"]["documents"], source["counts"]["skipped"]) == ("completed", 2, 1)
    assert [each["source"]["url"] for each in await learnt(owner, source)] == [urls[0], urls[2]]
    assert site.asked == ["/robots.txt", "/sitemap.xml", "/inner.xml.gz", "/0", "/2"]


async def test_robots_may_name_the_sitemap(owner: Tenant, agent: str, site: FakeSite) -> None:
    site.put("/robots.txt", f"Sitemap: {site.address}/map.xml\n", "text/plain")
    site.put("/map.xml", listed(site.put("/a", page("A", "One."))), "text/xml")
    source = await trained(owner, agent, {"type": "url", "url": f"{site.address}/", "sitemap": True})
    assert source["counts"]["documents"] == 1


async def test_a_page_that_fails_for_now_is_not_forgotten(owner: Tenant, agent: str, site: FakeSite) -> None:
    urls = [site.put(f"/{n}", page(f"Page {n}", f"Says {n}.")) for n in range(3)]
    body = {"type": "url", "url": site.put("/sitemap.xml", listed(*urls), "text/xml"), "sitemap": True}
    await trained(owner, agent, body)
    site.put("/0", "", status=503)
    site.put("/1", "", status=410)
    source = await trained(owner, agent, body)
    assert source["counts"]["skipped"] == 2
    assert {each["source"]["url"] for each in await learnt(owner, source)} == {urls[0], urls[2]}


@pytest.mark.parametrize(
    ("status", "robots", "where", "code"),
    [
        (200, "User-agent: Athena\nDisallow: /", "", "page_forbidden"),
        (404, "", "", "page_unreachable"),
        (500, "", "", "page_unreachable"),
        (302, "", "http://localhost:1/", "page_unreachable"),
        (200, "", " ", "document_empty"),
    ],
)
async def test_a_page_that_cannot_be_read_says_why(
    owner: Tenant, agent: str, site: FakeSite, status: int, robots: str, where: str, code: str
) -> None:
    if robots:
        site.put("/robots.txt", robots, "text/plain")
    url = site.put("/a", where, status=status)
    source = await trained(owner, agent, {"type": "url", "url": url})
    assert (source["status"], source["error"]["code"]) == ("failed", code)


async def test_a_page_that_leads_to_another_host_is_not_followed(owner: Tenant, agent: str, site: FakeSite) -> None:
    async with served() as other:
        target = other.put("/b", page("B", "Elsewhere."))
        source = await trained(owner, agent, {"type": "url", "url": site.put("/a", target, status=302)})
    assert source["error"]["code"] == "page_elsewhere"
    assert await learnt(owner) == []


async def test_a_host_whose_rules_cannot_be_read_is_left_alone(owner: Tenant, agent: str, site: FakeSite) -> None:
    site.put("/robots.txt", "", status=500)
    source = await trained(owner, agent, {"type": "url", "url": site.put("/a", page("A", "One."))})
    assert source["error"]["code"] == "page_unreachable"
    assert site.asked == ["/robots.txt"]


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest", "http://a b/"])
async def test_no_private_address_is_reached(owner: Tenant, agent: str, url: str) -> None:
    body: dict[str, Any] = {"sources": [{"type": "url", "url": url}], "background": False}
    answer = await owner.post(f"{agent}/train", body)
    assert answer.status_code in {409, 422}
    assert await learnt(owner) == []
