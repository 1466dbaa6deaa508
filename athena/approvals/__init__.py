"""Approvals: what runs ask people, and what they answer; approvals in the narrow sense, and forms."""
