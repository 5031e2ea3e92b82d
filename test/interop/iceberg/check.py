"""Compares what Iceberg clients read of tables with the rows that they have to read.

Usage: python3 check.py HOME CLASSES CHECKS.json CLIENT...

HOME has an environment for each client, and the jars; CLASSES has IcebergRows. CHECKS.json is an array of
{"label", "table", "expected", "tag", "snapshot"}: the directory that holds `metadata`, a file with a row of JSON on each line, and
the state if it is not the latest. Prints a line of JSON for each client and check: {"client", "label", "failure"}, null where it
read exactly those rows and answered all filters.
"""

import collections
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import time

from canonical import canonical, filters, row_text

HERE = os.path.dirname(os.path.abspath(__file__))
ENVIRONMENTS = {"pyiceberg": "py", "polars": "polars", "chdb": "chdb", "duckdb": "duck", "spark": "spark"}
TIME_LIMIT_SECONDS = 2400
CLIENTS_AT_ONCE = 2
JVM = ("-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Duser.timezone=UTC")


def current_metadata(table):
    directory = os.path.join(table, "metadata")
    with open(os.path.join(directory, "version-hint.text")) as file:
        version = file.read().strip()
    return os.path.join(directory, "v%s.metadata.json" % version)


def fields_at(metadata, snapshot):
    schema = metadata["current-schema-id"]
    if snapshot is not None:
        found = [each for each in metadata["snapshots"] if each["snapshot-id"] == snapshot]
        if not found:
            raise ValueError("the metadata has no snapshot %s" % snapshot)
        schema = found[0].get("schema-id", schema)
    return next(each for each in metadata["schemas"] if each["schema-id"] == schema)["fields"]


def job_of(number, check):
    """The job for clients, and the texts of its rows."""
    path = current_metadata(check["table"])
    with open(path) as file:
        metadata = json.load(file)
    tag, snapshot = check.get("tag"), check.get("snapshot")
    if tag is not None:
        if tag not in metadata["refs"]:
            raise ValueError("the metadata has no tag %s" % tag)
        snapshot = metadata["refs"][tag]["snapshot-id"]
    fields = fields_at(metadata, snapshot)
    with open(check["expected"], encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    compared = [{field["name"]: canonical(row.get(field["name"]), field["type"]) for field in fields} for row in rows]
    job = {
        "id": str(number),
        "meta": path,
        "dir": check["table"],
        "tag": tag,
        "snapshot": None if tag is not None else snapshot,
        "fields": fields,
        "filters": filters(fields, compared),
    }
    return job, collections.Counter(json.dumps(row, sort_keys=True) for row in compared)


def command(client, home, classes, jobs):
    if client == "java":
        jars = os.path.join(home, "jars", "*"), os.path.join(home, "jars", "hadoop", "*")
        return ["java", *JVM, "-cp", os.pathsep.join((classes, *jars)), "IcebergRows", jobs]
    python = os.path.join(home, ENVIRONMENTS[client], "bin", "python")
    return [python, os.path.join(HERE, "clients.py"), client, jobs]


def run_client(client, home, classes, jobs):
    """Answers by the ids of jobs. A client that dies is started again without the table that it died of."""
    answers, left, deadline = {}, list(jobs), time.time() + TIME_LIMIT_SECONDS
    while left:
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "jobs.json")
            with open(path, "w") as file:
                json.dump(left, file)
            output, ending, message = run_once(command(client, home, classes, path), home, deadline)
        started = take_answers(output, answers)
        left = [job for job in left if job["id"] not in answers]
        if left and (started is None or started in answers or ending == "timeout"):
            for job in left:
                answers[job["id"]] = {"error": "the client ended (%s): %s" % (ending, message)}
            return answers
        if left:
            answers[started] = {"error": "the client died (%s): %s" % (ending, message)}
            left = [job for job in left if job["id"] != started]
    return answers


def run_once(arguments, home, deadline):
    environment = dict(os.environ, ICEBERG_HOME=home, TZ="UTC", PYTHONWARNINGS="ignore")
    with tempfile.TemporaryFile("w+") as errors:
        try:
            done = subprocess.run(
                arguments,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                timeout=max(5, deadline - time.time()),
                env=environment,
            )
            output, ending = done.stdout, done.returncode
        except subprocess.TimeoutExpired as error:
            output, ending = (error.stdout or b"").decode(), "timeout"
        errors.seek(0)
        return output, ending, errors.read()[-800:]


def take_answers(output, answers):
    """The job that was started last."""
    started = None
    for line in output.splitlines():
        if not line.startswith("{"):
            continue
        answer = json.loads(line)
        if "start" in answer:
            started = answer["start"]
        else:
            answers[answer["id"]] = answer
    return started


# ClickHouse has no null lists, maps and structs; pyiceberg reads a null list of structs as an empty one.
SOFT = ("chdb", "pyiceberg")


def softened(value, kind, client):
    """Null lists and maps as empty ones; for ClickHouse null structs as structs of nulls."""
    if not isinstance(kind, dict):
        return value
    name = kind["type"]
    if value is None and name in ("list", "map"):
        return []
    if value is None and client == "chdb":
        value = {}
    if value is None:
        return None
    if name == "list":
        return [softened(each, kind["element"], client) for each in value]
    if name == "map":
        return [[key, softened(each, kind["value"], client)] for key, each in value]
    return {each["name"]: softened(value.get(each["name"]), each["type"], client) for each in kind["fields"]}


def softened_text(text, fields, client):
    row = json.loads(text)
    return json.dumps({each["name"]: softened(row[each["name"]], each["type"], client) for each in fields}, sort_keys=True)


def failure_of(job, answer, expected, client):
    if "error" in answer:
        return answer["error"]
    fields, rows = job["fields"], answer["rows"]
    names = {field["name"] for field in fields}
    if rows and set(rows[0]) != names:
        return "it reads the columns %s" % sorted(rows[0])
    try:
        found = collections.Counter(row_text(row, fields) for row in rows)
    except Exception as error:
        return "a value is not of the column's type: %s: %s" % (type(error).__name__, error)
    if client in SOFT and any(isinstance(field["type"], dict) for field in fields):
        found, expected = (soft_counts(each, fields, client) for each in (found, expected))
    missing, extra = list((expected - found).elements()), list((found - expected).elements())
    if missing or extra:
        counts = len(rows), sum(expected.values()), len(missing), missing[:1], len(extra), extra[:1]
        return "%d rows of %d; %d missing, as %s; %d that should not be, as %s" % counts
    wrong = [
        "%s %s %s -> %s of %s" % (asked["col"], asked["op"], asked.get("value", ""), count, asked["n"])
        for asked, count in zip(job["filters"], answer["filters"])
        if count != asked["n"]
    ]
    return "filters: " + "; ".join(wrong) if wrong else None


def soft_counts(counts, fields, client):
    softer = collections.Counter()
    for text, count in counts.items():
        softer[softened_text(text, fields, client)] += count
    return softer


def main(home, classes, path, clients):
    with open(path) as file:
        checks = json.load(file)
    jobs, rows, broken = [], {}, {}
    for number, check in enumerate(checks):
        try:
            job, rows[str(number)] = job_of(number, check)
            jobs.append(job)
        except Exception as error:
            broken[number] = "%s: %s" % (type(error).__name__, error)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS_AT_ONCE) as pool:
        running = [pool.submit(run_client, client, home, classes, jobs) for client in clients]
        for client, each in zip(clients, running):
            answers = each.result()
            for number, check in enumerate(checks):
                failure = broken.get(number)
                if failure is None:
                    job = next(job for job in jobs if job["id"] == str(number))
                    failure = failure_of(job, answers[job["id"]], rows[job["id"]], client)
                print(json.dumps({"client": client, "label": check["label"], "failure": failure}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
