"""Bundles: agents, prompts, workflows and what they need, as readable files that travel between workspaces."""
