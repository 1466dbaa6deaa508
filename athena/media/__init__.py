"""Media: uploaded files, checked by their content."""
