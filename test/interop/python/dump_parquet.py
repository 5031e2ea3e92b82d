"""Prints what other engines read from Parquet files: a JSON line for each file named on standard input.

Usage: python dump_parquet.py < NAMES

A line is {"path", "reader", "columns"} with the values of each column in the encoding of values.py, texts as the
hexadecimal digits of their bytes; or {"path", "errors"} where no reader can read the file.
"""

import json
import sys
import warnings

import duckdb
import pyarrow.parquet as pq

from values import encode


def by_pyarrow(path):
    table = pq.ParquetFile(path, page_checksum_verification=True).read()
    return [encode(column, text_as_hex=True) for column in table.columns]


def by_duckdb(path):
    result = duckdb.connect().execute("SELECT * FROM read_parquet(?)", [path])
    table = getattr(result, "to_arrow_table", None) or result.fetch_arrow_table
    return [encode(column, text_as_hex=True) for column in table().columns]


# That the rows are copied once more does not matter here.
warnings.simplefilter("ignore")

READERS = {"pyarrow": by_pyarrow, "duckdb": by_duckdb}


def dump(path):
    errors = {}
    for name, read in READERS.items():
        try:
            return {"path": path, "reader": name, "columns": read(path)}
        except Exception as error:  # noqa: BLE001 - whatever a reader fails with is its answer
            errors[name] = f"{type(error).__name__}: {error}".split("\n")[0][:300]
    return {"path": path, "errors": errors}


for line in sys.stdin:
    print(json.dumps(dump(line.strip())), flush=True)
