"""What starts workflows from outside: requests to their webhooks, the clock, and events of other resources."""
