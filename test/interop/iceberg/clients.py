"""Reads tables with one client: `python clients.py CLIENT JOBS.json`, in an environment that has the client.

Prints two lines of JSON for each job: {"start": id}, and {"id", "rows", "filters"} or {"id", "error"}. A job is a table, at a tag
or snapshot if it names one, and filters whose rows are counted.
"""

import datetime
import glob
import json
import os
import re
import sys
import tempfile
from decimal import Decimal

from canonical import encoded, literal


def run(jobs, read):
    """`read` gives the rows of a job, and a function that counts the rows of a filter."""
    for job in jobs:
        print(json.dumps({"start": job["id"]}), flush=True)
        answer = {"id": job["id"]}
        try:
            rows, count = read(job)
            answer["rows"] = [{name: encoded(value) for name, value in row.items()} for row in rows]
            answer["filters"] = [counted(count, asked) for asked in job["filters"]]
        except Exception as error:
            answer["error"] = "%s: %s" % (type(error).__name__, str(error)[:1500])
        print(json.dumps(answer), flush=True)


def counted(count, asked):
    try:
        return count(asked)
    except Exception as error:
        return "%s: %s" % (type(error).__name__, str(error)[:300])


def snapshot_of(job):
    if job.get("tag"):
        with open(job["meta"]) as file:
            return json.load(file)["refs"][job["tag"]]["snapshot-id"]
    return job.get("snapshot")


def pyiceberg(jobs):
    from pyiceberg.expressions import EqualTo, IsNull
    from pyiceberg.table import StaticTable

    def chosen(asked):
        if asked["op"] == "null":
            return IsNull(asked["col"])
        value, kind = literal(asked), asked["type"]
        if kind.startswith("decimal"):
            value = Decimal(value)
        elif kind in ("float", "double"):
            value = float(value)
        elif kind == "binary":
            value = bytes.fromhex(value[2:])
        return EqualTo(asked["col"], value)

    def read(job):
        table = StaticTable.from_metadata(job["meta"])
        at = {}
        if job.get("tag"):
            at["snapshot_id"] = table.snapshot_by_name(job["tag"]).snapshot_id
        elif job.get("snapshot"):
            at["snapshot_id"] = job["snapshot"]
        if at:
            # It binds filters of an old snapshot to the columns of now.
            job["filters"] = []
        rows = table.scan(**at).to_arrow().to_pylist()
        return rows, lambda asked: table.scan(row_filter=chosen(asked), **at).to_arrow().num_rows

    run(jobs, read)


def polars(jobs):
    import polars as pl

    simple = {
        "int": pl.Int32,
        "long": pl.Int64,
        "float": pl.Float32,
        "double": pl.Float64,
        "string": pl.String,
        "boolean": pl.Boolean,
    }

    def constant(asked):
        value, kind = literal(asked), asked["type"]
        if kind.startswith("decimal"):
            precision, scale = re.findall(r"\d+", kind)
            return pl.lit(Decimal(value)).cast(pl.Decimal(int(precision), int(scale)))
        if kind == "date":
            return pl.lit(datetime.date.fromisoformat(value))
        if kind.startswith("timestamp"):
            return pl.lit(asked["value"]).cast(pl.Datetime("us", "UTC" if "tz" in kind else None))
        if kind == "binary":
            return pl.lit(bytes.fromhex(value[2:]))
        return pl.lit(float(value) if kind in ("float", "double") else value, dtype=simple[kind])

    def read(job):
        snapshot = snapshot_of(job)
        at = {} if snapshot is None else {"snapshot_id": snapshot}

        def count(asked):
            column = pl.col(asked["col"])
            fits = column.is_null() if asked["op"] == "null" else column == constant(asked)
            return pl.scan_iceberg(job["meta"], **at).filter(fits).collect().height

        return pl.scan_iceberg(job["meta"], **at).collect().to_dicts(), count

    run(jobs, read)


def quoted(text):
    return "'" + str(text).replace("'", "''") + "'"


def duckdb(jobs):
    import duckdb

    types = {
        "int": "INTEGER",
        "long": "BIGINT",
        "float": "FLOAT",
        "double": "DOUBLE",
        "string": "VARCHAR",
        "boolean": "BOOLEAN",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
        "timestamptz": "TIMESTAMPTZ",
    }
    packages = os.path.dirname(os.path.dirname(duckdb.__file__))
    version = "v" + duckdb.__version__

    def connect():
        # After an error all that follows in the connection fails, so that each table has one of its own.
        connection = duckdb.connect()
        for name in ("avro", "iceberg"):
            file = "%s.duckdb_extension" % name
            connection.execute(
                "LOAD " + quoted(os.path.join(packages, "duckdb_extension_" + name, "extensions", version, file))
            )
        connection.execute("SET threads = 2; SET TimeZone = 'UTC'")
        return connection

    def fits(asked):
        column, kind = '"' + asked["col"].replace('"', '""') + '"', asked["type"]
        if asked["op"] == "null":
            return column + " IS NULL"
        if kind == "binary":
            digits = asked["value"][2:]
            pairs = (digits[i : i + 2] for i in range(0, len(digits), 2))
            return "%s = %s::BLOB" % (column, quoted("".join("\\x" + pair for pair in pairs)))
        return "%s = CAST(%s AS %s)" % (column, quoted(literal(asked)), types.get(kind, kind))

    def read(job):
        connection = [connect()]
        snapshot = snapshot_of(job)
        at = "" if snapshot is None else ", snapshot_from_id = %d" % snapshot
        source = "iceberg_scan(%s%s)" % (quoted(job["dir"]), at)

        def count(asked):
            try:
                query = "SELECT count(*) FROM (SELECT * FROM %s WHERE %s)" % (source, fits(asked))
                return connection[0].sql(query).fetchone()[0]
            except Exception:
                connection[0] = connect()
                raise

        found = connection[0].sql("SELECT * FROM " + source)
        return [dict(zip(found.columns, row)) for row in found.fetchall()], count

    run(jobs, read)


def chdb(jobs):
    from chdb import session

    types = {
        "int": "Int32",
        "long": "Int64",
        "float": "Float32",
        "double": "Float64",
        "boolean": "Bool",
        "date": "Date32",
    }
    opened = [None]
    # It reads files of the working directory alone.
    os.chdir("/")

    def query(text, form):
        # After an error the next answer of a session may be that of the query that failed.
        if opened[0] is None:
            opened[0] = session.Session()
        try:
            return str(opened[0].query(text, form))
        except Exception:
            opened[0].close()
            opened[0] = None
            raise

    def lines(text):
        return [
            json.loads(line, parse_int=lambda digits: -0.0 if digits == "-0" else int(digits))
            for line in query(text, "JSONEachRow").splitlines()
        ]

    def fits(asked):
        column, kind = "`%s`" % asked["col"], asked["type"]
        if asked["op"] == "null":
            return column + " IS NULL"
        value = literal(asked)
        if kind == "binary":
            return "%s = unhex(%s)" % (column, quoted(value[2:]))
        if kind.startswith("decimal"):
            return "%s = CAST(%s AS %s)" % (column, quoted(value), kind.capitalize())
        if kind.startswith("timestamp"):
            return "%s = toDateTime64(%s, 6, 'UTC')" % (column, quoted(value.removesuffix("+00:00")))
        if kind == "string":
            return "%s = %s" % (column, quoted(value.replace("\\", "\\\\")))
        return "%s = CAST(%s AS %s)" % (column, quoted(str(value).lower()), types[kind])

    def shown(name, binary):
        column = "`%s`" % name
        if name not in binary:
            return column
        return "if(isNull({0}), NULL, concat('0x', lower(hex({0})))) AS {0}".format(column)

    def read(job):
        snapshot = snapshot_of(job)
        settings = [
            "output_format_json_quote_64bit_integers = 0",
            "output_format_json_quote_denormals = 1",
            "output_format_json_quote_decimals = 1",
            "session_timezone = 'UTC'",
            "use_iceberg_metadata_files_cache = 0",
        ]
        if snapshot is not None:
            settings.append("iceberg_snapshot_id = %d" % snapshot)
        source, ending = "icebergLocal(%s) " % quoted(job["dir"]), " SETTINGS " + ", ".join(settings)
        described = lines("DESCRIBE TABLE " + source + ending)
        binary = {field["name"] for field in job["fields"] if field["type"] == "binary"}
        columns = ", ".join(shown(each["name"], binary) for each in described)

        def count(asked):
            text = "SELECT count() AS `__n` FROM %s WHERE %s%s" % (source, fits(asked), ending)
            return int(query(text, "TabSeparated").strip())

        return lines("SELECT %s FROM %s%s" % (columns, source, ending)), count

    run(jobs, read)


def spark_session(catalogs):
    """Each warehouse is a catalog of its own."""
    from pyspark.sql import SparkSession

    jar = glob.glob(os.path.join(os.environ["ICEBERG_HOME"], "jars", "iceberg-spark-runtime-*.jar"))[0]
    settings = {
        "spark.jars": jar,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": tempfile.mkdtemp(),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
    }
    for warehouse, name in catalogs.items():
        catalog = "spark.sql.catalog." + name
        settings[catalog] = "org.apache.iceberg.spark.SparkCatalog"
        settings[catalog + ".type"] = "hadoop"
        settings[catalog + ".warehouse"] = "file:" + warehouse
        settings[catalog + ".cache-enabled"] = "false"
    builder = SparkSession.builder.master("local[2]").appName("iceberg-clients")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def spark(jobs):
    warehouses = sorted({os.path.dirname(os.path.dirname(job["dir"])) for job in jobs})
    catalogs = {warehouse: "c%d" % i for i, warehouse in enumerate(warehouses)}
    session = spark_session(catalogs)

    def shown(field):
        # Python would have local times.
        is_time = field.dataType.simpleString() in ("timestamp", "timestamp_ntz", "date")
        return ("CAST(`{0}` AS STRING) `{0}`" if is_time else "`{0}`").format(field.name)

    def read(job):
        database, table = os.path.split(job["dir"])
        warehouse, database = os.path.split(database)
        source = "%s.`%s`.`%s`" % (catalogs[warehouse], database, table)
        if job.get("tag"):
            source += " VERSION AS OF '%s'" % job["tag"]
        elif job.get("snapshot"):
            source += " VERSION AS OF %d" % job["snapshot"]
        frame = session.sql("SELECT * FROM " + source)
        types = {field.name: field.dataType.simpleString() for field in frame.schema.fields}
        rows = frame.selectExpr(*[shown(field) for field in frame.schema.fields]).collect()

        def fits(asked):
            column = "`%s`" % asked["col"]
            if asked["op"] == "null":
                return column + " IS NULL"
            if asked["type"] == "binary":
                return "%s = X'%s'" % (column, asked["value"][2:])
            text = str(literal(asked)).replace("\\", "\\\\").replace("'", "\\'")
            return "%s = CAST('%s' AS %s)" % (column, text, types[asked["col"]])

        def count(asked):
            return len(session.sql("SELECT 1 FROM %s WHERE %s" % (source, fits(asked))).collect())

        return [row.asDict(recursive=True) for row in rows], count

    run(jobs, read)
    session.stop()


if __name__ == "__main__":
    client = {"pyiceberg": pyiceberg, "polars": polars, "duckdb": duckdb, "chdb": chdb, "spark": spark}[sys.argv[1]]
    with open(sys.argv[2]) as file:
        given = json.load(file)
    client(given)
