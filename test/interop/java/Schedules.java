import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

import org.apache.paimon.data.GenericRow;
import org.apache.paimon.disk.IOManagerImpl;
import org.apache.paimon.manifest.BucketEntry;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.NullNode;
import org.apache.paimon.table.BucketMode;
import org.apache.paimon.table.FileStoreTable;
import org.apache.paimon.table.Table;
import org.apache.paimon.table.sink.BatchTableCommit;
import org.apache.paimon.table.sink.BatchTableWrite;
import org.apache.paimon.table.sink.BatchWriteBuilder;
import org.apache.paimon.table.sink.StreamTableCommit;
import org.apache.paimon.table.sink.StreamTableWrite;
import org.apache.paimon.table.sink.StreamWriteBuilder;

/**
 * Does all steps of a schedule to a table, one after another: {"op": "write" | "compact" | "overwrite" | "expire"}. A writer is
 * new for each commit, or kept over many; whatever it has begun to compact is waited for.
 */
final class Schedules {
    private Schedules() {}

    static JsonNode run(FileStoreTable table, JsonNode request) throws Exception {
        Path temporary = Files.createTempDirectory("interop");
        Kept kept = null;
        try {
            long identifier = 0;
            for (JsonNode step : request.get("steps")) {
                identifier++;
                String op = step.get("op").asText();
                if (op.equals("write") && step.path("kept").asBoolean(false)) {
                    if (kept == null) kept = new Kept(table, temporary);
                    kept.commit(identifier, rows(table, step));
                    continue;
                }
                if (kept != null) kept.close();
                kept = null;
                if (op.equals("write")) {
                    boolean compact = step.path("compact").asBoolean(false);
                    Harness.commit(table, UUID.randomUUID().toString(), identifier, rows(table, step), compact);
                } else {
                    maintain(table, step, temporary);
                }
            }
        } finally {
            if (kept != null) kept.close();
            Harness.delete(temporary);
        }
        return NullNode.instance;
    }

    static void maintain(FileStoreTable table, JsonNode step, Path temporary) throws Exception {
        switch (step.get("op").asText()) {
            case "compact":
                compact(table, step.get("full").asBoolean(), temporary);
                return;
            case "overwrite":
                overwrite(table, step, temporary);
                return;
            case "expire":
                Harness.expire(table, step.get("retain").asInt());
                return;
            default:
                throw new IllegalArgumentException(step.toString());
        }
    }

    private static List<GenericRow> rows(Table table, JsonNode step) {
        List<GenericRow> rows = new ArrayList<>();
        for (JsonNode row : step.get("rows")) rows.add(Rows.fromJson(row, table.rowType()));
        return rows;
    }

    /** A job that compacts beside writers that do not. */
    private static void compact(FileStoreTable any, boolean full, Path temporary) throws Exception {
        if (any.bucketMode() == BucketMode.BUCKET_UNAWARE) {
            Harness.compact(any);
            return;
        }
        FileStoreTable table = any.copy(Collections.singletonMap("write-only", "false"));
        BatchWriteBuilder builder = table.newBatchWriteBuilder();
        try (BatchTableWrite write = (BatchTableWrite) builder.newWrite().withIOManager(new IOManagerImpl(temporary.toString()));
                BatchTableCommit commit = builder.newCommit()) {
            for (BucketEntry bucket : table.newSnapshotReader().bucketEntries())
                write.compact(bucket.partition(), bucket.bucket(), full);
            commit.commit(write.prepareCommit());
        }
    }

    /** Replaces the rows of the partition that the step names, of those that its rows are in, or of all. */
    private static void overwrite(FileStoreTable any, JsonNode step, Path temporary) throws Exception {
        boolean dynamic = step.path("dynamic").asBoolean(false);
        FileStoreTable table = any.copy(Collections.singletonMap("dynamic-partition-overwrite", String.valueOf(dynamic)));
        Map<String, String> partition = new HashMap<>();
        if (step.has("partition"))
            step.get("partition").fields().forEachRemaining(e -> partition.put(e.getKey(), e.getValue().asText()));
        BatchWriteBuilder builder = table.newBatchWriteBuilder().withOverwrite(partition);
        try (BatchTableWrite write = (BatchTableWrite) builder.newWrite().withIOManager(new IOManagerImpl(temporary.toString()));
                BatchTableCommit commit = builder.newCommit()) {
            for (GenericRow row : rows(table, step)) write.write(row);
            commit.commit(write.prepareCommit());
        }
    }

    /** A writer of many commits. */
    private static final class Kept implements AutoCloseable {
        private final StreamTableWrite write;
        private final StreamTableCommit commit;

        Kept(FileStoreTable table, Path temporary) {
            StreamWriteBuilder builder = table.newStreamWriteBuilder().withCommitUser(UUID.randomUUID().toString());
            write = (StreamTableWrite) builder.newWrite().withIOManager(new IOManagerImpl(temporary.toString()));
            commit = builder.newCommit();
        }

        void commit(long identifier, List<GenericRow> rows) throws Exception {
            for (GenericRow row : rows) write.write(row);
            commit.commit(identifier, write.prepareCommit(true, identifier));
        }

        @Override
        public void close() throws Exception {
            write.close();
            commit.close();
        }
    }
}
