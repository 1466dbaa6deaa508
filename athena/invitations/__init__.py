"""Invitations: how somebody comes into a workspace, and only by their own consent."""
