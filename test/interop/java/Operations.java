import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.apache.paimon.catalog.Catalog;
import org.apache.paimon.catalog.Identifier;
import org.apache.paimon.data.GenericRow;
import org.apache.paimon.disk.IOManagerImpl;
import org.apache.paimon.operation.LocalOrphanFilesClean;
import org.apache.paimon.operation.PartitionExpire;
import org.apache.paimon.options.ExpireConfig;
import org.apache.paimon.schema.SchemaChange;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.NullNode;
import org.apache.paimon.table.FileStoreTable;
import org.apache.paimon.table.sink.BatchTableCommit;
import org.apache.paimon.table.sink.BatchTableWrite;
import org.apache.paimon.table.sink.BatchWriteBuilder;
import org.apache.paimon.types.DataTypeJsonParser;

/** One operation on a table, as an operator or a job does it: {"op", ...}. Each opens the table anew, and refuses by failing. */
final class Operations {
    private Operations() {}

    static JsonNode run(Catalog catalog, Identifier identifier, JsonNode step) throws Exception {
        if (step.get("op").asText().equals("alter")) {
            alter(catalog, identifier, step.get("changes"));
            return NullNode.instance;
        }
        FileStoreTable table = (FileStoreTable) catalog.getTable(identifier);
        Path temporary = Files.createTempDirectory("interop");
        try {
            perform(table, step, temporary);
        } finally {
            Harness.delete(temporary);
        }
        return NullNode.instance;
    }

    private static void perform(FileStoreTable table, JsonNode step, Path temporary) throws Exception {
        switch (step.get("op").asText()) {
            case "write":
                write(table, step, temporary);
                return;
            case "compact":
            case "overwrite":
                Schedules.maintain(table, step, temporary);
                return;
            case "expire":
                expire(table, step);
                return;
            case "rollback":
                if (step.has("tag")) table.rollbackTo(step.get("tag").asText());
                else table.rollbackTo(step.get("snapshot").asLong());
                return;
            case "consumer":
                Metadata.consumer(table, step);
                return;
            case "deleteConsumer":
                table.consumerManager().deleteConsumer(name(step));
                return;
            case "orphans":
                new LocalOrphanFilesClean(table, System.currentTimeMillis() + Duration.ofDays(1).toMillis(), false).clean();
                return;
            case "expirePartitions":
                expirePartitions(table, step);
                return;
            case "dropPartitions":
            case "compactManifests":
                commit(table, step);
                return;
            default:
                tagOrBranch(table, step);
        }
    }

    private static void tagOrBranch(FileStoreTable table, JsonNode step) throws Exception {
        switch (step.get("op").asText()) {
            case "tag":
                Metadata.tag(table, step);
                return;
            case "renameTag":
                table.renameTag(name(step), step.get("to").asText());
                return;
            case "replaceTag":
                table.replaceTag(name(step), step.get("snapshot").asLong(), null);
                return;
            case "deleteTag":
                table.deleteTag(name(step));
                return;
            case "branch":
                Metadata.branch(table, step);
                return;
            case "renameBranch":
                table.renameBranch(name(step), step.get("to").asText());
                return;
            case "deleteBranch":
                table.deleteBranch(name(step));
                return;
            case "fastForward":
                table.fastForward(name(step));
                return;
            default:
                throw new IllegalArgumentException(step.toString());
        }
    }

    private static String name(JsonNode step) {
        return step.get("name").asText();
    }

    /** By a batch job, which does the upkeep of the table before it ends. */
    private static void write(FileStoreTable table, JsonNode step, Path temporary) throws Exception {
        BatchWriteBuilder builder = table.newBatchWriteBuilder();
        try (BatchTableWrite write = (BatchTableWrite) builder.newWrite().withIOManager(new IOManagerImpl(temporary.toString()));
                BatchTableCommit commit = builder.newCommit()) {
            List<GenericRow> rows = new ArrayList<>();
            for (JsonNode row : step.get("rows")) rows.add(Rows.fromJson(row, table.rowType()));
            for (GenericRow row : rows) write.write(row);
            commit.commit(write.prepareCommit());
        }
    }

    /** Keeps {"min", "max"} snapshots, and changelogs up to {"changelogs"} of both; deletes at most {"limit"}. */
    private static void expire(FileStoreTable table, JsonNode step) {
        ExpireConfig.Builder config =
                ExpireConfig.builder()
                        .snapshotRetainMin(step.get("min").asInt())
                        .snapshotRetainMax(step.get("max").asInt())
                        .snapshotTimeRetain(Duration.ZERO);
        if (step.has("limit"))
            config.snapshotMaxDeletes(step.get("limit").asInt()).changelogMaxDeletes(step.get("limit").asInt());
        if (step.has("changelogs"))
            config.changelogRetainMin(1)
                    .changelogRetainMax(step.get("changelogs").asInt())
                    .changelogTimeRetain(Duration.ofHours(1));
        ExpireConfig built = config.build();
        table.newExpireSnapshots().config(built).expire();
        if (built.isChangelogDecoupled()) table.newExpireChangelog().config(built).expire();
    }

    /** As the procedure of Flink does it, which does not wait for the interval of checks. */
    private static void expirePartitions(FileStoreTable any, JsonNode step) {
        Map<String, String> options = new HashMap<>();
        step.get("options").fields().forEachRemaining(e -> options.put(e.getKey(), e.getValue().asText()));
        options.put("partition.expiration-check-interval", "0 s");
        FileStoreTable table = any.copy(options);
        PartitionExpire expire = table.store().newPartitionExpire("", table);
        expire.expire(Long.MAX_VALUE);
    }

    private static void commit(FileStoreTable table, JsonNode step) throws Exception {
        try (BatchTableCommit commit = table.newBatchWriteBuilder().newCommit()) {
            if (step.get("op").asText().equals("compactManifests")) {
                commit.compactManifests();
                return;
            }
            List<Map<String, String>> partitions = new ArrayList<>();
            for (JsonNode partition : step.get("partitions")) {
                Map<String, String> values = new LinkedHashMap<>();
                partition.fields().forEachRemaining(e -> values.put(e.getKey(), e.getValue().asText()));
                partitions.add(values);
            }
            commit.truncatePartitions(partitions);
        }
    }

    private static void alter(Catalog catalog, Identifier identifier, JsonNode changes) throws Exception {
        List<SchemaChange> parsed = new ArrayList<>();
        for (JsonNode change : changes) parsed.add(change(change));
        catalog.alterTable(identifier, parsed, false);
    }

    private static SchemaChange change(JsonNode change) {
        String kind = change.get("kind").asText();
        String name = change.path("name").asText();
        switch (kind) {
            case "setOption":
                return SchemaChange.setOption(name, change.get("value").asText());
            case "removeOption":
                return SchemaChange.removeOption(name);
            case "comment":
                return SchemaChange.updateComment(change.get("value").asText());
            case "add":
                return SchemaChange.addColumn(name, DataTypeJsonParser.parseDataType(change.get("type")), null, move(change));
            case "rename":
                return SchemaChange.renameColumn(name, change.get("to").asText());
            case "drop":
                return SchemaChange.dropColumn(name);
            case "type":
                return SchemaChange.updateColumnType(name, DataTypeJsonParser.parseDataType(change.get("type")));
            case "nullable":
                return SchemaChange.updateColumnNullability(name, change.get("value").asBoolean());
            case "describe":
                return SchemaChange.updateColumnComment(name, change.get("value").asText());
            case "move":
                return SchemaChange.updateColumnPosition(move(change));
            default:
                throw new IllegalArgumentException(kind);
        }
    }

    private static SchemaChange.Move move(JsonNode change) {
        String name = change.get("name").asText();
        if (change.path("first").asBoolean(false)) return SchemaChange.Move.first(name);
        return change.has("after") ? SchemaChange.Move.after(name, change.get("after").asText()) : null;
    }
}
