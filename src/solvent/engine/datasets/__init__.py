"""Datasets: tables with a name, versions and known readers, shared by the projects of one archive."""
