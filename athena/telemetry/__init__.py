"""What the operator's own programs are told of this process: its metrics, and where its traces go."""
