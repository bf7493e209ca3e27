"""Frames of every kind become canonical rows, and canonical rows become the frame that is asked for."""
