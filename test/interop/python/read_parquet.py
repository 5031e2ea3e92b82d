"""Reads Parquet files with pyarrow and with DuckDB.

Usage: python read_parquet.py FILE...

Prints a line of JSON for each file: {"pyarrow": [{"name", "values"}], "duckdb": [...]}, in the encoding of values.py;
timestamps are in nanoseconds, whatever unit a reader gives them.
"""

import json
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from values import UNIT_NANOS, encode


def columns(table):
    return [{"name": name, "values": values(table.column(name))} for name in table.column_names]


def values(column):
    if not pa.types.is_timestamp(column.type):
        return encode(column)
    # values.py counts seconds as milliseconds.
    nanos = UNIT_NANOS["ms" if column.type.unit == "s" else column.type.unit]
    return [None if value is None else str(int(value) * nanos) for value in encode(column)]


for path in sys.argv[1:]:
    with_duckdb = duckdb.connect()
    with_duckdb.sql("SET TimeZone = 'UTC'")
    relation = with_duckdb.sql("SELECT * FROM read_parquet(?)", params=[path])
    found = {"pyarrow": columns(pq.ParquetFile(path).read()), "duckdb": columns(relation.to_arrow_table())}
    print(json.dumps(found))
