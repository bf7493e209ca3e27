"""Reading notebooks of every form into cells, and what IPython adds to Python into plain Python."""
