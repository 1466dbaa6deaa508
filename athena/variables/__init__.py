"""Variables: a workspace's values and sealed secrets that workflows read by name."""
