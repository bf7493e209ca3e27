"""Figures of merit, their intervals, and the pictures of them."""
