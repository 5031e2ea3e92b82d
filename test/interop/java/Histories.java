import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.List;

import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.LongNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.NullNode;
import org.apache.paimon.table.FileStoreTable;
import org.apache.paimon.tag.TagBatchCreation;
import org.apache.paimon.tag.TagTimeExpire;

/** What commits of Java do to tags and consumers, without a commit; and rollbacks to a time. */
final class Histories {
    private Histories() {}

    static JsonNode perform(FileStoreTable table, JsonNode request) throws Exception {
        switch (request.get("task").asText()) {
            case "autoTags":
                // As the object of a commit does when it is made, and then after its commit.
                table.store().newTagAutoManager(table).run();
                return NullNode.instance;
            case "batchTag":
                new TagBatchCreation(table).createTag();
                return NullNode.instance;
            case "expireTags":
                return expireTags(table, request);
            case "expireConsumers":
                Duration age = Duration.ofMillis(request.get("ageMs").asLong());
                table.consumerManager().expire(LocalDateTime.now().minus(age));
                return NullNode.instance;
            case "rollbackToTime":
                long id = table.snapshotManager().earlierOrEqualTimeMills(request.get("timeMillis").asLong()).id();
                table.rollbackTo(id);
                return LongNode.valueOf(id);
            default:
                throw new IllegalArgumentException(request.toString());
        }
    }

    /** Those whose time is over, or that are older than {"olderThanMs"}. */
    private static JsonNode expireTags(FileStoreTable table, JsonNode request) {
        TagTimeExpire expire = table.store().newTagAutoManager(table).getTagTimeExpire();
        if (request.has("olderThanMs")) {
            Instant instant = Instant.ofEpochMilli(request.get("olderThanMs").asLong());
            expire = expire.withOlderThanTime(LocalDateTime.ofInstant(instant, ZoneId.systemDefault()));
        }
        List<String> names = expire.expire();
        ArrayNode expired = Rows.JSON.createArrayNode();
        names.forEach(expired::add);
        return expired;
    }
}
