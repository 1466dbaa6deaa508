"""The packaged language model: fetched, checked, and served by a process of its own like any other provider."""
