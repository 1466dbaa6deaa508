"""Memories: what is known from earlier, found again by meaning and by words."""
