import java.util.*;

import org.apache.paimon.Snapshot;
import org.apache.paimon.deletionvectors.*;
import org.apache.paimon.deletionvectors.append.BaseAppendDeleteFileMaintainer;
import org.apache.paimon.index.IndexFileHandler;
import org.apache.paimon.index.IndexFileMeta;
import org.apache.paimon.io.*;
import org.apache.paimon.manifest.FileKind;
import org.apache.paimon.manifest.IndexManifestEntry;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.table.BucketMode;
import org.apache.paimon.table.FileStoreTable;
import org.apache.paimon.table.sink.*;
import org.apache.paimon.table.source.*;
import org.apache.paimon.utils.Pair;

/** Deletions from tables without primary key, as Spark makes them: rows are marked and files stay. */
final class Deletions {
    private Deletions() {}

    /** One commit that deletes about the "share" of the rows of about half of the files, chosen by "seed". */
    static void delete(FileStoreTable table, JsonNode request) throws Exception {
        Random random = new Random(request.get("seed").asLong());
        double share = request.get("share").asDouble();
        Snapshot snapshot = table.snapshotManager().latestSnapshot();
        IndexFileHandler handler = table.store().newIndexFileHandler();
        Map<Pair<Object, Integer>, BaseAppendDeleteFileMaintainer> maintainers = new LinkedHashMap<>();
        for (Split split : table.newReadBuilder().newScan().plan().splits()) {
            DataSplit data = (DataSplit) split;
            BaseAppendDeleteFileMaintainer maintainer =
                    maintainers.computeIfAbsent(
                            Pair.of(data.partition(), data.bucket()),
                            key -> maintainer(table, handler, snapshot, data));
            for (DataFileMeta file : data.dataFiles()) {
                if (random.nextBoolean()) continue;
                DeletionVector vector =
                        table.coreOptions().deletionVectorBitmap64()
                                ? new Bitmap64DeletionVector()
                                : new BitmapDeletionVector();
                for (long row = 0; row < file.rowCount(); row++) if (random.nextDouble() < share) vector.delete(row);
                if (!vector.isEmpty()) maintainer.notifyNewDeletionVector(file.fileName(), vector);
            }
        }
        List<CommitMessage> messages = new ArrayList<>();
        for (BaseAppendDeleteFileMaintainer maintainer : maintainers.values()) messages.add(message(maintainer));
        try (BatchTableCommit commit = table.newBatchWriteBuilder().newCommit()) {
            commit.commit(messages);
        }
    }

    private static BaseAppendDeleteFileMaintainer maintainer(
            FileStoreTable table, IndexFileHandler handler, Snapshot snapshot, DataSplit split) {
        return table.bucketMode() == BucketMode.BUCKET_UNAWARE
                ? BaseAppendDeleteFileMaintainer.forUnawareAppend(handler, snapshot, split.partition())
                : BaseAppendDeleteFileMaintainer.forBucketedAppend(handler, snapshot, split.partition(), split.bucket());
    }

    private static CommitMessage message(BaseAppendDeleteFileMaintainer maintainer) {
        List<IndexFileMeta> added = new ArrayList<>();
        List<IndexFileMeta> deleted = new ArrayList<>();
        for (IndexManifestEntry entry : maintainer.persist())
            (entry.kind() == FileKind.ADD ? added : deleted).add(entry.indexFile());
        List<DataFileMeta> none = Collections.emptyList();
        DataIncrement increment = new DataIncrement(none, none, none, added, deleted);
        return new CommitMessageImpl(
                maintainer.getPartition(), maintainer.getBucket(), null, increment, CompactIncrement.emptyIncrement());
    }
}
