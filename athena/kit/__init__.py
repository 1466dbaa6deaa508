"""What every room of the house stands on. Knows no word of Athena's domain."""
