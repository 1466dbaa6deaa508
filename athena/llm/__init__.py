"""Model access: messages in, events out. Knows the providers' wire dialects, and neither database nor HTTP server."""
