"""Accounts: a workspace's sealed credentials for providers."""
