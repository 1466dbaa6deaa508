"""``/ag-ui``: agents and models for front ends, which speak AG-UI."""
