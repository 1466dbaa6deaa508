"""Messages: what was said in a thread, as a tree of branches."""
