import org.apache.paimon.CoreOptions;
import org.apache.paimon.data.*;
import org.apache.paimon.mergetree.compact.aggregate.FieldAggregator;
import org.apache.paimon.mergetree.compact.aggregate.factory.FieldAggregatorFactory;
import org.apache.paimon.options.Options;
import org.apache.paimon.types.*;

import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;

/**
 * Writes what the aggregate functions of Java Paimon make of values, for the tests of src/lsm/merge to compare with: `java
 * AggregateVectors DIR` writes aggregates.json. The same program writes the same file each time. Compiled and run with
 * Vectors.java.
 *
 * A case: {"name", "type", "options", "runs": [[["agg" | "retract" | "aggReversed", input, result] ...] ...]}; each run begins
 * with a reset and null, and an error is {"error": true} in place of the result, which leaves the value as it was.
 */
public class AggregateVectors {
    static final Random random = new Random(20260801);

    static final String[] NUMBERS = {
        "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(3, 1)", "DECIMAL(18, 4)", "DECIMAL(20, 5)", "DECIMAL(38, 10)",
    };
    static final String[] ORDERED = {
        "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DATE", "TIME(3)", "CHAR(5)", "STRING", "BINARY(4)", "BYTES", "DECIMAL(9, 2)",
        "DECIMAL(38, 10)", "TIMESTAMP(3)", "TIMESTAMP(9)", "TIMESTAMP(6) WITH LOCAL TIME ZONE",
    };
    static final String ROWS = Vectors.array(Vectors.row("INT", "STRING", "DOUBLE"));
    static final String TIMED = Vectors.map("STRING", Vectors.row("INT", "STRING"));

    static final List<String> cases = new ArrayList<>();

    public static void main(String[] args) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        for (String type : NUMBERS) {
            add("sum", type, "arR");
            add("product", type, "arR");
        }
        for (String type : ORDERED) {
            add("max", type, "aR");
            add("min", type, "aR");
        }
        for (String name : new String[] {"last_value", "last_non_null_value", "primary-key"}) add(name, "STRING", "arR");
        for (String name : new String[] {"first_value", "first_non_null_value", "first_not_null_value"}) add(name, "INT", "aR");
        for (String name : new String[] {"bool_and", "bool_or", "max"}) add(name, "BOOLEAN", "arR");
        add("sum", "INT", "arR", "ignore-retract", "true");
        add("collect", Vectors.array("INT"), "arR", "ignore-retract", "true");
        for (String[] options : new String[][] {{}, {"distinct", "true"}, {"list-agg-delimiter", "ab"}, {"list-agg-delimiter", "ab", "distinct", "true"},
                {"list-agg-delimiter", "", "distinct", "true"}})
            add("listagg", "STRING", "aR", options);
        // Without what compares arrays of bytes, which Java tells apart by their identity.
        add("collect", Vectors.array("BYTES"), "aR");
        for (String element : new String[] {"INT", "BIGINT", "FLOAT", "DOUBLE", "STRING", "DECIMAL(20, 5)", "TIMESTAMP(9)", "BOOLEAN"}) {
            add("collect", Vectors.array(element), "arR");
            add("collect", Vectors.array(element), "arR", "distinct", "true");
        }
        for (String element : new String[] {Vectors.row("INT", "STRING"), Vectors.array("DOUBLE"), Vectors.row("BYTES", "FLOAT"), Vectors.map("INT", "STRING")}) {
            add("collect", Vectors.array(element), "aR");
            add("collect", Vectors.array(element), "arR", "distinct", "true");
        }
        for (String key : new String[] {"INT", "STRING", "DOUBLE", "TIMESTAMP(3)"}) add("merge_map", Vectors.map(key, "INT"), "arR");
        add("merge_map", Vectors.map("STRING", Vectors.array("INT")), "arR");
        add("merge_map_with_keytime", TIMED, "aR");
        add("merge_map_with_keytime", Vectors.map("INT", Vectors.row("STRING", "STRING", "INT")), "aR", "ts-field", "f1");
        add("nested_update", ROWS, "arR");
        add("nested_update", ROWS, "arR", "nested-key", "f0");
        add("nested_update", ROWS, "arR", "nested-key", "f2, f1");
        add("nested_update", ROWS, "aR", "count-limit", "3");
        // Rows over the limit are left out in the order of a hash map when merged in reverse.
        add("nested_update", ROWS, "a", "nested-key", "f0", "count-limit", "4");
        add("nested_partial_update", ROWS, "aR", "nested-key", "f0");
        add("nested_partial_update", ROWS, "aR", "nested-key", "f0,f1");
        String text = "[" + String.join(",\n", cases) + "]\n";
        Files.write(Paths.get(args[0]).resolve("aggregates.json"), text.getBytes(StandardCharsets.UTF_8));
    }

    /** `ops` are the first letters of the operations, with R for aggReversed. */
    static void add(String name, String typeText, String ops, String... options) throws Exception {
        DataType type = Vectors.type(typeText);
        Map<String, String> set = new LinkedHashMap<>();
        for (int i = 0; i < options.length; i += 2) set.put("fields.v." + options[i], options[i + 1]);
        FieldAggregator aggregator = FieldAggregatorFactory.create(type, "v", name, new CoreOptions(Options.fromMap(set)));
        List<String> runs = new ArrayList<>();
        for (int i = 0; i < 5; i++) runs.add(run(aggregator, type, ops));
        StringBuilder given = new StringBuilder();
        for (Map.Entry<String, String> option : set.entrySet())
            given.append(given.length() == 0 ? "" : ",").append(Vectors.text(option.getKey())).append(":").append(Vectors.text(option.getValue()));
        cases.add("{\"name\":\"" + name + "\",\"type\":" + Vectors.quoted(typeText) + ",\"options\":{" + given + "},\"runs\":[\n" + String.join(",\n", runs) + "]}");
    }

    static String run(FieldAggregator aggregator, DataType type, String ops) throws Exception {
        List<String> steps = new ArrayList<>();
        aggregator.reset();
        Object acc = null;
        for (int i = 0; i < 7; i++) {
            char op = i < 2 ? 'a' : ops.charAt(random.nextInt(ops.length()));
            Object input = copy(type, value(type, 0));
            String result;
            try {
                Object next = op == 'a' ? aggregator.agg(acc, input) : op == 'r' ? aggregator.retract(acc, input) : aggregator.aggReversed(acc, input);
                result = Vectors.json(type, next);
                acc = next;
            } catch (NullPointerException e) {
                break; // Elements that are null are not foreseen by the comparison of rows.
            } catch (RuntimeException e) {
                result = "{\"error\":true}";
            }
            String opName = op == 'a' ? "agg" : op == 'r' ? "retract" : "aggReversed";
            steps.add("[\"" + opName + "\"," + Vectors.json(type, input) + "," + result + "]");
        }
        return "[" + String.join(",", steps) + "]";
    }

    /** The value in new objects, as a reader gives it. */
    static Object copy(DataType type, Object value) {
        if (value == null) return null;
        switch (type.getTypeRoot()) {
            case BINARY:
            case VARBINARY: return ((byte[]) value).clone();
            case ARRAY: return new GenericArray(copies(((ArrayType) type).getElementType(), (InternalArray) value));
            case MAP: {
                MapType mapType = (MapType) type;
                InternalMap map = (InternalMap) value;
                Object[] keys = copies(mapType.getKeyType(), map.keyArray()), values = copies(mapType.getValueType(), map.valueArray());
                Map<Object, Object> entries = new LinkedHashMap<>();
                for (int i = 0; i < keys.length; i++) entries.put(keys[i], values[i]);
                return new GenericMap(entries);
            }
            case ROW: {
                RowType rowType = (RowType) type;
                GenericRow row = new GenericRow(rowType.getFieldCount());
                for (int i = 0; i < rowType.getFieldCount(); i++) row.setField(i, copy(rowType.getTypeAt(i), ((GenericRow) value).getField(i)));
                return row;
            }
            default: return value;
        }
    }

    static Object[] copies(DataType element, InternalArray array) {
        Object[] items = new Object[array.size()];
        for (int i = 0; i < items.length; i++) items[i] = copy(element, InternalArray.createElementGetter(element).getElementOrNull(array, i));
        return items;
    }

    static final String[] TEXTS = {"", "a", "b", "ab", "abc", "a,b", "b,,c,", "aab", "xabyabz", "a b", "\ue000", "😀", "2024-01-02", "2024-01-03"};

    /** One of few values, so that equal ones meet. */
    static Object value(DataType type, int depth) throws Exception {
        if (type.isNullable() && random.nextInt(depth == 0 ? 6 : 8) == 0) return null;
        switch (type.getTypeRoot()) {
            case CHAR:
            case VARCHAR: return BinaryString.fromString(TEXTS[random.nextInt(TEXTS.length)]);
            case BINARY:
            case VARBINARY: return new byte[][] {{}, {1}, {1, 2}, {(byte) 200}}[random.nextInt(4)];
            case FLOAT: return new float[] {0f, -0f, Float.NaN, 1.5f, 3f, -7.25f, 1e30f, 1e-30f}[random.nextInt(8)];
            case DOUBLE: return new double[] {0d, -0d, Double.NaN, 1.5, 3, -7.25, 1e300, 0.1}[random.nextInt(8)];
            case ARRAY: {
                Object[] items = new Object[random.nextInt(4)];
                for (int i = 0; i < items.length; i++) items[i] = value(((ArrayType) type).getElementType(), depth + 1);
                return new GenericArray(items);
            }
            case MAP: {
                MapType map = (MapType) type;
                Map<Object, Object> entries = new LinkedHashMap<>();
                for (int i = random.nextInt(4); i > 0; i--) entries.put(value(map.getKeyType().notNull(), depth + 1), value(map.getValueType(), depth + 1));
                return new GenericMap(entries);
            }
            case ROW: {
                RowType rowType = (RowType) type;
                GenericRow row = new GenericRow(rowType.getFieldCount());
                for (int i = 0; i < rowType.getFieldCount(); i++) row.setField(i, value(rowType.getTypeAt(i), depth + 1));
                return row;
            }
            case TINYINT: return (byte) small();
            case SMALLINT: return (short) small();
            case INTEGER: return depth > 0 ? 1 + random.nextInt(4) : (int) small();
            case BIGINT: return small();
            default: return Vectors.value(type, 1 + random.nextInt(7), true);
        }
    }

    static long small() {
        return new long[] {0, 1, 2, 3, -5, 100, 127, 32767, 2147483647, Long.MAX_VALUE, -128, Long.MIN_VALUE}[random.nextInt(12)];
    }
}
