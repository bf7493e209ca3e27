"""A classifier that is to tell two tables apart: what it finds is drift of columns together."""
