"""Notebooks: checked, converted into pipelines with proof, tracked while they are explored, and shown."""
