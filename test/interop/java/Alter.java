import java.util.ArrayList;
import java.util.List;

import org.apache.paimon.catalog.Catalog;
import org.apache.paimon.catalog.Identifier;
import org.apache.paimon.schema.SchemaChange;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.paimon.table.FileStoreTable;
import org.apache.paimon.types.DataType;
import org.apache.paimon.types.DataTypeJsonParser;

/**
 * Changes of schemas: {"task": "alter", "lists": [[change, ...], ...]} makes each list of changes, one after the other, and
 * answers for each {"schema": as its file has it} or {"error": what Java says}. Tasks "drop", "rename" ("to") and
 * "dropDatabase" ("cascade") do what they are called.
 */
final class Alter {
    private Alter() {}

    static JsonNode perform(Catalog catalog, Identifier identifier, JsonNode request) throws Exception {
        switch (request.get("task").asText()) {
            case "alter":
                return alter(catalog, identifier, request.get("lists"));
            case "drop":
                catalog.dropTable(identifier, false);
                break;
            case "rename":
                catalog.renameTable(identifier, Identifier.fromString(request.get("to").asText()), false);
                break;
            case "dropDatabase":
                catalog.dropDatabase(identifier.getDatabaseName(), false, request.get("cascade").asBoolean());
                break;
            default:
                throw new IllegalArgumentException(request.toString());
        }
        return Rows.JSON.valueToTree(catalog.listDatabases());
    }

    private static ArrayNode alter(Catalog catalog, Identifier identifier, JsonNode lists) throws Exception {
        ArrayNode answers = Rows.JSON.createArrayNode();
        for (JsonNode list : lists) {
            ObjectNode answer = answers.addObject();
            try {
                List<SchemaChange> changes = new ArrayList<>();
                for (JsonNode change : list) changes.add(change(change));
                catalog.alterTable(identifier, changes, false);
                FileStoreTable table = (FileStoreTable) catalog.getTable(identifier);
                answer.set("schema", Rows.JSON.readTree(table.schemaManager().latest().get().toString()));
            } catch (Exception | AssertionError error) {
                Throwable cause = error;
                while (cause.getCause() != null) cause = cause.getCause();
                answer.put("error", cause.getClass().getSimpleName() + ": " + cause.getMessage());
            }
        }
        return answers;
    }

    private static SchemaChange change(JsonNode json) {
        switch (json.get("action").asText()) {
            case "setOption":
                return SchemaChange.setOption(json.get("name").asText(), json.get("value").asText());
            case "removeOption":
                return SchemaChange.removeOption(json.get("name").asText());
            case "updateComment":
                return SchemaChange.updateComment(textOrNull(json.get("comment")));
            case "addColumn":
                return SchemaChange.addColumn(path(json), type(json), textOrNull(json.get("comment")), move(json));
            case "renameColumn":
                return SchemaChange.renameColumn(path(json), json.get("to").asText());
            case "dropColumn":
                return SchemaChange.dropColumn(path(json));
            case "updateColumnType":
                return SchemaChange.updateColumnType(path(json), type(json), json.path("keepNullability").asBoolean(false));
            case "updateColumnNullability":
                return SchemaChange.updateColumnNullability(path(json), json.get("nullable").asBoolean());
            case "updateColumnComment":
                return SchemaChange.updateColumnComment(path(json), textOrNull(json.get("comment")));
            case "updateColumnDefaultValue":
                return SchemaChange.updateColumnDefaultValue(path(json), textOrNull(json.get("defaultValue")));
            case "updateColumnPosition":
                return SchemaChange.updateColumnPosition(move(json));
            case "dropPrimaryKey":
                return SchemaChange.dropPrimaryKey();
            default:
                throw new IllegalArgumentException(json.toString());
        }
    }

    private static String[] path(JsonNode json) {
        JsonNode column = json.get("column");
        if (column.isTextual()) return new String[] {column.asText()};
        List<String> names = new ArrayList<>();
        for (JsonNode name : column) names.add(name.asText());
        return names.toArray(new String[0]);
    }

    /** Nested types come as schema files have them. */
    private static DataType type(JsonNode json) {
        return DataTypeJsonParser.parseDataType(json.get("type"));
    }

    private static SchemaChange.Move move(JsonNode json) {
        JsonNode position = json.get("position");
        if (position == null) return null;
        String[] path = path(json);
        String name = path[path.length - 1];
        if (position.isTextual()) return position.asText().equals("first") ? SchemaChange.Move.first(name) : SchemaChange.Move.last(name);
        if (position.has("after")) return SchemaChange.Move.after(name, position.get("after").asText());
        return SchemaChange.Move.before(name, position.get("before").asText());
    }

    private static String textOrNull(JsonNode text) {
        return text == null || text.isNull() ? null : text.asText();
    }
}
