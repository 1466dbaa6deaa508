"""Files that are uploaded to a workspace."""

from __future__ import annotations

from athena.bundles.files import write_zip
from athena.bundles.format import Bundle, Manifest, Resource, write


def marked_bundle(mark: str) -> tuple[str, bytes, str]:
    """A bundle with a prompt in which ``mark`` stands: name, content and type."""
    prompt = Resource("prompts", "marked", {"name": mark, "content": mark})
    bundle = Bundle.of(Manifest(name="marked", version="1.0.0", description=mark), [prompt])
    return "bundle.zip", write_zip(write(bundle)), "application/zip"
