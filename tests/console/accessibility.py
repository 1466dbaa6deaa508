"""What axe finds in a page."""

from __future__ import annotations

import functools
from pathlib import Path

from playwright.async_api import Page

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


@functools.cache
def axe_source() -> str:
    return AXE.read_text("utf-8")


async def faults(page: Page) -> list[str]:
    """What axe finds wrong by the rules of WCAG 2.2 AA."""
    await page.evaluate(axe_source())
    found = await page.evaluate(
        """async () => (await axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']}))
          .violations.map((each) => each.id + ': ' + each.nodes.map((node) => node.html).join(' | '))"""
    )
    return list(found)
