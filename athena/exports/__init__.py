"""Exports: everything of a workspace, or of a user, in one file to take along."""
