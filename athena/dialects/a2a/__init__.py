"""``/a2a``: agents of a workspace for other agents, which speak A2A."""
