import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import org.apache.paimon.data.GenericRow;
import org.apache.paimon.data.InternalRow;
import org.apache.paimon.disk.IOManagerImpl;
import org.apache.paimon.options.ExpireConfig;
import org.apache.paimon.reader.RecordReader;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.IntNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.NullNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.paimon.table.FileStoreTable;
import org.apache.paimon.table.sink.BatchTableCommit;
import org.apache.paimon.table.sink.BatchTableWrite;
import org.apache.paimon.table.sink.BatchWriteBuilder;
import org.apache.paimon.table.source.DataSplit;
import org.apache.paimon.table.source.EndOfScanException;
import org.apache.paimon.table.source.IncrementalSplit;
import org.apache.paimon.table.source.ReadBuilder;
import org.apache.paimon.table.source.Split;
import org.apache.paimon.table.source.StreamTableScan;
import org.apache.paimon.table.source.TableScan;
import org.apache.paimon.types.RowType;

/** Streams of tables, and what concerns them: overwrites, and expiry that keeps changelogs. */
final class Streams {
    private Streams() {}

    static JsonNode perform(FileStoreTable table, JsonNode request) throws Exception {
        switch (request.get("task").asText()) {
            case "read":
                return read(table, request);
            case "overwrite":
                return overwrite(table, request);
            case "expire":
                return expire(table, request.get("snapshots").asInt(), request.get("changelogs").asInt());
            default:
                throw new IllegalArgumentException(request.get("task").asText());
        }
    }

    /**
     * What a stream reads until it would wait: {"splits": [{"snapshot", "rows"}], "checkpoint"}. It starts as the table's
     * options say, or goes on at "restore"; "acknowledge" tells the consumer of the end.
     */
    private static JsonNode read(FileStoreTable table, JsonNode request) throws Exception {
        ReadBuilder builder = table.newReadBuilder();
        StreamTableScan scan = builder.newStreamScan();
        if (request.has("restore")) scan.restore(request.get("restore").asLong());
        ObjectNode result = Rows.JSON.createObjectNode();
        ArrayNode splits = result.putArray("splits");
        RowType type = table.rowType();
        try {
            // The first plan of a scan that starts at a snapshot only finds its place.
            for (int idle = 0; idle < 2; ) {
                TableScan.Plan plan = scan.plan();
                idle = plan.getClass().getSimpleName().startsWith("SnapshotNotExist") ? idle + 1 : 0;
                for (Split split : plan.splits()) {
                    ObjectNode entry = splits.addObject().put("snapshot", snapshotOf(split));
                    ArrayNode rows = entry.putArray("rows");
                    try (RecordReader<InternalRow> reader = builder.newRead().createReader(split)) {
                        reader.forEachRemaining(row -> rows.add(Rows.toJson(row, type, true)));
                    }
                }
            }
        } catch (EndOfScanException end) {
            result.put("ended", true);
        }
        Long checkpoint = scan.checkpoint();
        if (checkpoint != null) result.put("checkpoint", checkpoint);
        if (request.path("acknowledge").asBoolean(false)) scan.notifyCheckpointComplete(checkpoint);
        return result;
    }

    private static long snapshotOf(Split split) {
        return split instanceof DataSplit ? ((DataSplit) split).snapshotId() : ((IncrementalSplit) split).snapshotId();
    }

    /** Puts rows in the place of all that the table has. */
    private static JsonNode overwrite(FileStoreTable table, JsonNode request) throws Exception {
        List<GenericRow> rows = new ArrayList<>();
        for (JsonNode row : request.get("rows")) rows.add(Rows.fromJson(row, table.rowType()));
        BatchWriteBuilder builder = table.newBatchWriteBuilder().withOverwrite(Collections.emptyMap());
        Path temporary = Files.createTempDirectory("interop");
        try (BatchTableWrite write = (BatchTableWrite) builder.newWrite().withIOManager(new IOManagerImpl(temporary.toString()));
                BatchTableCommit commit = builder.newCommit()) {
            for (GenericRow row : rows) write.write(row);
            commit.commit(write.prepareCommit());
        }
        return NullNode.instance;
    }

    /** Keeps so many of the latest snapshots, and the changes of up to so many. */
    private static JsonNode expire(FileStoreTable table, int snapshots, int changelogs) {
        ExpireConfig config =
                ExpireConfig.builder()
                        .snapshotRetainMin(snapshots)
                        .snapshotRetainMax(snapshots)
                        .snapshotTimeRetain(Duration.ZERO)
                        .changelogRetainMin(1)
                        .changelogRetainMax(changelogs)
                        .changelogTimeRetain(Duration.ZERO)
                        .build();
        return IntNode.valueOf(table.newExpireSnapshots().config(config).expire());
    }
}
