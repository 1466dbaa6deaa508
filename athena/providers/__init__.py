"""Providers: definitions of the services that accounts connect to."""
