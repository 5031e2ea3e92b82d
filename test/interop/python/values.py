"""Arrow arrays as JSON values, in the encoding of the files in fixtures/ (see fixtures/README.md).

64-bit integers, decimals (unscaled) and timestamps (in their unit) are texts, as are NaN and the infinities; dates are
days, times milliseconds of the day; bytes are hexadecimal; structs are arrays of their fields' values, maps arrays of
[key, value].
"""

import decimal
import math

import pyarrow as pa

# Decimals have up to 76 digits, which the context must not round.
decimal.getcontext().prec = 100

UNIT_NANOS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def encode(array, text_as_hex=False):
    """The values of an array; `text_as_hex` encodes strings as their UTF-8 bytes."""
    if isinstance(array, pa.ChunkedArray):
        return [value for chunk in array.chunks for value in encode(chunk, text_as_hex)]
    if isinstance(array, pa.ExtensionArray):
        return encode(array.storage, text_as_hex)
    kind = array.type
    if pa.types.is_dictionary(kind):
        return encode(array.dictionary_decode(), text_as_hex)
    if pa.types.is_struct(kind):
        return encode_struct(array, text_as_hex)
    if pa.types.is_map(kind):
        return encode_map(array, text_as_hex)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return encode_list(array, text_as_hex)
    return [None if value is None else value for value in encode_plain(array, text_as_hex)]


def encode_struct(array, text_as_hex):
    fields = [encode(array.field(i), text_as_hex) for i in range(array.type.num_fields)]
    valid = array.is_valid().to_pylist()
    return [[field[row] for field in fields] if valid[row] else None for row in range(len(array))]


def encode_list(array, text_as_hex):
    # Elements are taken row by row, so that offsets of slices and of null rows do not matter.
    rows = []
    for i in range(len(array)):
        scalar = array[i]
        rows.append(None if not scalar.is_valid else encode(scalar.values, text_as_hex))
    return rows


def encode_map(array, text_as_hex):
    rows = []
    for i in range(len(array)):
        scalar = array[i]
        rows.append(None if not scalar.is_valid else encode(scalar.values, text_as_hex))
    return rows


def encode_plain(array, text_as_hex):
    kind = array.type
    values = raw_values(array)
    if pa.types.is_floating(kind):
        return [None if v is None else number(v) for v in values]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return [None if v is None else v.encode().hex() if text_as_hex else v for v in values]
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return [None if v is None else v.hex() for v in values]
    if pa.types.is_decimal(kind):
        return [None if v is None else str(int(v.scaleb(kind.scale))) for v in values]
    if is_wide(kind):
        return [None if v is None else str(v) for v in values]
    return values


def raw_values(array):
    kind = array.type
    if pa.types.is_timestamp(kind):
        return [None if v is None else v * (1000 if kind.unit == "s" else 1) for v in integers(array, pa.int64())]
    if pa.types.is_date32(kind):
        return integers(array, pa.int32())
    if pa.types.is_date64(kind):
        return [None if v is None else v // 86_400_000 for v in integers(array, pa.int64())]
    if pa.types.is_time32(kind) or pa.types.is_time64(kind):
        per_milli = 10**6 // UNIT_NANOS[kind.unit]
        width = pa.int32() if pa.types.is_time32(kind) else pa.int64()
        return [None if v is None else v * 1000 if per_milli == 0 else v // per_milli for v in integers(array, width)]
    return array.to_pylist()


def integers(array, kind):
    return array.view(kind).to_pylist()


def is_wide(kind):
    return (
        pa.types.is_int64(kind)
        or pa.types.is_uint64(kind)
        or pa.types.is_uint32(kind)
        or pa.types.is_timestamp(kind)
    )


def number(value):
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return float(value)
