"""Text files piece by piece: decoding, cutting at the ends of rows, and guessing what the columns hold."""
