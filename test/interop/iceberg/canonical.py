"""Values of Iceberg types in one form, whichever client gave them, and the filters that clients are asked to answer."""

import decimal
import datetime
import json
import re
import struct
from decimal import Decimal

TIMESTAMP = re.compile(
    r"([+-]?\d{4,})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?T?"
    r"\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?(\[.*\])?"
)
EPOCH_DAY = 719163


def timestamp_nanos(value):
    text = str(value).strip().replace(" ", "T", 1)
    found = TIMESTAMP.fullmatch(text)
    if not found:
        raise ValueError("not a timestamp: %r" % text)
    day = datetime.date(int(found[1]), int(found[2]), int(found[3])).toordinal() - EPOCH_DAY
    seconds = day * 86400 + int(found[4] or 0) * 3600 + int(found[5] or 0) * 60 + int(found[6] or 0)
    zone = found[8]
    if zone and zone not in ("Z", "UTC"):
        sign = -1 if zone[0] == "-" else 1
        digits = zone[1:].replace(":", "")
        seconds -= sign * (int(digits[:2]) * 3600 + int(digits[2:4] or 0) * 60)
    return seconds * 10**9 + int((found[7] or "0").ljust(9, "0"))


def number(value):
    if isinstance(value, str):
        known = {"nan": "nan", "inf": "inf", "infinity": "inf", "+infinity": "inf", "-inf": "-inf", "-infinity": "-inf"}
        return float(known.get(value.lower(), value))
    return float(value)


def nested(value, kind):
    name = kind["type"]
    if name == "struct":
        if isinstance(value, (list, tuple)):
            value = dict(zip([field["name"] for field in kind["fields"]], value))
        return {field["name"]: canonical(value.get(field["name"]), field["type"]) for field in kind["fields"]}
    if name == "list":
        return [canonical(each, kind["element"]) for each in value]
    if isinstance(value, dict):
        entries = value.items()
    else:
        entries = [(each["key"], each["value"]) if isinstance(each, dict) else each for each in value]
    found = ([canonical(key, kind["key"]), canonical(each, kind["value"])] for key, each in entries)
    return sorted(found, key=json.dumps)


def canonical(value, kind):
    """The value of an Iceberg type, which is the type's JSON."""
    if value is None:
        return None
    if isinstance(kind, dict):
        return nested(value, kind)
    if kind == "boolean":
        known = {"0": False, "1": True, "true": True, "false": False}
        return value if isinstance(value, bool) else known[str(value).lower()]
    if kind in ("int", "long"):
        return int(value)
    if kind == "float":
        return repr(as_float32(number(value)))
    if kind == "double":
        return repr(number(value))
    if kind.startswith("decimal"):
        scale = int(re.search(r",\s*(\d+)", kind)[1])
        context = decimal.Context(prec=60)
        return str(Decimal(str(value)).quantize(Decimal(1).scaleb(-scale), context=context))
    if kind == "date":
        return str(value)[:10]
    if kind.startswith("timestamp"):
        return timestamp_nanos(value) // 1000
    if kind == "binary":
        text = str(value)
        return text.lower() if text.startswith("0x") else "0x" + text.encode("latin1", "replace").hex()
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def as_float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def row_text(row, fields):
    return json.dumps({field["name"]: canonical(row.get(field["name"]), field["type"]) for field in fields}, sort_keys=True)


def encoded(value):
    """A value of a client's own types as JSON has it."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        is_finite = value == value and abs(value) != float("inf")
        return value if is_finite else repr(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "0x" + bytes(value).hex()
    if isinstance(value, Decimal):
        return str(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, dict):
        return {key if isinstance(key, str) else json.dumps(encoded(key)): encoded(each) for key, each in value.items()}
    if hasattr(value, "asDict"):
        return {key: encoded(each) for key, each in value.asDict().items()}
    if isinstance(value, (list, tuple)):
        return [encoded(each) for each in value]
    if hasattr(value, "tolist"):
        return encoded(value.tolist())
    return str(value)


def filters(fields, rows):
    """Of each column that is not nested: IS NULL, and equality with its least and its greatest value, with the number of rows
    that fit; `rows` are canonical. Wrong bounds, null counts and summaries of partitions make clients skip such rows."""
    asked = []
    for field in fields:
        kind, name = field["type"], field["name"]
        if isinstance(kind, dict):
            continue
        values = [row[name] for row in rows]
        asked.append({"col": name, "type": kind, "op": "null", "n": sum(value is None for value in values)})
        present = ordered(kind, [value for value in values if value is not None])
        is_float = kind in ("float", "double")
        for value in ends(present):
            count = sum(
                float(each) == float(value) if is_float else each == value for each in values if each is not None
            )
            asked.append({"col": name, "type": kind, "op": "eq", "value": value, "n": count})
    return asked


def ordered(kind, values):
    if kind in ("float", "double"):
        # Clients compare literals as doubles, so that only those say the same that are floats too; and -0 is 0 to some.
        plain = (each for each in values if each not in ("nan", "inf", "-inf", "0.0", "-0.0"))
        return sorted((each for each in plain if is_float32(each)), key=float)
    return sorted(values, key=Decimal if kind.startswith("decimal") else None)


def is_float32(text):
    value = float(text)
    return abs(value) <= 3.4e38 and Decimal(text) == Decimal(repr(as_float32(value)))


def ends(values):
    if not values:
        return []
    return values[:1] if values[0] == values[-1] else [values[0], values[-1]]


def literal(asked):
    """What a filter compares with; timestamps as ISO text."""
    value, kind = asked["value"], asked["type"]
    if not kind.startswith("timestamp"):
        return value
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=value)
    zone = "+00:00" if kind.startswith("timestamptz") else ""
    return moment.isoformat(timespec="microseconds") + zone
