"""Files that are uploaded to a workspace."""

from __future__ import annotations

from athena.bundles.files import write_zip
from athena.bundles.format import Bundle, Manifest, Resource, write

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c636060606000000005000"
    "1a5f645400000000049454e44ae426082"
)


def marked_bundle(mark: str) -> tuple[str, bytes, str]:
    """A bundle with a prompt in which ``mark`` stands: name, content and type."""
    prompt = Resource("prompts", "marked", {"name": mark, "content": mark})
    bundle = Bundle.of(Manifest(name="marked", version="1.0.0", description=mark), [prompt])
    return "bundle.zip", write_zip(write(bundle)), "application/zip"
