"""Types of workflow nodes: one file each, with its configuration, its ports, and what it does."""
