"""Packs: Parquet files of consecutive blocks, and the manifest that says what lies where."""
