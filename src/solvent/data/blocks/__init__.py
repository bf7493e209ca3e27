"""Blocks: runs of rows whose borders the rows themselves decide, and the logical digests of their columns."""
