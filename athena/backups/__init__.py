"""Backups of everything that Athena keeps: one file, consistent, made while it runs."""
