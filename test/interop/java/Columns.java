import java.util.*;

import org.apache.paimon.append.dataevolution.DataEvolutionCompactCoordinator;
import org.apache.paimon.append.dataevolution.DataEvolutionCompactTask;
import org.apache.paimon.data.InternalRow;
import org.apache.paimon.data.variant.Variant;
import org.apache.paimon.format.blob.BlobFileFormat;
import org.apache.paimon.io.DataFileMeta;
import org.apache.paimon.reader.RecordReader;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.*;
import org.apache.paimon.table.FileStoreTable;
import org.apache.paimon.table.sink.*;
import org.apache.paimon.table.source.EndOfScanException;
import org.apache.paimon.table.source.ReadBuilder;
import org.apache.paimon.types.RowType;

/** Columns of rows that are written apart, and the bytes of variants. */
final class Columns {
    private Columns() {}

    /** One commit of some columns of rows: of new rows, or of those whose ids start at "firstRowId"; to a "bucket", if told. */
    static void write(FileStoreTable table, JsonNode request) throws Exception {
        List<String> names = new ArrayList<>();
        for (JsonNode name : request.get("columns")) names.add(name.asText());
        RowType type = table.rowType().project(names);
        BatchWriteBuilder builder = table.newBatchWriteBuilder();
        boolean isWhole = type.getFieldCount() == table.rowType().getFieldCount();
        try (BatchTableWrite write = isWhole ? builder.newWrite() : builder.newWrite().withWriteType(type);
                BatchTableCommit commit = builder.newCommit()) {
            for (JsonNode row : request.get("rows")) {
                if (request.has("bucket")) write.write(Rows.fromJson(row, type), request.get("bucket").asInt());
                else write.write(Rows.fromJson(row, type));
            }
            List<CommitMessage> messages = write.prepareCommit();
            if (request.has("firstRowId")) assignRowIds(messages, request.get("firstRowId").asLong());
            commit.commit(messages);
        }
    }

    /** Row files all begin at the id; blob files of a column follow each other. */
    private static void assignRowIds(List<CommitMessage> messages, long firstRowId) {
        for (CommitMessage message : messages) {
            List<DataFileMeta> files = ((CommitMessageImpl) message).newFilesIncrement().newFiles();
            Map<List<String>, Long> next = new HashMap<>();
            List<DataFileMeta> assigned = new ArrayList<>();
            for (DataFileMeta file : files) {
                if (!BlobFileFormat.isBlobFile(file.fileName())) {
                    assigned.add(file.assignFirstRowId(firstRowId));
                    continue;
                }
                long start = next.getOrDefault(file.writeCols(), firstRowId);
                assigned.add(file.assignFirstRowId(start));
                next.put(file.writeCols(), start + file.rowCount());
            }
            files.clear();
            files.addAll(assigned);
        }
    }

    /** Joins files of the same rows, and files of rows that follow each other; how many were joined. */
    static JsonNode compact(FileStoreTable table) throws Exception {
        List<CommitMessage> messages = new ArrayList<>();
        try {
            DataEvolutionCompactCoordinator coordinator = new DataEvolutionCompactCoordinator(table, false, false);
            for (; ; ) for (DataEvolutionCompactTask task : coordinator.plan()) messages.add(task.doCompact(table, "compactor"));
        } catch (EndOfScanException end) {
            // All files were looked at.
        }
        try (BatchTableCommit commit = table.newBatchWriteBuilder().newCommit()) {
            if (!messages.isEmpty()) commit.commit(messages);
        }
        return IntNode.valueOf(messages.size());
    }

    /** The bytes of a VARIANT column: value and metadata, in the order of the rows. */
    static JsonNode variants(FileStoreTable table, String column) throws Exception {
        int place = table.rowType().getFieldIndex(column);
        ArrayNode values = Rows.JSON.createArrayNode();
        ReadBuilder builder = table.newReadBuilder();
        try (RecordReader<InternalRow> reader = builder.newRead().createReader(builder.newScan().plan())) {
            reader.forEachRemaining(
                    row -> {
                        Variant variant = row.isNullAt(place) ? null : row.getVariant(place);
                        values.add(variant == null ? null : Rows.hex(variant.value()) + " " + Rows.hex(variant.metadata()));
                    });
        }
        return values;
    }
}
