"""Runs: every execution of an agent or a thread, however it was asked for; and the operations that start one."""
