"""What is kept: blobs, the formats that make them, the fingerprints of code, and the catalog."""
