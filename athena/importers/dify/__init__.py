"""Apps of Dify."""
