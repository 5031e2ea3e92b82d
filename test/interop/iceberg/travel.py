"""Reads states of the past with one client: `python travel.py CLIENT REQUESTS.json`, in an environment that has the client.

Prints a line of JSON for each request: its rows as arrays, or {"error"}. A request is {"table", "at"}: the directory that holds
`metadata`, and {"snapshot"}, {"tag"} or {"timestamp"} (milliseconds). Spark also takes {"table", "changes": [FROM, TO]}, the rows that
came and went behind the snapshot FROM up to TO, each with what became of it; and {"table", "columns"}, the columns of now.
"""

import datetime
import json
import os
import sys

from clients import spark_session


def current_metadata(table):
    directory = os.path.join(table, "metadata")
    with open(os.path.join(directory, "version-hint.text")) as file:
        return os.path.join(directory, "v%s.metadata.json" % file.read().strip())


def pyiceberg(_):
    from pyiceberg.table import StaticTable

    def read(table, at):
        opened = StaticTable.from_metadata(current_metadata(table))
        if "tag" in at:
            snapshot = opened.snapshot_by_name(at["tag"])
        elif "timestamp" in at:
            snapshot = opened.snapshot_as_of_timestamp(at["timestamp"])
        else:
            snapshot = opened.snapshot_by_id(at["snapshot"])
        if snapshot is None:
            raise ValueError("there is no snapshot")
        return [list(row.values()) for row in opened.scan(snapshot_id=snapshot.snapshot_id).to_arrow().to_pylist()]

    return lambda request: read(request["table"], request["at"])


def duckdb(_):
    import duckdb

    packages = os.path.dirname(os.path.dirname(duckdb.__file__))
    connection = duckdb.connect()
    for name in ("avro", "iceberg"):
        place = "duckdb_extension_%s/extensions/v%s/%s.duckdb_extension" % (name, duckdb.__version__, name)
        connection.execute("LOAD '%s'" % os.path.join(packages, place))
    connection.execute("SET TimeZone = 'UTC'")

    def argument(table, at):
        if "timestamp" in at:
            time = datetime.datetime.fromtimestamp(at["timestamp"] / 1000, datetime.timezone.utc)
            return "snapshot_from_timestamp = TIMESTAMP '%s'" % time.strftime("%Y-%m-%d %H:%M:%S.%f")
        if "tag" in at:
            # It knows snapshots and no names of them.
            with open(current_metadata(table)) as file:
                at = {"snapshot": json.load(file)["refs"][at["tag"]]["snapshot-id"]}
        return "snapshot_from_id = %d" % at["snapshot"]

    def read(request):
        table, at = request["table"], request["at"]
        source = "iceberg_scan('%s', %s)" % (table.replace("'", "''"), argument(table, at))
        return [list(row) for row in connection.sql("SELECT * FROM " + source).fetchall()]

    return read


def spark(requests):
    warehouses = sorted({os.path.dirname(os.path.dirname(each["table"])) for each in requests})
    catalogs = {warehouse: "c%d" % i for i, warehouse in enumerate(warehouses)}
    session = spark_session(catalogs)

    def read(request):
        database, table = os.path.split(request["table"])
        warehouse, database = os.path.split(database)
        catalog = catalogs[warehouse]
        name = "`%s`.`%s`" % (database, table)
        if "changes" in request:
            first, last = request["changes"]
            session.sql(
                "CALL %s.system.create_changelog_view(table => '%s', options => map('start-snapshot-id', '%d', "
                "'end-snapshot-id', '%d'), changelog_view => 'changes')" % (catalog, name, first, last)
            )
            found = "SELECT * FROM changes"
        elif "columns" in request:
            found = "SELECT %s FROM %s.%s" % (", ".join(request["columns"]), catalog, name)
        else:
            (kind, value), = request["at"].items()
            if kind == "timestamp":
                place = "TIMESTAMP AS OF timestamp_millis(%d)" % value
            else:
                place = "VERSION AS OF " + ("'%s'" % value if kind == "tag" else str(value))
            found = "SELECT * FROM %s.%s %s" % (catalog, name, place)
        return [list(row) for row in session.sql(found).collect()]

    return read


if __name__ == "__main__":
    with open(sys.argv[2]) as file:
        given = json.load(file)
    answer = {"pyiceberg": pyiceberg, "duckdb": duckdb, "spark": spark}[sys.argv[1]](given)
    for request in given:
        try:
            print(json.dumps({"rows": answer(request)}), flush=True)
        except Exception as error:
            print(json.dumps({"error": "%s: %s" % (type(error).__name__, str(error)[:500])}), flush=True)
