"""Measurements on data that is given as an argument."""
