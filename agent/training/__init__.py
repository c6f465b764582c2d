"""Recipes that make the shipped weights. Nothing that runs a turn imports this."""
