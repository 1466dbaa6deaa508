"""Facts, preferences and episodes that become memories once a thread has gone quiet."""
