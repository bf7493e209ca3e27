"""Writing the project of a converted notebook, file by file."""
