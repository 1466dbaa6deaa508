"""What starts workflows from outside: requests that show who sends them, and times that come round. Pure."""
