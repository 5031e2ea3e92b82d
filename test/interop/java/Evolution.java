import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.*;

import org.apache.paimon.catalog.Catalog;
import org.apache.paimon.catalog.Identifier;
import org.apache.paimon.data.*;
import org.apache.paimon.schema.Schema;
import org.apache.paimon.schema.SchemaChange;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.*;
import org.apache.paimon.table.FileStoreTable;
import org.apache.paimon.table.Table;
import org.apache.paimon.types.*;

/**
 * Tables whose schema changes between commits: `java Evolution DIR SEED COUNT` writes DIR/warehouse and, for each table,
 * DIR/expect/tN.json with what Java reads from it: {"table", "changes": [kinds that were made], "reads": [{"options", "where",
 * "stream", "rows" or "error"}]}.
 *
 * <p>Values are such that most casts succeed and that nearly every result has a text. Some tables hold texts that are no
 * numbers, so that reads fail which look at them.
 */
public final class Evolution {
    private static final String[] ATOMIC = {
        "BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(5, 2)", "DECIMAL(12, 3)", "DECIMAL(25, 4)",
        "CHAR(6)", "VARCHAR(4)", "VARCHAR(20)", "STRING", "BINARY(4)", "VARBINARY(8)", "BYTES", "DATE", "TIME(0)", "TIME(3)",
        "TIMESTAMP(0)", "TIMESTAMP(3)", "TIMESTAMP(6)", "TIMESTAMP(3) WITH LOCAL TIME ZONE", "TIMESTAMP(6) WITH LOCAL TIME ZONE",
    };
    private static final String[] NUMBERS = {"TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(12, 3)", "STRING"};
    private static final String[] DIRTY = {"x", "true", "2020-01-02", "1.5", "日本", "", "12:00:00", "999"};

    private final Random random;
    private final Catalog catalog;
    private final Identifier identifier;
    private final List<String> changes = new ArrayList<>();
    private boolean keyed;
    private boolean clean;
    private boolean avro;
    private int names = 0;

    private Evolution(Catalog catalog, String name, long seed) {
        this.catalog = catalog;
        this.identifier = Identifier.create("db", name);
        // The first numbers of neighbouring seeds are much alike.
        this.random = new Random(new SplittableRandom(seed).nextLong());
    }

    public static void main(String[] args) throws Exception {
        Path directory = Paths.get(args[0]);
        Catalog catalog = Harness.catalog(directory.resolve("warehouse").toString(), new HashMap<>());
        catalog.createDatabase("db", true);
        Files.createDirectories(directory.resolve("expect"));
        for (int i = 0; i < Integer.parseInt(args[2]); i++) {
            String name = "t" + i;
            String json = new Evolution(catalog, name, Long.parseLong(args[1]) * 1000 + i).run().toString();
            Files.write(directory.resolve("expect").resolve(name + ".json"), json.getBytes(StandardCharsets.UTF_8));
        }
    }

    private ObjectNode run() throws Exception {
        create();
        int commits = 2 + random.nextInt(2);
        for (int commit = 0; commit < commits; commit++) {
            try {
                write(commit > 0 && random.nextInt(5) == 0);
            } catch (Exception e) {
                // A compaction met types that there is no cast between.
                break;
            }
            if (commit < commits - 1 || random.nextBoolean())
                for (int change = 1 + random.nextInt(5); change > 0; change--) changeSchema();
        }
        ObjectNode result = Rows.JSON.createObjectNode().put("table", identifier.getFullName());
        result.set("changes", Rows.JSON.valueToTree(changes));
        ArrayNode reads = result.putArray("reads");
        ObjectNode latest = read(Collections.emptyMap(), null);
        reads.add(latest);
        if (latest.has("rows")) for (int i = 0; i < 6; i++) reads.add(read(Collections.emptyMap(), filter()));
        Long last = ((FileStoreTable) catalog.getTable(identifier)).snapshotManager().latestSnapshotId();
        for (long snapshot = 1; last != null && snapshot < last; snapshot++)
            reads.add(read(Collections.singletonMap("scan.snapshot-id", String.valueOf(snapshot)), null));
        if (!keyed) reads.add(stream());
        return result;
    }

    // ---- tables ----

    private void create() throws Exception {
        keyed = random.nextBoolean();
        boolean partialUpdate = keyed && random.nextInt(4) == 0;
        clean = partialUpdate || random.nextBoolean();
        boolean twoKeys = keyed && random.nextInt(3) == 0;
        String format = new String[] {"avro", "orc", "parquet"}[random.nextInt(3)];
        avro = format.equals("avro");
        Schema.Builder schema = Schema.newBuilder();
        schema.column("k", keyed ? type("INT NOT NULL") : type("INT"));
        if (twoKeys) schema.column("k2", type("INT NOT NULL"));
        boolean partitioned = random.nextInt(3) == 0;
        if (partitioned) schema.column("p", type("STRING")).partitionKeys("p");
        if (!clean) schema.column(newName(), type("STRING"));
        int columns = 2 + random.nextInt(4);
        for (int i = 0; i < columns; i++) schema.column(newName(), random.nextInt(3) > 0 ? atomic() : nested(2));
        List<String> keys = new ArrayList<>(Collections.singletonList("k"));
        if (twoKeys) keys.add("k2");
        if (partitioned) keys.add("p");
        if (keyed) schema.primaryKey(keys);
        schema.option("bucket", keyed ? String.valueOf(1 + random.nextInt(2)) : "-1");
        schema.option("file.format", format);
        if (partialUpdate) schema.option("merge-engine", "partial-update");
        else if (keyed && random.nextInt(4) == 0) schema.option("deletion-vectors.enabled", "true");
        if (random.nextInt(3) == 0) schema.option("metadata.stats-mode", random.nextBoolean() ? "full" : "counts");
        if (keyed && random.nextInt(4) == 0) schema.option("data-file.thin-mode", "true");
        catalog.createTable(identifier, schema.build(), false);
    }

    private String newName() {
        return "c" + names++;
    }

    private static DataType type(String text) {
        return DataTypeJsonParser.parseDataType(TextNode.valueOf(text));
    }

    private DataType atomic() {
        return type(ATOMIC[random.nextInt(ATOMIC.length)]);
    }

    private DataType nested(int depth) {
        switch (depth == 0 ? 0 : 1 + random.nextInt(4)) {
            case 1:
                return DataTypes.ARRAY(nested(depth - 1));
            case 2:
                return DataTypes.MAP(random.nextBoolean() ? type("STRING NOT NULL") : type("INT NOT NULL"), nested(depth - 1));
            case 3:
            case 4: {
                DataField[] fields = new DataField[2 + random.nextInt(2)];
                for (int i = 0; i < fields.length; i++) fields[i] = DataTypes.FIELD(i, newName(), nested(random.nextInt(depth)));
                return DataTypes.ROW(fields);
            }
            default:
                return atomic();
        }
    }

    private void write(boolean compact) throws Exception {
        Table table = catalog.getTable(identifier);
        List<GenericRow> rows = new ArrayList<>();
        for (int i = 3 + random.nextInt(12); i > 0; i--) {
            GenericRow row = new GenericRow(table.rowType().getFieldCount());
            for (DataField field : table.rowType().getFields()) {
                boolean key = table.primaryKeys().contains(field.name());
                Object value = key && !field.name().equals("p") ? (Object) random.nextInt(table.primaryKeys().contains("k2") ? 5 : 25) : value(field.type());
                if (table.partitionKeys().contains(field.name())) value = BinaryString.fromString(random.nextBoolean() ? "a" : "b");
                row.setField(table.rowType().getFieldIndex(field.name()), value);
            }
            rows.add(row);
        }
        Harness.commit(table, "evolution", Harness.nextIdentifier(), rows, compact && keyed);
    }

    private Object value(DataType type) {
        if (type.isNullable() && random.nextInt(6) == 0) return null;
        int number = random.nextInt(4) == 0 ? random.nextInt(2) : random.nextInt(100);
        int large = random.nextInt(3) == 0 ? random.nextInt(2_000_000_000) : number;
        int signed = random.nextInt(8) == 0 ? -number : number;
        switch (type.getTypeRoot()) {
            case BOOLEAN: return random.nextBoolean();
            case TINYINT: return (byte) signed;
            case SMALLINT: return (short) (signed * 300);
            case INTEGER: return random.nextInt(8) == 0 ? signed : large;
            case BIGINT: return random.nextInt(8) == 0 ? (long) signed : random.nextInt(4) == 0 ? large * 30L : large;
            case FLOAT: return !clean && number == 5 ? Float.NaN : signed / 4f;
            case DOUBLE: return !clean && number == 5 ? Double.NEGATIVE_INFINITY : random.nextInt(3) == 0 ? large / 8.0 : signed / 4.0;
            case DECIMAL: {
                DecimalType decimal = (DecimalType) type;
                return Decimal.fromUnscaledBytes(java.math.BigInteger.valueOf(signed * 101L).toByteArray(), decimal.getPrecision(), decimal.getScale());
            }
            case CHAR:
            case VARCHAR: return BinaryString.fromString(text(number));
            case BINARY:
            case VARBINARY: return text(number).getBytes(StandardCharsets.UTF_8);
            case DATE: return random.nextInt(30000) - (clean ? 0 : 5000);
            case TIME_WITHOUT_TIME_ZONE: return random.nextInt(86400) * 1000 + (DataTypeChecks.getPrecision(type) == 0 ? 0 : number);
            case TIMESTAMP_WITHOUT_TIME_ZONE:
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE: {
                int precision = DataTypeChecks.getPrecision(type);
                long millis = (large - (clean ? 0 : 100_000_000)) * 1000L + (precision == 0 ? 0 : number);
                return Timestamp.fromEpochMillis(millis, precision > 3 ? number * 1000 : 0);
            }
            case ARRAY: {
                Object[] items = new Object[random.nextInt(4)];
                for (int i = 0; i < items.length; i++) items[i] = value(((ArrayType) type).getElementType());
                return new GenericArray(items);
            }
            case MAP: {
                Map<Object, Object> entries = new LinkedHashMap<>();
                for (int i = random.nextInt(4); i > 0; i--) entries.put(value(((MapType) type).getKeyType()), value(((MapType) type).getValueType()));
                return new GenericMap(entries);
            }
            case ROW: {
                RowType row = (RowType) type;
                GenericRow fields = new GenericRow(row.getFieldCount());
                for (int i = 0; i < row.getFieldCount(); i++) fields.setField(i, value(row.getTypeAt(i)));
                return fields;
            }
            default: throw new IllegalArgumentException(type.toString());
        }
    }

    private String text(int number) {
        return clean || random.nextInt(4) > 0 ? String.valueOf(number) : DIRTY[random.nextInt(DIRTY.length)];
    }

    // ---- changes ----

    /** Makes a change that Java does not refuse, if it finds one. */
    private void changeSchema() throws Exception {
        List<String> keys = new ArrayList<>(catalog.getTable(identifier).primaryKeys());
        keys.remove("p");
        if (keys.size() == 2 && random.nextInt(3) == 0) {
            swap(keys.get(0), keys.get(1));
            return;
        }
        for (int attempt = 0; attempt < 8; attempt++) {
            SchemaChange change = change(catalog.getTable(identifier).rowType());
            try {
                catalog.alterTable(identifier, Collections.singletonList(change), false);
                changes.add(change.getClass().getSimpleName() + (path.length > 1 ? " nested" : ""));
                return;
            } catch (RuntimeException | Catalog.ColumnNotExistException | Catalog.ColumnAlreadyExistException refused) {
                // Another one may do.
            }
        }
    }

    /** Two columns take each other's name. */
    private void swap(String a, String b) throws Exception {
        List<SchemaChange> steps = Arrays.asList(
                SchemaChange.renameColumn(a, "swapped"), SchemaChange.renameColumn(b, a), SchemaChange.renameColumn("swapped", b));
        for (SchemaChange step : steps) catalog.alterTable(identifier, Collections.singletonList(step), false);
        changes.add("RenameColumn swap");
    }

    /** The column that the change is about. */
    private String[] path;

    private SchemaChange change(RowType type) {
        List<String> steps = new ArrayList<>();
        DataType at = type;
        DataField field = type.getFields().get(random.nextInt(type.getFieldCount()));
        steps.add(field.name());
        at = field.type();
        while (random.nextInt(4) > 0) {
            if (at instanceof ArrayType) {
                steps.add("element");
                at = ((ArrayType) at).getElementType();
            } else if (at instanceof MapType) {
                steps.add("value");
                at = ((MapType) at).getValueType();
            } else if (at instanceof RowType && ((RowType) at).getFieldCount() > 0) {
                field = ((RowType) at).getFields().get(random.nextInt(((RowType) at).getFieldCount()));
                steps.add(field.name());
                at = field.type();
            } else break;
        }
        path = steps.toArray(new String[0]);
        boolean isField = path[path.length - 1].equals(field.name());
        switch (random.nextInt(12)) {
            case 0:
            case 1: {
                DataType added = random.nextInt(3) > 0 ? atomic() : nested(1);
                // Within a row, or beside the column.
                if (at instanceof RowType) steps.add(newName());
                else if (isField) steps.set(steps.size() - 1, newName());
                else steps = new ArrayList<>(Collections.singletonList(newName()));
                path = steps.toArray(new String[0]);
                SchemaChange.Move move = random.nextBoolean() ? null : SchemaChange.Move.first(path[path.length - 1]);
                return SchemaChange.addColumn(path, added, null, move);
            }
            case 2:
            case 3:
                // A name that was taken by another column once tells ids from names.
                return SchemaChange.renameColumn(path, random.nextInt(3) == 0 ? "c" + random.nextInt(names) : newName());
            case 4:
                return SchemaChange.dropColumn(path);
            case 5: {
                String other = type.getFieldNames().get(random.nextInt(type.getFieldCount()));
                path = new String[] {path[0]};
                SchemaChange.Move[] moves = {
                    SchemaChange.Move.first(path[0]), SchemaChange.Move.last(path[0]), SchemaChange.Move.after(path[0], other), SchemaChange.Move.before(path[0], other)
                };
                return SchemaChange.updateColumnPosition(moves[random.nextInt(moves.length)]);
            }
            case 6: {
                int kind = random.nextInt(4);
                if (kind == 0) return SchemaChange.updateColumnComment(path, "a comment");
                if (kind == 1) return SchemaChange.updateColumnNullability(path, true);
                if (kind == 2) return SchemaChange.updateColumnDefaultValue(path, "1");
                return SchemaChange.setOption("snapshot.num-retained.max", String.valueOf(50 + random.nextInt(50)));
            }
            default: {
                // Numbers among numbers make most of what casts are used for.
                boolean number = at.is(DataTypeFamily.NUMERIC) && random.nextBoolean();
                DataType to = number ? type(NUMBERS[random.nextInt(NUMBERS.length)]) : atomic();
                // The order of a map's entries in Avro files, and so its text, is Java's own.
                if (avro && at.toString().contains("MAP<")) to = type("INT");
                // Where values of several rows make one, it is not told here whether Java looks at all of them.
                if (keyed && clean && !at.is(DataTypeFamily.NUMERIC) && (at.is(DataTypeFamily.CHARACTER_STRING) || at.is(DataTypeFamily.BINARY_STRING)))
                    to = random.nextBoolean() ? type("STRING") : type("VARCHAR(4)");
                return SchemaChange.updateColumnType(path, to, true);
            }
        }
    }

    // ---- reading ----

    private ObjectNode read(Map<String, String> options, JsonNode where) throws Exception {
        ObjectNode read = Rows.JSON.createObjectNode();
        read.set("options", Rows.JSON.valueToTree(options));
        if (where != null) read.set("where", where);
        return put(read, () -> Harness.rows(options.isEmpty() ? catalog.getTable(identifier) : catalog.getTable(identifier).copy(options), where));
    }

    private ObjectNode stream() throws Exception {
        ObjectNode read = Rows.JSON.createObjectNode().put("stream", true);
        return put(read, () -> Harness.changes(catalog.getTable(identifier)));
    }

    interface Reading {
        List<ObjectNode> rows() throws Exception;
    }

    private ObjectNode put(ObjectNode read, Reading reading) {
        try {
            ArrayNode rows = Rows.JSON.createArrayNode();
            for (ObjectNode row : reading.rows()) rows.add(row);
            read.set("rows", rows);
        } catch (Exception e) {
            String text = String.valueOf(e);
            // A time before midnight can be read, but has no text.
            if (text.contains("NanoOfDay")) read.put("unprintable", true);
            else read.put("error", text);
        }
        return read;
    }

    /** A filter on a column of the latest schema. */
    private JsonNode filter() throws Exception {
        RowType type = catalog.getTable(identifier).rowType();
        DataField field = type.getFields().get(random.nextInt(type.getFieldCount()));
        String[] ops = {"eq", "ne", "lt", "lte", "gt", "gte", "isNull", "isNotNull"};
        // Java compares binaries as signed bytes in filters.
        boolean comparable = !(field.type().is(DataTypeFamily.BINARY_STRING) || field.type() instanceof ArrayType || field.type() instanceof MapType || field.type() instanceof RowType);
        String op = ops[comparable ? random.nextInt(ops.length) : 6 + random.nextInt(2)];
        ObjectNode where = Rows.JSON.createObjectNode().put("column", field.name()).put("op", op);
        Object value = comparable ? value(field.type().copy(false)) : null;
        where.set("value", Rows.toJson(value, field.type()));
        return where;
    }
}
