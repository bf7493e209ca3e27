"""Checking notebooks: run from the top in a fresh kernel, and judged cell by cell."""
