"""Evaluations: an agent's version answers a dataset's inputs, and each answer is held against what was expected."""
