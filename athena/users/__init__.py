"""The people who use Athena."""
