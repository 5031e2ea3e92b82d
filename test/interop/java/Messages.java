import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.*;

import org.apache.paimon.deletionvectors.*;
import org.apache.paimon.disk.IOManagerImpl;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.*;
import org.apache.paimon.table.FileStoreTable;
import org.apache.paimon.table.Table;
import org.apache.paimon.table.sink.*;

/** The two phases of a commit apart, overwrites, and the bytes of messages and of deletion vectors. */
final class Messages {
    private Messages() {}

    static JsonNode perform(FileStoreTable table, JsonNode request) throws Exception {
        switch (request.get("task").asText()) {
            case "prepare":
                return texts(prepare(table, request));
            case "commit":
                try (StreamTableCommit commit =
                        table.newStreamWriteBuilder().withCommitUser(request.get("user").asText()).newCommit()) {
                    commit.commit(request.get("identifier").asLong(), messages(request));
                }
                return NullNode.instance;
            case "recover":
                try (StreamTableCommit commit =
                        table.newStreamWriteBuilder().withCommitUser(request.get("user").asText()).newCommit()) {
                    Map<Long, List<CommitMessage>> commits =
                            Collections.singletonMap(request.get("identifier").asLong(), messages(request));
                    return IntNode.valueOf(commit.filterAndCommit(commits));
                }
            case "again":
                return texts(messages(request));
            case "overwrite":
                return overwrite(table, request);
            case "truncate":
                try (BatchTableCommit commit = table.newBatchWriteBuilder().newCommit()) {
                    commit.truncateTable();
                }
                return NullNode.instance;
            case "vectors":
                return vectors(request);
            default:
                throw new IllegalArgumentException(request.get("task").asText());
        }
    }

    private static List<CommitMessage> prepare(FileStoreTable table, JsonNode request) throws Exception {
        StreamWriteBuilder builder = table.newStreamWriteBuilder().withCommitUser(request.get("user").asText());
        Path temporary = Files.createTempDirectory("interop");
        try (StreamTableWrite write = (StreamTableWrite) builder.newWrite().withIOManager(new IOManagerImpl(temporary.toString()))) {
            for (JsonNode row : request.get("rows")) write.write(Rows.fromJson(row, table.rowType()));
            return write.prepareCommit(true, request.get("identifier").asLong());
        } finally {
            Harness.delete(temporary);
        }
    }

    private static List<CommitMessage> messages(JsonNode request) throws Exception {
        CommitMessageSerializer serializer = new CommitMessageSerializer();
        List<CommitMessage> messages = new ArrayList<>();
        for (JsonNode text : request.get("messages"))
            messages.add(serializer.deserialize(serializer.getVersion(), Base64.getDecoder().decode(text.asText())));
        return messages;
    }

    private static ArrayNode texts(List<CommitMessage> messages) throws Exception {
        ArrayNode texts = Rows.JSON.createArrayNode();
        for (CommitMessage message : messages)
            texts.add(Base64.getEncoder().encodeToString(new CommitMessageSerializer().serialize(message)));
        return texts;
    }

    private static JsonNode overwrite(Table table, JsonNode request) throws Exception {
        Map<String, String> partition = new HashMap<>();
        request.get("partition").fields().forEachRemaining(entry -> partition.put(entry.getKey(), entry.getValue().asText()));
        BatchWriteBuilder builder = table.newBatchWriteBuilder().withOverwrite(partition);
        Path temporary = Files.createTempDirectory("interop");
        try (BatchTableWrite write = (BatchTableWrite) builder.newWrite().withIOManager(new IOManagerImpl(temporary.toString()));
                BatchTableCommit commit = builder.newCommit()) {
            for (JsonNode row : request.get("rows")) write.write(Rows.fromJson(row, table.rowType()));
            commit.commit(write.prepareCommit());
        } finally {
            Harness.delete(temporary);
        }
        return NullNode.instance;
    }

    /** The stored bytes of vectors of the positions, in base64: of 32 bits, and of 64. */
    private static JsonNode vectors(JsonNode request) throws Exception {
        ArrayNode found = Rows.JSON.createArrayNode();
        for (JsonNode positions : request.get("positions")) {
            ArrayNode forms = found.addArray();
            for (DeletionVector vector : Arrays.asList(new BitmapDeletionVector(), new Bitmap64DeletionVector())) {
                for (JsonNode position : positions) vector.delete(position.asLong());
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                int length = vector.serializeTo(new DataOutputStream(bytes));
                forms.add(length + " " + Base64.getEncoder().encodeToString(bytes.toByteArray()));
            }
        }
        return found;
    }
}
