"""Writes the files of fixtures/parquet: what pyarrow and DuckDB write and Java does not.

Usage: python make_parquet.py DIRECTORY

What NAME.parquet, or NAME.VARIANT.parquet, holds is in NAME.json: the types that it reads as, and the values, column by
column.
"""

import datetime
import decimal
import gzip
import json
import os
import random
import struct
import sys
import zlib

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from values import encode

OUT = sys.argv[1]
RANDOM = random.Random(42)
ROWS = 210


def maybe(value, chance=0.2):
    return None if RANDOM.random() < chance else value


def column(kind, make, nulls=True):
    return pa.array([maybe(make(i)) if nulls else make(i) for i in range(ROWS)], kind)


WORDS = ["", "a", "ab", "abc", "abcd", "banana", "bandana", "é", "漢字", "🚀 rocket", "x" * 70]


def flat_table():
    return pa.table(
        {
            "flag": column(pa.bool_(), lambda i: i % 3 == 0),
            "small": column(pa.int16(), lambda i: RANDOM.randint(-32768, 32767)),
            "id": column(pa.int32(), lambda i: 3 * i - 500, nulls=False),
            "big": column(pa.int64(), lambda i: RANDOM.randint(-(2**63), 2**63 - 1)),
            "step": column(pa.int64(), lambda i: 10**12 + i * 7),
            "single": column(pa.float32(), lambda i: struct.unpack("f", struct.pack("f", RANDOM.gauss(0, 100)))[0]),
            "double": column(pa.float64(), lambda i: RANDOM.gauss(0, 1e6)),
            "word": column(pa.string(), lambda i: RANDOM.choice(WORDS)),
            "path": column(pa.string(), lambda i: "region/%02d/part-%06d" % (i % 7, i), nulls=False),
            "bytes": column(pa.binary(), lambda i: RANDOM.randbytes(RANDOM.randint(0, 9))),
            "fixed": column(pa.binary(5), lambda i: RANDOM.randbytes(5)),
            "day": column(pa.date32(), lambda i: datetime.date(1969, 1, 1) + datetime.timedelta(days=i)),
            "at": column(pa.timestamp("us"), lambda i: -(10**15) + i * 1_234_567_891),
            "price": column(pa.decimal128(12, 2), lambda i: decimal.Decimal(RANDOM.randint(-(10**12) + 1, 10**12 - 1)).scaleb(-2)),
        }
    )


TYPES = {
    "flag": "BOOLEAN",
    "small": "SMALLINT",
    "id": "INT",
    "big": "BIGINT",
    "step": "BIGINT",
    "single": "FLOAT",
    "double": "DOUBLE",
    "word": "STRING",
    "path": "STRING",
    "bytes": "BYTES",
    "fixed": "BINARY(5)",
    "day": "DATE",
    "at": "TIMESTAMP(6)",
    "price": "DECIMAL(12, 2)",
}


def expect(name, table, types):
    columns = [
        {"name": field.name, "type": types[field.name], "values": encode(table.column(field.name))}
        for field in table.schema
    ]
    with open(os.path.join(OUT, name + ".json"), "w", encoding="utf-8") as out:
        json.dump(columns, out, ensure_ascii=False, separators=(",", ":"))
        out.write("\n")


def write(name, table, types=TYPES, **options):
    path = os.path.join(OUT, name + ".parquet")
    pq.write_table(table, path, **options)
    expect(name.split(".")[0], table, types)
    return path


FLAT = flat_table()


def write_encodings():
    delta = {
        "small": "DELTA_BINARY_PACKED",
        "id": "DELTA_BINARY_PACKED",
        "big": "DELTA_BINARY_PACKED",
        "step": "DELTA_BINARY_PACKED",
        "word": "DELTA_LENGTH_BYTE_ARRAY",
        "path": "DELTA_BYTE_ARRAY",
        "bytes": "DELTA_BYTE_ARRAY",
        "fixed": "DELTA_BYTE_ARRAY",
        "flag": "RLE",
    }
    table = FLAT.select(list(delta))
    write("delta.v1", table, use_dictionary=False, column_encoding=delta, compression="zstd", data_page_size=400)
    nulls = pa.table({name: pa.nulls(100, table.schema.field(name).type) for name in delta})
    write("delta-all-null", nulls, use_dictionary=False, column_encoding=delta, compression="none")
    write(
        "delta.v2",
        table,
        use_dictionary=False,
        column_encoding=delta,
        compression="snappy",
        data_page_version="2.0",
        data_page_size=400,
    )
    split = ["small", "id", "big", "single", "double", "fixed", "price"]
    write(
        "byte-stream-split",
        FLAT.select(split),
        use_dictionary=False,
        column_encoding={name: "BYTE_STREAM_SPLIT" for name in split},
        compression="zstd",
        data_page_size=500,
    )


def write_codecs():
    names = ["id", "big", "word", "path", "flag"]
    for codec in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]:
        write(
            "codec." + codec,
            FLAT.select(names),
            compression=codec,
            data_page_version="2.0" if codec in ("gzip", "lz4", "none") else "1.0",
            row_group_size=150,
            write_page_checksum=True,
        )


def write_pages():
    """Dictionaries that are given up, many pages, page indexes and statistics, both kinds of pages."""
    for version in ["1.0", "2.0"]:
        write(
            "pages.v" + version[0],
            FLAT,
            data_page_version=version,
            compression="zstd",
            data_page_size=600,
            dictionary_pagesize_limit=700,
            write_batch_size=32,
            row_group_size=150,
            write_page_index=True,
            store_schema=False,
        )


NESTED_TYPES = {
    "list": "ARRAY<INT>",
    "lists": "ARRAY<ARRAY<STRING>>",
    "map": "MAP<STRING NOT NULL, BIGINT>",
    "row": "ROW<`a` INT, `b` STRING, `c` ARRAY<DOUBLE>>",
    "rows": "ARRAY<ROW<`x` BIGINT, `m` MAP<INT NOT NULL, ROW<`y` STRING>>>>",
}


def nested_table(rows):
    def items(make):
        return [make() for _ in range(RANDOM.randint(0, 3))]

    def pairs(key, make):
        return [(key(i), make()) for i in range(RANDOM.randint(0, 3))]

    integer = lambda: maybe(RANDOM.randint(-1000, 1000))
    word = lambda: maybe(RANDOM.choice(WORDS))
    inner = lambda: maybe({"y": word()})
    element = lambda: maybe({"x": integer(), "m": maybe(pairs(lambda i: i, inner))})
    return pa.table(
        {
            "list": pa.array([maybe(items(integer)) for _ in range(rows)], pa.list_(pa.int32())),
            "lists": pa.array(
                [maybe(items(lambda: maybe(items(word)))) for _ in range(rows)], pa.list_(pa.list_(pa.string()))
            ),
            "map": pa.array(
                [maybe(pairs(lambda i: "k%d" % i, integer)) for _ in range(rows)], pa.map_(pa.string(), pa.int64())
            ),
            "row": pa.array(
                [maybe({"a": integer(), "b": word(), "c": maybe(items(lambda: maybe(RANDOM.random())))}) for _ in range(rows)],
                pa.struct([("a", pa.int32()), ("b", pa.string()), ("c", pa.list_(pa.float64()))]),
            ),
            "rows": pa.array(
                [maybe(items(element)) for _ in range(rows)],
                pa.list_(
                    pa.struct(
                        [("x", pa.int64()), ("m", pa.map_(pa.int32(), pa.struct([("y", pa.string())])))]
                    )
                ),
            ),
        }
    )


def write_nested():
    table = nested_table(120)
    write("nested.v1", table, NESTED_TYPES, compression="zstd", data_page_size=400, write_batch_size=16, row_group_size=80)
    write(
        "nested.v2",
        table,
        NESTED_TYPES,
        compression="snappy",
        data_page_version="2.0",
        data_page_size=400,
        write_batch_size=16,
        write_page_index=True,
        use_dictionary=False,
    )


def write_types():
    """What other writers have and Paimon has not: unsigned and small integers, halves, times, wide decimals, INT96."""
    half = [0.0, -0.0, 1.0, -2.5, 65504.0, 6e-8, float("inf"), float("-inf"), float("nan"), None]
    table = pa.table(
        {
            "u8": pa.array([0, 1, 127, 128, 255, None] * 2, pa.uint8()),
            "u16": pa.array([0, 1, 32767, 32768, 65535, None] * 2, pa.uint16()),
            "u32": pa.array([0, 1, 2**31 - 1, 2**31, 2**32 - 1, None] * 2, pa.uint32()),
            "u64": pa.array([0, 1, 2**63 - 1, 2**63, 2**64 - 1, None] * 2, pa.uint64()),
            "i8": pa.array([0, 1, -1, 127, -128, None] * 2, pa.int8()),
            "half": pa.array(half + [0.5, None], pa.float16()),
            "milli": pa.array([0, 1, 86_399_999, None] * 3, pa.time32("ms")),
            "micro": pa.array([0, 1999, 86_399_999_999, None] * 3, pa.time64("us")),
            "nano": pa.array([0, 1_999_999, 86_399_999_999_999, None] * 3, pa.time64("ns")),
            "second": pa.array([0, -1, 1_700_000_000, None] * 3, pa.timestamp("s")),
            "instant": pa.array([0, -1, 1_700_000_000_123, None] * 3, pa.timestamp("ms", tz="UTC")),
            "nanos": pa.array([0, -1, 2**63 - 1, -(2**63), 123_456_789, None] * 2, pa.timestamp("ns")),
            "d9": pa.array([decimal.Decimal(x).scaleb(-4) for x in [0, 1, -1, 999_999_999, -999_999_999]] + [None] * 7, pa.decimal128(9, 4)),
            "d18": pa.array([decimal.Decimal(x).scaleb(-3) for x in [0, 1, -1, 10**18 - 1, 1 - 10**18]] + [None] * 7, pa.decimal128(18, 3)),
            "d38": pa.array([decimal.Decimal(0), decimal.Decimal(10**38 - 1), decimal.Decimal(1 - 10**38)] * 3 + [None] * 3, pa.decimal128(38, 0)),
        }
    )
    types = {
        "u8": "SMALLINT",
        "u16": "INT",
        "u32": "BIGINT",
        "u64": "DECIMAL(20, 0)",
        "i8": "TINYINT",
        "half": "FLOAT",
        "milli": "TIME(3)",
        "micro": "TIME(3)",
        "nano": "TIME(3)",
        "second": "TIMESTAMP(3)",
        "instant": "TIMESTAMP(3) WITH LOCAL TIME ZONE",
        "nanos": "TIMESTAMP(9)",
        "d9": "DECIMAL(9, 4)",
        "d18": "DECIMAL(18, 3)",
        "d38": "DECIMAL(38, 0)",
    }
    write("types", table, types, compression="none")
    write("decimals", table.select(["d9", "d18", "d38"]), types, store_decimal_as_integer=True)
    instants = pa.table(
        {"at": pa.array([0, -1, 1, -86_400_000_000_000, 2**63 - 1, -(2**63) + 10**9, None], pa.timestamp("ns"))}
    )
    write("int96", instants, {"at": "TIMESTAMP(9)"}, use_deprecated_int96_timestamps=True)


def write_bloom():
    """Two row groups whose keys interleave, so that statistics rule nothing out and only the filters do."""
    keys = [2 * i for i in range(100)] + [2 * i + 1 for i in range(100)]
    table = pa.table(
        {
            "id": pa.array([10 * key for key in keys], pa.int32()),
            "big": pa.array([key * 10**13 for key in keys], pa.int64()),
            "word": pa.array(["key-%04d" % key for key in keys], pa.string()),
            "bytes": pa.array([struct.pack(">I", key) for key in keys], pa.binary()),
        }
    )
    types = {"id": "INT", "big": "BIGINT", "word": "STRING", "bytes": "BYTES"}
    options = {name: {"ndv": 100, "fpp": 0.001} for name in types}
    write("bloom", table, types, bloom_filter_options=options, row_group_size=100, compression="zstd")


def write_gzip_members():
    """A file whose pages are gzip streams of two members each: pyarrow's pages, packed again."""
    table = FLAT.select(["id", "word"])
    path = write("gzip-members", table, compression="none", use_dictionary=False)
    with open(path, "rb") as source:
        data = source.read()
    metadata = pq.read_metadata(path)
    # One page a column, uncompressed: its header is kept by pyarrow's own writer, so it is rebuilt by hand here.
    parts = [b"PAR1"]
    chunks = []
    for i in range(metadata.num_columns):
        chunk = metadata.row_group(0).column(i)
        raw_size = chunk.total_uncompressed_size
        page = data[chunk.data_page_offset : chunk.data_page_offset + raw_size]
        header_size, uncompressed, value_count = read_page_header(page)
        body = page[header_size : header_size + uncompressed]
        half = len(body) // 2
        packed = gzip.compress(body[:half], mtime=0) + gzip.compress(body[half:], mtime=0)
        header = page_header(uncompressed, len(packed), value_count, zlib.crc32(packed))
        offset = sum(len(part) for part in parts)
        parts.append(header + packed)
        chunks.append((offset, len(header) + uncompressed, len(header) + len(packed), value_count))
    footer = footer_of(chunks)
    parts.append(footer + struct.pack("<I", len(footer)) + b"PAR1")
    with open(path, "wb") as out:
        out.write(b"".join(parts))
    assert pq.read_table(path).equals(table.cast(pq.read_table(path).schema))


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def zigzag(value):
    return varint((value << 1) ^ (value >> 63))


def i32(delta, value):
    return bytes([delta << 4 | 5]) + zigzag(value)


def i64(delta, value):
    return bytes([delta << 4 | 6]) + zigzag(value)


def text(delta, value):
    return bytes([delta << 4 | 8]) + varint(len(value)) + value.encode()


def page_header(uncompressed, compressed, values, crc):
    signed = crc - 2**32 if crc >= 2**31 else crc
    data = i32(1, values) + i32(1, 0) + i32(1, 3) + i32(1, 3) + b"\0"
    return i32(1, 0) + i32(1, uncompressed) + i32(1, compressed) + i32(1, signed) + b"\x1c" + data + b"\0"


def read_page_header(page):
    """The size of the header, the size of the body and the number of values, of a data page of version 1."""
    at = 0

    def read_varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = page[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def read_struct(depth):
        nonlocal at
        found = {}
        field = 0
        while True:
            head = page[at]
            at += 1
            if head == 0:
                return found
            field += head >> 4
            kind = head & 15
            if kind == 12:
                found[field] = read_struct(depth + 1)
            elif kind == 8:
                length = read_varint()
                at += length
            elif kind in (5, 6):
                value = read_varint()
                found[field] = value >> 1 ^ -(value & 1)
            else:
                found[field] = kind == 1

    header = read_struct(0)
    return at, header[2], header[5][1]


def footer_of(chunks):
    names = [("id", 1, None), ("word", 6, 0)]
    schema = text(4, "schema") + i32(1, 2) + b"\0"
    for name, physical, converted in names:
        element = i32(1, physical) + i32(2, 1) + text(1, name)
        if converted is not None:
            element += i32(2, converted)
        schema += element + b"\0"
    columns = b""
    for (name, physical, _), (offset, raw, packed, values) in zip(names, chunks):
        meta = i32(1, physical) + b"\x19\x15\0" + b"\x19\x18" + varint(len(name)) + name.encode() + i32(1, 2)
        meta += i64(1, values) + i64(1, raw) + i64(1, packed) + i64(2, offset) + b"\0"
        columns += i64(2, offset) + b"\x1c" + meta + b"\0"
    rows = chunks[0][3]
    group = b"\x19" + bytes([len(chunks) << 4 | 12]) + columns + i64(1, sum(c[1] for c in chunks)) + i64(1, rows) + b"\0"
    return i32(1, 1) + b"\x19" + bytes([3 << 4 | 12]) + schema + i64(1, rows) + b"\x19\x1c" + group + text(2, "test") + b"\0"


def write_duckdb():
    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.execute(
        """
        CREATE TABLE t AS SELECT
          i::INTEGER AS id,
          CASE WHEN i % 5 = 0 THEN NULL ELSE (i * 7919 % 1000)::BIGINT END AS big,
          CASE WHEN i % 7 = 0 THEN NULL ELSE 'word ' || (i % 20) END AS word,
          CASE WHEN i % 3 = 0 THEN NULL ELSE i / 7.0::DOUBLE END AS double,
          (DATE '1999-12-31' + i::INTEGER) AS day,
          (i * 1.01)::DECIMAL(12, 2) AS price,
          i % 2 = 0 AS flag,
          CASE WHEN i % 4 = 0 THEN NULL ELSE [i, NULL, i + 1]::INTEGER[] END AS list
        FROM range(300) r(i)
        """
    )
    types = {
        "id": "INT",
        "big": "BIGINT",
        "word": "STRING",
        "double": "DOUBLE",
        "day": "DATE",
        "price": "DECIMAL(12, 2)",
        "flag": "BOOLEAN",
        "list": "ARRAY<INT>",
    }
    for version in ["V1", "V2"]:
        path = os.path.join(OUT, "duckdb.%s.parquet" % version.lower())
        connection.execute(
            "COPY t TO '%s' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION %s, ROW_GROUP_SIZE 200)" % (path, version)
        )
        table = connection.sql("SELECT * FROM t").to_arrow_table()
        expect("duckdb", table, types)


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    write_encodings()
    write_codecs()
    write_pages()
    write_nested()
    write_types()
    write_bloom()
    write_gzip_members()
    write_duckdb()
