"""Chatflows and agentflows of Flowise."""
