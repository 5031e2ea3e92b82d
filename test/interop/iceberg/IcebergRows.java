import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.Schema;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.expressions.Expression;
import org.apache.iceberg.expressions.Expressions;
import org.apache.iceberg.hadoop.HadoopTables;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.shaded.com.fasterxml.jackson.databind.JsonNode;
import org.apache.iceberg.shaded.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.iceberg.types.Type;
import org.apache.iceberg.types.Types;

/**
 * Reads tables with Iceberg's own library: {@code java IcebergRows JOBS.json}. Jobs and answers are those of clients.py.
 */
public class IcebergRows {
    private static final HadoopTables TABLES = new HadoopTables(new Configuration());

    public static void main(String[] args) throws Exception {
        PrintStream out =
                new PrintStream(new FileOutputStream(FileDescriptor.out), true, "UTF-8");
        for (JsonNode job : new ObjectMapper().readTree(new File(args[0]))) {
            String id = job.get("id").asText();
            out.println("{\"start\":\"" + id + "\"}");
            StringBuilder answer = new StringBuilder("{\"id\":\"" + id + "\",");
            int start = answer.length();
            try {
                read(job, answer);
            } catch (Throwable error) {
                answer.setLength(start);
                answer.append("\"error\":");
                text(answer, messages(error));
            }
            out.println(answer.append('}'));
        }
        System.exit(0);
    }

    private static void read(JsonNode job, StringBuilder answer) throws Exception {
        Table table = TABLES.load(job.get("dir").asText());
        Long snapshot = null;
        if (!job.get("tag").isNull())
            snapshot = table.refs().get(job.get("tag").asText()).snapshotId();
        else if (!job.get("snapshot").isNull()) snapshot = job.get("snapshot").asLong();
        Schema schema =
                snapshot == null
                        ? table.schema()
                        : table.schemas().get(table.snapshot(snapshot).schemaId());
        answer.append("\"rows\":[");
        int count = 0;
        try (CloseableIterable<Record> rows = scan(table, snapshot, schema).build()) {
            for (Record row : rows) {
                if (count++ > 0) answer.append(',');
                value(answer, schema.asStruct(), row);
            }
        }
        answer.append("],\"filters\":[");
        boolean isFirst = true;
        for (JsonNode asked : job.get("filters")) {
            if (!isFirst) answer.append(',');
            isFirst = false;
            try {
                answer.append(countRows(scan(table, snapshot, schema).where(filter(asked))));
            } catch (Throwable error) {
                text(answer, messages(error));
            }
        }
        answer.append(']');
    }

    private static IcebergGenerics.ScanBuilder scan(Table table, Long snapshot, Schema schema) {
        IcebergGenerics.ScanBuilder scan = IcebergGenerics.read(table);
        return snapshot == null ? scan : scan.useSnapshot(snapshot).project(schema);
    }

    private static int countRows(IcebergGenerics.ScanBuilder scan) throws Exception {
        int count = 0;
        try (CloseableIterable<Record> rows = scan.build()) {
            for (Record ignored : rows) count++;
        }
        return count;
    }

    private static Expression filter(JsonNode asked) {
        String column = asked.get("col").asText();
        if (asked.get("op").asText().equals("null")) return Expressions.isNull(column);
        return Expressions.equal(column, literal(asked.get("type").asText(), asked.get("value")));
    }

    private static Object literal(String type, JsonNode value) {
        switch (type) {
            case "int":
                return value.asInt();
            case "long":
                return value.asLong();
            case "float":
                return Float.parseFloat(value.asText());
            case "double":
                return Double.parseDouble(value.asText());
            case "boolean":
                return value.asBoolean();
            case "binary":
                return ByteBuffer.wrap(bytes(value.asText().substring(2)));
            case "timestamp":
                return moment(value.asLong()).format(DateTimeFormatter.ISO_LOCAL_DATE_TIME);
            case "timestamptz":
                return moment(value.asLong())
                        .atOffset(ZoneOffset.UTC)
                        .format(DateTimeFormatter.ISO_OFFSET_DATE_TIME);
            default:
                return type.startsWith("decimal") ? new BigDecimal(value.asText()) : value.asText();
        }
    }

    private static LocalDateTime moment(long micros) {
        int nanos = (int) Math.floorMod(micros, 1_000_000L) * 1000;
        return LocalDateTime.ofEpochSecond(
                Math.floorDiv(micros, 1_000_000L), nanos, ZoneOffset.UTC);
    }

    private static byte[] bytes(String digits) {
        byte[] bytes = new byte[digits.length() / 2];
        for (int i = 0; i < bytes.length; i++)
            bytes[i] = (byte) Integer.parseInt(digits.substring(2 * i, 2 * i + 2), 16);
        return bytes;
    }

    /** Appends a value of an Iceberg type as JSON. */
    private static void value(StringBuilder json, Type type, Object value) {
        if (value == null) json.append("null");
        else if (type.isStructType()) struct(json, type.asStructType(), (StructLike) value);
        else if (type.isListType()) list(json, type.asListType().elementType(), (List<?>) value);
        else if (type.isMapType()) map(json, type.asMapType(), (Map<?, ?>) value);
        else if (value instanceof ByteBuffer) text(json, digits(((ByteBuffer) value).duplicate()));
        else if (value instanceof byte[]) text(json, digits(ByteBuffer.wrap((byte[]) value)));
        else if (value instanceof BigDecimal) text(json, ((BigDecimal) value).toPlainString());
        else if (value instanceof Boolean || value instanceof Integer || value instanceof Long)
            json.append(value);
        else if (value instanceof Number && Double.isFinite(((Number) value).doubleValue()))
            json.append(value);
        else text(json, value.toString());
    }

    private static void struct(StringBuilder json, Types.StructType type, StructLike value) {
        json.append('{');
        for (int i = 0; i < type.fields().size(); i++) {
            Types.NestedField field = type.fields().get(i);
            if (i > 0) json.append(',');
            text(json, field.name());
            json.append(':');
            value(json, field.type(), value.get(i, Object.class));
        }
        json.append('}');
    }

    private static void list(StringBuilder json, Type element, List<?> values) {
        json.append('[');
        for (int i = 0; i < values.size(); i++) {
            if (i > 0) json.append(',');
            value(json, element, values.get(i));
        }
        json.append(']');
    }

    private static void map(StringBuilder json, Types.MapType type, Map<?, ?> values) {
        json.append('[');
        boolean isFirst = true;
        for (Map.Entry<?, ?> entry : values.entrySet()) {
            if (!isFirst) json.append(',');
            isFirst = false;
            json.append('[');
            value(json, type.keyType(), entry.getKey());
            json.append(',');
            value(json, type.valueType(), entry.getValue());
            json.append(']');
        }
        json.append(']');
    }

    private static String digits(ByteBuffer bytes) {
        StringBuilder digits = new StringBuilder("0x");
        while (bytes.hasRemaining()) digits.append(String.format("%02x", bytes.get()));
        return digits.toString();
    }

    private static void text(StringBuilder json, String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') json.append('\\').append(c);
            else if (c < 32 || c > 126) json.append(String.format("\\u%04x", (int) c));
            else json.append(c);
        }
        json.append('"');
    }

    private static String messages(Throwable error) {
        StringBuilder messages = new StringBuilder();
        int depth = 0;
        for (Throwable each = error; each != null && depth++ < 4; each = each.getCause())
            messages.append(messages.length() > 0 ? ", because of " : "").append(each);
        return messages.substring(0, Math.min(messages.length(), 1500));
    }
}
