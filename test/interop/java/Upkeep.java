import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import org.apache.paimon.fs.Path;
import org.apache.paimon.partition.PartitionTimeExtractor;
import org.apache.paimon.partition.actions.SuccessFileMarkDoneAction;
import org.apache.paimon.partition.file.SuccessFile;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.NullNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.paimon.stats.ColStats;
import org.apache.paimon.stats.Statistics;
import org.apache.paimon.table.FileStoreTable;

/** What the tests of upkeep ask of Java: {"task", ...}. */
final class Upkeep {
    private Upkeep() {}

    static JsonNode perform(FileStoreTable table, JsonNode request) throws Exception {
        switch (request.get("task").asText()) {
            case "times":
                return times(request.get("cases"));
            case "statistics":
                return statistics(table);
            case "markDone":
                new SuccessFileMarkDoneAction(table.fileIO(), table.location()).markDone(request.get("partition").asText());
                return NullNode.instance;
            case "done":
                return done(table, request.get("partition").asText());
            default:
                throw new IllegalArgumentException(request.toString());
        }
    }

    /** Of each {"pattern", "formatter", "keys", "values"} the time in seconds and nanoseconds, null for none, or the error. */
    private static JsonNode times(JsonNode cases) {
        ArrayNode times = Rows.JSON.createArrayNode();
        for (JsonNode each : cases) times.add(time(each));
        return times;
    }

    private static String time(JsonNode each) {
        List<String> keys = new ArrayList<>();
        each.get("keys").forEach(key -> keys.add(key.asText()));
        List<String> values = new ArrayList<>();
        each.get("values").forEach(value -> values.add(value.asText()));
        try {
            LocalDateTime time = new PartitionTimeExtractor(text(each, "pattern"), text(each, "formatter")).extract(keys, values);
            return time.toEpochSecond(ZoneOffset.UTC) + "." + String.format("%09d", time.getNano());
        } catch (DateTimeParseException e) {
            return null;
        } catch (IllegalArgumentException | DateTimeException e) {
            return "error";
        }
    }

    private static String text(JsonNode each, String name) {
        return each.hasNonNull(name) ? each.get(name).asText() : null;
    }

    /** The statistics of the latest snapshot, with bounds that went through Java's values. */
    private static JsonNode statistics(FileStoreTable table) {
        Statistics statistics = table.statistics().get();
        ObjectNode json = Rows.JSON.createObjectNode();
        json.put("snapshot", statistics.snapshotId());
        json.put("schema", statistics.schemaId());
        json.put("rows", statistics.mergedRecordCount().getAsLong());
        json.put("bytes", statistics.mergedRecordSize().getAsLong());
        ObjectNode columns = json.putObject("columns");
        for (Map.Entry<String, ColStats<?>> entry : new TreeMap<>(statistics.colStats()).entrySet()) {
            ColStats<?> column = entry.getValue();
            ObjectNode shown = columns.putObject(entry.getKey());
            shown.put("id", column.colId());
            shown.put("distinct", column.distinctCount().getAsLong());
            shown.put("min", column.min().map(Object::toString).orElse(null));
            shown.put("max", column.max().map(Object::toString).orElse(null));
            shown.put("nulls", column.nullCount().getAsLong());
        }
        return json;
    }

    private static JsonNode done(FileStoreTable table, String partition) throws Exception {
        SuccessFile file = SuccessFile.fromPath(table.fileIO(), new Path(new Path(table.location(), partition), "_SUCCESS"));
        ObjectNode json = Rows.JSON.createObjectNode();
        json.put("creationTime", file.creationTime());
        json.put("modificationTime", file.modificationTime());
        return json;
    }
}
