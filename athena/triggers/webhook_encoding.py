"""The body of a request as it was before it was compressed. Pure.

A signature is of the bytes as they were sent; whatever else is done with a body, is done with what this gives.
"""

from __future__ import annotations

import zlib
from typing import Final

from athena.kit.errors import MalformedRequest, TooLarge, UnsupportedMediaType

GZIP: Final = 16 + zlib.MAX_WBITS
ZLIB: Final = zlib.MAX_WBITS
BARE: Final = -zlib.MAX_WBITS
"""Deflate without the two bytes before it and the checksum after it, which some call ``deflate``, too."""


def decoded(encoding: str | None, body: bytes, maximum_bytes: int) -> bytes:
    """The body without its ``Content-Encoding``, of which there may be one: ``gzip`` or ``deflate``.

    :class:`TooLarge` when it would have more than ``maximum_bytes``, before it has; :class:`MalformedRequest` when it
    is not what it says; :class:`UnsupportedMediaType` for other encodings.
    """
    match (encoding or "identity").strip().lower():
        case "identity" | "":
            return body
        case "gzip" | "x-gzip":
            return _inflated(body, GZIP, maximum_bytes)
        case "deflate":
            try:
                return _inflated(body, ZLIB, maximum_bytes)
            except MalformedRequest:
                return _inflated(body, BARE, maximum_bytes)
        case _:
            raise UnsupportedMediaType(
                "The body's encoding is not known here; send it as it is, or as gzip or deflate."
            )


def _inflated(body: bytes, bits: int, maximum_bytes: int) -> bytes:
    """The bytes; of gzip there may be several parts, one after the other."""
    found = bytearray()
    left = body
    while left:
        part = zlib.decompressobj(bits)
        try:
            found += part.decompress(left, maximum_bytes + 1 - len(found))
        except zlib.error as error:
            raise MalformedRequest("The body is not compressed as its Content-Encoding says.") from error
        if len(found) > maximum_bytes:
            raise TooLarge(f"The body may have {maximum_bytes:,} bytes when it is decompressed.")
        if not part.eof:
            raise MalformedRequest("The compressed body ends before its end.")
        left = part.unused_data
    return bytes(found)
