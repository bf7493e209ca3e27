"""Constants that code reads: plain values, arrays and frames, objects, and wrappers of code."""
