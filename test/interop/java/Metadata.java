import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;

import org.apache.paimon.consumer.Consumer;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.stats.ColStats;
import org.apache.paimon.stats.Statistics;
import org.apache.paimon.table.FileStoreTable;
import org.apache.paimon.table.sink.BatchTableCommit;
import org.apache.paimon.types.DataType;

/** What hangs on a table beside its rows: tags, branches, consumers, statistics. */
final class Metadata {
    private Metadata() {}

    /** A tag {"name", "snapshot", "retained"}; without a snapshot it is of the latest, without a time it stays. */
    static void tag(FileStoreTable table, JsonNode request) {
        String name = request.get("name").asText();
        Duration retained = request.has("retained") ? Duration.parse(request.get("retained").asText()) : null;
        if (request.has("snapshot")) table.createTag(name, request.get("snapshot").asLong(), retained);
        else table.createTag(name, retained);
    }

    /** A branch {"name", "tag"}; without a tag it is empty. */
    static void branch(FileStoreTable table, JsonNode request) {
        String name = request.get("name").asText();
        if (request.has("tag")) table.createBranch(name, request.get("tag").asText());
        else table.createBranch(name);
    }

    static void consumer(FileStoreTable table, JsonNode request) {
        Consumer consumer = new Consumer(request.get("next").asLong());
        table.consumerManager().resetConsumer(request.get("name").asText(), consumer);
    }

    /** Commits statistics {"rows", "bytes", "columns": {name: {"min", "max", "nulls", "length"}}} of the latest snapshot. */
    static void analyze(FileStoreTable table, JsonNode request) throws Exception {
        Map<String, ColStats<?>> columns = new LinkedHashMap<>();
        Iterator<Map.Entry<String, JsonNode>> entries = request.get("columns").fields();
        while (entries.hasNext()) {
            Map.Entry<String, JsonNode> entry = entries.next();
            columns.put(entry.getKey(), columnStats(table, entry.getKey(), entry.getValue()));
        }
        long snapshot = table.snapshotManager().latestSnapshotId();
        Statistics statistics =
                new Statistics(
                        snapshot, table.schema().id(), request.get("rows").asLong(), request.get("bytes").asLong(), columns);
        try (BatchTableCommit commit = table.newBatchWriteBuilder().newCommit()) {
            commit.updateStatistics(statistics);
        }
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static ColStats<?> columnStats(FileStoreTable table, String name, JsonNode json) {
        DataType type = table.rowType().getField(name).type();
        return ColStats.newColStats(
                table.rowType().getField(name).id(),
                3L,
                (Comparable) Rows.fromJson(json.get("min"), type),
                (Comparable) Rows.fromJson(json.get("max"), type),
                json.has("nulls") ? json.get("nulls").asLong() : null,
                json.has("length") ? json.get("length").asLong() : null,
                json.has("length") ? json.get("length").asLong() : null);
    }
}
