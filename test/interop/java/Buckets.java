import java.nio.file.Files;
import java.nio.file.Path;
import java.util.*;

import org.apache.paimon.data.BinaryRow;
import org.apache.paimon.data.GenericRow;
import org.apache.paimon.disk.IOManagerImpl;
import org.apache.paimon.index.HashBucketAssigner;
import org.apache.paimon.index.HashIndexFile;
import org.apache.paimon.index.IndexFileHandler;
import org.apache.paimon.manifest.IndexManifestEntry;
import org.apache.paimon.manifest.ManifestEntry;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.*;
import org.apache.paimon.table.FileStoreTable;
import org.apache.paimon.table.sink.*;

/** What Java does with buckets that are not computed from the row. */
final class Buckets {
    private Buckets() {}

    static JsonNode perform(FileStoreTable table, JsonNode request) throws Exception {
        switch (request.get("task").asText()) {
            case "dynamicWrite":
                return dynamicWrite(table, request);
            case "hashes":
                return hashes(table);
            case "files":
                return files(table);
            default:
                throw new IllegalArgumentException(request.get("task").asText());
        }
    }

    /** One commit of rows by a job with one assigner, which starts from the index of the table. */
    private static JsonNode dynamicWrite(FileStoreTable table, JsonNode request) throws Exception {
        String user = UUID.randomUUID().toString();
        HashBucketAssigner assigner =
                new HashBucketAssigner(
                        table.snapshotManager(),
                        user,
                        table.store().newIndexFileHandler(),
                        1,
                        1,
                        0,
                        table.coreOptions().dynamicBucketTargetRowNum(),
                        table.coreOptions().dynamicBucketMaxBuckets());
        RowPartitionKeyExtractor keys = new RowPartitionKeyExtractor(table.schema());
        StreamWriteBuilder builder = table.newStreamWriteBuilder().withCommitUser(user);
        Path temporary = Files.createTempDirectory("interop");
        try (StreamTableWrite write = (StreamTableWrite) builder.newWrite().withIOManager(new IOManagerImpl(temporary.toString()));
                StreamTableCommit commit = builder.newCommit()) {
            for (JsonNode json : request.get("rows")) {
                GenericRow row = Rows.fromJson(json, table.rowType());
                int bucket = assigner.assign(keys.partition(row), keys.trimmedPrimaryKey(row).hashCode());
                write.write(row, bucket);
            }
            long identifier = Harness.nextIdentifier();
            commit.commit(identifier, write.prepareCommit(true, identifier));
        }
        return NullNode.instance;
    }

    /** The hashes that the index has: for each partition and bucket a sorted list. */
    private static JsonNode hashes(FileStoreTable table) throws Exception {
        IndexFileHandler handler = table.store().newIndexFileHandler();
        ArrayNode found = Rows.JSON.createArrayNode();
        for (IndexManifestEntry entry : handler.scan(HashIndexFile.HASH_INDEX)) {
            List<Integer> hashes = handler.hashIndex(entry.partition(), entry.bucket()).readList(entry.indexFile());
            Collections.sort(hashes);
            ObjectNode each = found.addObject();
            each.put("partition", text(table, entry.partition())).put("bucket", entry.bucket());
            ArrayNode list = each.putArray("hashes");
            hashes.forEach(list::add);
        }
        return found;
    }

    /** The live files: their partitions, buckets, numbers of buckets, levels and rows. */
    private static JsonNode files(FileStoreTable table) {
        ArrayNode found = Rows.JSON.createArrayNode();
        for (ManifestEntry entry : table.store().newScan().plan().files())
            found.addObject()
                    .put("partition", text(table, entry.partition()))
                    .put("bucket", entry.bucket())
                    .put("totalBuckets", entry.totalBuckets())
                    .put("level", entry.level())
                    .put("rows", entry.file().rowCount());
        return found;
    }

    private static String text(FileStoreTable table, BinaryRow partition) {
        return table.store().pathFactory().getPartitionString(partition);
    }
}
