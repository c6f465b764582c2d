"""Measuring: cases, metrics, runner, report. Nothing that runs a turn imports this."""
