"""Running notebooks and watching them: what each statement did, and what was there at the end."""
