"""One file for each type of tool."""
