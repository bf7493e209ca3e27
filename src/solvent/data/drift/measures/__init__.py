"""Distances between two distributions and what chance makes of them: over curves of numbers, and over counts."""
