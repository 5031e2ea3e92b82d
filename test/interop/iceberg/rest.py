"""Reads a REST catalog with one client: `python rest.py CLIENT URL TOKEN`, in an environment that has the client.

Prints a line of JSON, {"tables", "rows", "missing", "write"}: rows by table, and what the client says where there is no table and
where it is told to write. After each line of stdin it prints another one, {"rows"}, by the same connection.
"""

import json
import os
import sys


def main(client, uri, token):
    tables, read, write = CLIENTS[client](uri, token)
    names = tables()
    told = {
        "tables": sorted(".".join(name) for name in names),
        "rows": rows(names, read),
        "missing": failure(lambda: read(("shop", "missing"))),
        "write": failure(lambda: write(("shop", "visits"))),
    }
    print(json.dumps(told), flush=True)
    for _ in sys.stdin:
        print(json.dumps({"rows": rows(names, read)}), flush=True)


def rows(names, read):
    return {".".join(name): sorted([list(row) for row in read(name)]) for name in names}


def failure(body):
    try:
        body()
    except Exception as error:
        return "%s: %s" % (type(error).__name__, error)


def pyiceberg(uri, token):
    from pyiceberg.catalog import load_catalog

    catalog = load_catalog("millrace", type="rest", uri=uri, token=token)

    def tables():
        return [name for (space,) in catalog.list_namespaces() for name in catalog.list_tables(space)]

    def read(name):
        return [(row["id"], row["page"]) for row in catalog.load_table(name).scan().to_arrow().to_pylist()]

    def write(name):
        table = catalog.load_table(name)
        table.append(table.scan(limit=1).to_arrow())

    return tables, read, write


def duckdb(uri, token):
    import duckdb

    site = os.path.dirname(os.path.dirname(duckdb.__file__))
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    for name in ("avro", "httpfs", "iceberg"):
        path = "duckdb_extension_%s/extensions/v%s/%s.duckdb_extension" % (name, duckdb.__version__, name)
        connection.execute("LOAD '%s'" % os.path.join(site, path))
    connection.execute("ATTACH '' AS lake (TYPE iceberg, ENDPOINT '%s', TOKEN '%s')" % (uri, token))

    def tables():
        return connection.sql("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()

    def read(name):
        return connection.sql('SELECT id, page FROM lake."%s"."%s"' % name).fetchall()

    def write(name):
        connection.execute('INSERT INTO lake."%s"."%s" VALUES (99, NULL, NULL)' % name)

    return tables, read, write


def spark(uri, token):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    settings = {"type": "rest", "uri": uri, "token": token}
    for key, value in settings.items():
        builder = builder.config("spark.sql.catalog.lake." + key, value)
    session = (
        builder.config("spark.jars", os.environ["ICEBERG_JAR"])
        .config("spark.sql.catalog.lake", "org.apache.iceberg.spark.SparkCatalog")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.catalog.lake.cache-enabled", "false")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")

    def tables():
        spaces = [row.namespace for row in session.sql("SHOW NAMESPACES IN lake").collect()]
        found = []
        for space in spaces:
            for row in session.sql("SHOW TABLES IN lake.`%s`" % space).collect():
                found.append((space, row.tableName))
        return found

    def read(name):
        return session.sql("SELECT id, page FROM lake.`%s`.`%s`" % name).collect()

    def write(name):
        session.sql("INSERT INTO lake.`%s`.`%s` VALUES (99, NULL, NULL)" % name)

    return tables, read, write


CLIENTS = {"pyiceberg": pyiceberg, "duckdb": duckdb, "spark": spark}

if __name__ == "__main__":
    main(*sys.argv[1:])
