"""Fuzzing: random and broken input by the million."""
