"""Notebooks as they were saved: files of several forms, cells, and what IPython adds to Python."""
