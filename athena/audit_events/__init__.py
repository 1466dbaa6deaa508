"""The log of changes: who did what in a workspace, append-only."""
