"""Packs: Parquet files of consecutive blocks, one row group a block, and the manifest that says what lies where."""
