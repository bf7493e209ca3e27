"""Which functions of which libraries are guarded, and which of their arguments names what they read."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["TARGETS", "Target"]


class Target(NamedTuple):
    """Functions of one owner within a module (``""`` is the module itself) that take what they read alike.

    ``place`` is the argument's position, ``words`` are its names. ``kind`` is ``path``, ``written``, ``database``,
    ``query`` or ``server``.
    """

    names: tuple[str, ...]
    kind: str = "path"
    owner: str = ""
    place: int = 0
    words: tuple[str, ...] = ("source", "path", "filename", "file", "where", "paths")


_DUCKDB = (
    Target(("connect",), "database", words=("database",)),
    Target(("read_csv", "read_parquet", "read_json", "from_csv_auto", "from_parquet"), words=("path_or_buffer",)),
    Target(("execute", "executemany", "sql", "query", "from_query"), "query", words=("query",)),
)
_DUCKDB_CONNECTION = tuple(
    one._replace(owner="DuckDBPyConnection", place=1) for one in _DUCKDB if one.names != ("connect",)
)

_SQL = (("SQLContext", "execute"), ("DataFrame", "sql"), ("LazyFrame", "sql"))

TARGETS: dict[str, tuple[Target, ...]] = {
    "polars": (
        Target(("read_*", "scan_*"), words=("source", "file", "uri", "root")),
        Target(("sql",), "query", words=("query",)),
        *(Target((name,), "query", owner, 1, ("query",)) for owner, name in _SQL),
        Target(("write_*",), "written", "DataFrame", 1, ("file", "workbook", "target")),
        Target(("sink_*",), "written", "LazyFrame", 1, ("path", "target")),
    ),
    "pyarrow": (Target(("memory_map", "input_stream"), words=("path", "source")),),
    "pyarrow.parquet": (
        Target(("read_table", "read_schema", "read_metadata", "read_pandas")),
        Target(("__init__",), owner="ParquetFile", place=1),
        Target(("__init__",), owner="ParquetDataset", place=1, words=("path_or_paths",)),
        Target(("write_table",), "written", place=1, words=("where",)),
        Target(("__init__",), "written", "ParquetWriter", 1, ("where",)),
    ),
    "pyarrow.csv": (
        Target(("read_csv", "open_csv"), words=("input_file",)),
        Target(("write_csv",), "written", place=1, words=("output_file",)),
    ),
    "pyarrow.json": (Target(("read_json", "open_json"), words=("input_file",)),),
    "pyarrow.feather": (
        Target(("read_table", "read_feather")),
        Target(("write_feather",), "written", place=1, words=("dest",)),
    ),
    "pyarrow.orc": (
        Target(("read_table",)),
        Target(("__init__",), owner="ORCFile", place=1),
        Target(("write_table",), "written", place=1, words=("where",)),
    ),
    "pyarrow.dataset": (Target(("dataset", "parquet_dataset"), words=("source", "metadata_path")),),
    "apsw": (),  # it tells of each new connection itself
    "duckdb": (*_DUCKDB, *_DUCKDB_CONNECTION),
    "psycopg": (
        Target(("connect",), "server", words=("conninfo",)),
        Target(("connect",), "server", "Connection", 1, ("conninfo",)),
        Target(("connect",), "server", "AsyncConnection", 1, ("conninfo",)),
    ),
    "psycopg2": (Target(("connect",), "server", words=("dsn",)),),
    "MySQLdb": (Target(("connect",), "server", words=("host",)),),
    "pyodbc": (Target(("connect",), "server", words=("connstring",)),),
    "connectorx": (Target(("read_sql",), words=("conn",)),),
    "adbc_driver_postgresql.dbapi": (Target(("connect",), "server", words=("uri",)),),
    "adbc_driver_sqlite.dbapi": (Target(("connect",), "database", words=("uri",)),),
    "h5py": (Target(("__init__",), owner="File", place=1, words=("name",)),),
    "tables": (Target(("open_file",), words=("filename",)),),
    "netCDF4": (Target(("Dataset",), words=("filename",)),),
    "rasterio": (Target(("open",), words=("fp",)),),
    "pyogrio": (Target(("read_dataframe", "read_arrow"), words=("path_or_buffer",)),),
    "cv2": (Target(("imread", "VideoCapture"), words=("filename",)),),
    "safetensors": (Target(("safe_open",), words=("filename",)),),
    "onnxruntime": (Target(("__init__",), owner="InferenceSession", place=1, words=("path_or_bytes",)),),
    "xgboost": (Target(("load_model",), owner="Booster", place=1, words=("fname",)),),
    "lightgbm": (Target(("__init__",), owner="Booster", place=3, words=("model_file",)),),
    "lance": (Target(("dataset",), words=("uri",)),),
    "multiprocessing.process": (Target(("start",), "process", "BaseProcess", 1, ()),),
}
