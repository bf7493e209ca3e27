"""Reading source: syntax trees in a normal form, and whether a file's text is the code that runs."""
