"""What is no longer to be kept: what a deletion still has to reach, and what has become too old."""
