"""What is not the user's own code: where it lies, which distribution brings it, what of it is a hidden input."""
