"""Texts that would run a script or load something from elsewhere, if a page took them for anything but texts.

Whatever runs sets ``window.ran``; whatever loads asks ``elsewhere.example``.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from itertools import product
from typing import Final

FOREIGN: Final = "https://elsewhere.example/"
RUN: Final = "window.ran=1"

MARKUP: Final = (
    f"<script>{RUN}</script>",
    f"<script src={FOREIGN}a.js></script>",
    f"<img src=x onerror={RUN}>",
    f"<img src={FOREIGN}b.png>",
    f"<svg onload={RUN}><script>{RUN}</script></svg>",
    f"<svg><animate onbegin={RUN} attributeName=x dur=1s><image href={FOREIGN}c.png /></svg>",
    '<iframe srcdoc="<script>parent.ran=1</script>"></iframe>',
    f"<iframe src=javascript:parent.{RUN[7:]}></iframe>",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--><img src=x onerror={RUN}>'>",
    f"<details open ontoggle={RUN}><summary>d</summary></details>",
    f"<input autofocus onfocus={RUN}>",
    f"<style>@import '{FOREIGN}d.css';*{{background:url({FOREIGN}e.png)}}</style>",
    f"<link rel=stylesheet href={FOREIGN}f.css><base href={FOREIGN}>",
    f"<form action=javascript:{RUN}><button autofocus onfocus={RUN}>b</button></form>",
    f"<video poster={FOREIGN}g.png autoplay><source src={FOREIGN}h.mp4 onerror={RUN}></video>",
    f"<b style='background:url({FOREIGN}i.png)' onmouseover={RUN}>b</b>",
    f"<noscript><p title='</noscript><img src=x onerror={RUN}>'></noscript>",
    f"<object data=javascript:{RUN}></object><embed src=javascript:{RUN}>",
    f"<meta http-equiv=refresh content='0;url=javascript:{RUN}'>",
    f"<template><img src=x onerror={RUN}></template><xmp><img src=x onerror={RUN}></xmp>",
)
"""HTML in which something runs or loads by itself."""

AROUND: Final[tuple[Callable[[str], str], ...]] = (
    lambda markup: markup,
    lambda markup: f"\"'>{markup}",
    lambda markup: f"</textarea></title></script></style>-->{markup}",
    lambda markup: f"**{markup}** _{markup}_",
    lambda markup: f"> - # {markup}",
    lambda markup: f"|a|\n|-|\n|{markup}|",
    lambda markup: f'[{markup}]({FOREIGN}k "{markup}")',
    lambda markup: f"```html {markup}\n</code></pre>{markup}\n```",
    lambda markup: f"$$\n\\text{{{markup}}}\n$$ and $\\htmlData{{a={markup}}}{{x}}$",
    html.escape,
    lambda markup: markup.replace("<", "\\<").replace("=", "&#61;"),
    lambda markup: markup.swapcase().replace(RUN.swapcase(), RUN),
)
"""Where it may stand."""

ADDRESSES: Final = (
    f"javascript:{RUN}",
    f"JaVaScRiPt&colon;{RUN}",
    f"java\tscript:{RUN}",
    f"&#106;avascript:{RUN}",
    f"\x01javascript:{RUN}",
    f"data:text/html,<script>opener.{RUN[7:]}</script>",
    f"vbscript:{RUN}",
)
LINKS: Final = (
    "[a]({})",
    "[a](<{}>)",
    "<{}>",
    "[a][b]\n\n[b]: {}",
    "[![a]({})]({})",
    '<a href="{}" target=_self>a</a>',
    "<svg><a xlink:href='{}'><text>a</text></a></svg>",
    "$\\href{{{}}}{{x}}$ and $\\includegraphics{{{}}}$",
    f"![a]({FOREIGN}l.png) {{}}",
)

PAYLOADS: Final = (
    *(around(markup) for markup, around in product(MARKUP, AROUND)),
    *(link.format(address, address) for address, link in product(ADDRESSES, LINKS)),
)
