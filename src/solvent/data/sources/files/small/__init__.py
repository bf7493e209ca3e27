"""Many small files: read together where they are alike, since each by itself costs more than its rows."""
