"""Budgets: how much money and how many tokens may be spent in a period, by whom or by what."""
