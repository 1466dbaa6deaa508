"""Files: the media of the workspace in the words of this dialect."""
