"""Agents are trained: sources become passages that are found again, each with the place where it stands."""
