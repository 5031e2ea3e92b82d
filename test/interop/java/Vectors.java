import org.apache.paimon.bucket.DefaultBucketFunction;
import org.apache.paimon.bucket.ModBucketFunction;
import org.apache.paimon.codegen.CodeGenUtils;
import org.apache.paimon.codegen.Projection;
import org.apache.paimon.data.*;
import org.apache.paimon.data.serializer.InternalRowSerializer;
import org.apache.paimon.data.variant.GenericVariant;
import org.apache.paimon.schema.Schema;
import org.apache.paimon.schema.TableSchema;
import org.apache.paimon.types.*;
import org.apache.paimon.utils.*;

import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.ObjectMapper;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;

/**
 * Writes what Java Paimon computes for many values, for the tests of src/types to compare with: `java Vectors DIR`
 * writes binary-rows.json, options.json, partition-texts.json and type-texts.json. The same program writes the same files each time.
 */
public class Vectors {
    static final Random random = new Random(20240601);
    static final ObjectMapper mapper = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        Path dir = Paths.get(args[0]);
        Files.write(dir.resolve("binary-rows.json"), binaryRows().getBytes(StandardCharsets.UTF_8));
        Files.write(dir.resolve("partition-texts.json"), partitionTexts().getBytes(StandardCharsets.UTF_8));
        Files.write(dir.resolve("options.json"), options().getBytes(StandardCharsets.UTF_8));
        Files.write(dir.resolve("type-texts.json"), typeTexts().getBytes(StandardCharsets.UTF_8));
    }

    // ---- binary rows: [{"types": [...], "rows": [{"values", "bytes", "hash", "buckets", "mod"}]}] ----

    static final String[] ATOMIC = {
        "BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DATE", "TIME(0)", "TIME(3)", "TIME(9)",
        "CHAR(5)", "VARCHAR(20)", "STRING", "BINARY(4)", "VARBINARY(12)", "BYTES",
        "DECIMAL(1, 0)", "DECIMAL(9, 2)", "DECIMAL(18, 4)", "DECIMAL(19, 0)", "DECIMAL(20, 5)", "DECIMAL(38, 10)", "DECIMAL(38, 38)",
        "TIMESTAMP(0)", "TIMESTAMP(3)", "TIMESTAMP(4)", "TIMESTAMP(6)", "TIMESTAMP(7)", "TIMESTAMP(9)",
        "TIMESTAMP(0) WITH LOCAL TIME ZONE", "TIMESTAMP(3) WITH LOCAL TIME ZONE", "TIMESTAMP(6) WITH LOCAL TIME ZONE",
        "TIMESTAMP(9) WITH LOCAL TIME ZONE",
    };

    static final String[] NESTED = {
        array("BOOLEAN"), array("TINYINT"), array("SMALLINT"), array("INT"), array("BIGINT"), array("FLOAT"), array("DOUBLE"),
        array("STRING"), array("BYTES"), array("DATE"), array("TIME(3)"), array("DECIMAL(9, 2)"), array("DECIMAL(38, 10)"),
        array("TIMESTAMP(3)"), array("TIMESTAMP(6)"), array("TIMESTAMP(9) WITH LOCAL TIME ZONE"),
        array(array("STRING")), array(map("INT NOT NULL", "STRING")), array(row("INT", "STRING", "DECIMAL(30, 3)", "TIMESTAMP(9)")),
        map("STRING NOT NULL", "BIGINT"), map("INT NOT NULL", array("TINYINT")), map("TIMESTAMP(6) NOT NULL", row("BOOLEAN", "STRING")),
        map("DECIMAL(20, 2) NOT NULL", "STRING"),
        "{\"type\":\"MULTISET\",\"element\":\"STRING NOT NULL\"}",
        row("INT"), row("STRING", row("TIMESTAMP(9)", array("DOUBLE")), "DECIMAL(22, 1)"), row(row(row("STRING"))),
        vector("FLOAT", 3), vector("BOOLEAN", 11), vector("BIGINT", 2), vector("SMALLINT", 1), "VARIANT",
    };

    static String array(String element) { return "{\"type\":\"ARRAY\",\"element\":" + quoted(element) + "}"; }
    static String map(String key, String value) {
        return "{\"type\":\"MAP\",\"key\":" + quoted(key) + ",\"value\":" + quoted(value) + "}";
    }
    static String vector(String element, int length) {
        return "{\"type\":\"VECTOR\",\"element\":" + quoted(element) + ",\"length\":" + length + "}";
    }
    static String row(String... fields) {
        StringBuilder out = new StringBuilder("{\"type\":\"ROW\",\"fields\":[");
        for (int i = 0; i < fields.length; i++) {
            out.append(i == 0 ? "" : ",").append("{\"id\":").append(i).append(",\"name\":\"f").append(i)
                    .append("\",\"type\":").append(quoted(fields[i])).append("}");
        }
        return out.append("]}").toString();
    }
    static String quoted(String type) { return type.startsWith("{") ? type : "\"" + type + "\""; }
    static DataType type(String text) throws Exception { return DataTypeJsonParser.parseDataType(mapper.readTree(quoted(text))); }

    static String binaryRows() throws Exception {
        List<String> sets = new ArrayList<>();
        for (String atomic : ATOMIC) sets.add(rowSet(22, true, atomic));
        for (int i = 0; i < 60; i++) {
            String[] types = new String[2 + random.nextInt(6)];
            for (int j = 0; j < types.length; j++) types[j] = ATOMIC[random.nextInt(ATOMIC.length)];
            sets.add(rowSet(4, true, types));
        }
        for (int width : new int[] {56, 57, 120, 121}) {
            String[] types = new String[width];
            for (int j = 0; j < width; j++) types[j] = ATOMIC[j % ATOMIC.length];
            sets.add(rowSet(2, true, types));
        }
        for (String nested : NESTED) sets.add(rowSet(5, false, nested));
        for (int i = 0; i < 12; i++)
            sets.add(rowSet(3, false, "STRING", NESTED[random.nextInt(NESTED.length)], "BIGINT", NESTED[random.nextInt(NESTED.length)]));
        return "[" + String.join(",\n", sets) + "]\n";
    }

    static String rowSet(int count, boolean key, String... typeTexts) throws Exception {
        DataType[] types = new DataType[typeTexts.length];
        String[] quotedTypes = new String[types.length];
        for (int i = 0; i < types.length; i++) {
            types[i] = type(typeTexts[i]);
            quotedTypes[i] = quoted(typeTexts[i]);
        }
        RowType rowType = RowType.of(types);
        InternalRowSerializer serializer = new InternalRowSerializer(rowType);
        Projection projection = key ? CodeGenUtils.newProjection(rowType, rowType.getFieldNames()) : null;
        List<String> rows = new ArrayList<>();
        for (int r = 0; r < count; r++) {
            GenericRow row = new GenericRow(types.length);
            List<String> values = new ArrayList<>();
            for (int i = 0; i < types.length; i++) {
                Object value = value(types[i], types.length == 1 ? r : 5 + random.nextInt(1000), false);
                row.setField(i, value);
                values.add(json(types[i], value));
            }
            BinaryRow binary = serializer.toBinaryRow(row);
            byte[] bytes = binary.toBytes();
            if (projection != null && !Arrays.equals(bytes, ((BinaryRow) projection.apply(row)).toBytes()))
                throw new IllegalStateException("the projection differs for " + rowType);
            byte[] prefixed = SerializationUtils.serializeBinaryRow(binary);
            if (prefixed.length != bytes.length + 4 || prefixed[3] != (byte) types.length)
                throw new IllegalStateException("the prefix differs for " + rowType);
            String line = "{\"values\":[" + String.join(",", values) + "],\"bytes\":\"" + hex(bytes) + "\",\"hash\":" + binary.hashCode();
            if (key) {
                DefaultBucketFunction function = new DefaultBucketFunction();
                line += ",\"buckets\":[" + function.bucket(binary, 1) + "," + function.bucket(binary, 7) + "," + function.bucket(binary, 4096) + "]";
            }
            if (types.length == 1 && (types[0] instanceof IntType || types[0] instanceof BigIntType)) {
                ModBucketFunction mod = new ModBucketFunction(rowType);
                line += ",\"mod\":[" + mod.bucket(binary, 1) + "," + mod.bucket(binary, 7) + "," + mod.bucket(binary, 2147483647) + "]";
            }
            rows.add(line + "}");
        }
        return "{\"types\":[" + String.join(",", quotedTypes) + "],\"rows\":[\n" + String.join(",\n", rows) + "]}";
    }

    static final String[] TEXTS = {
        "", "a", "abcdefg", "abcdefgh", "é", "ééé", "éééé", "日本語", "日本", "😀", "😀😀", "tab\tnew\nline", "x/y=z%", " ", "zero\0byte",
        "a longer text that runs over several words of eight bytes", "eightbyt", "fifteen bytes!!", "sixteen bytes!!!", "\uffff\u0080",
    };

    static final double[] FLOATS = {1, 100, 1e7, 9999999, 1e-3, 9.99e-4, 1e10, 2e-5, 1.5, 123456.75, 3e20};

    /** The value for the type: `n` picks the edge cases first (0 is null) and is random after them. */
    static Object value(DataType type, int n, boolean present) throws Exception {
        if (!present && type.isNullable() && (n == 0 || n > 20 && random.nextInt(9) == 0)) return null;
        boolean low = n == 1, high = n == 2, zero = n == 3, minusOne = n == 4;
        switch (type.getTypeRoot()) {
            case BOOLEAN: return random.nextBoolean();
            case TINYINT: return (byte) number(n, Byte.MIN_VALUE, Byte.MAX_VALUE);
            case SMALLINT: return (short) number(n, Short.MIN_VALUE, Short.MAX_VALUE);
            case INTEGER: return (int) number(n, Integer.MIN_VALUE, Integer.MAX_VALUE);
            case BIGINT: return number(n, Long.MIN_VALUE, Long.MAX_VALUE);
            case DATE: return (int) number(n, -719528, 2932896);
            case TIME_WITHOUT_TIME_ZONE: return (int) number(n, 0, 86399999);
            case FLOAT: return low ? -Float.MAX_VALUE : high ? Float.MIN_VALUE : zero ? -0.0f : minusOne ? Float.POSITIVE_INFINITY
                    : n == 5 ? Float.NaN : n - 6 < FLOATS.length && n > 5 ? (float) FLOATS[n - 6] : (float) random.nextGaussian() * (float) Math.pow(10, random.nextInt(30) - 15);
            case DOUBLE: return low ? -Double.MAX_VALUE : high ? Double.MIN_VALUE : zero ? -0.0 : minusOne ? Double.NEGATIVE_INFINITY
                    : n == 5 ? Double.NaN : n - 6 < FLOATS.length && n > 5 ? FLOATS[n - 6] : random.nextGaussian() * Math.pow(10, random.nextInt(60) - 30);
            case CHAR:
            case VARCHAR: return BinaryString.fromString(n < 22 ? TEXTS[n % TEXTS.length] : randomText());
            case BINARY:
            case VARBINARY: {
                byte[] bytes = new byte[n <= 18 ? n : random.nextInt(30)];
                random.nextBytes(bytes);
                return bytes;
            }
            case DECIMAL: {
                DecimalType decimal = (DecimalType) type;
                BigInteger limit = BigInteger.TEN.pow(decimal.getPrecision()).subtract(BigInteger.ONE);
                BigInteger unscaled = low ? limit.negate() : high ? limit : zero ? BigInteger.ZERO : minusOne ? BigInteger.ONE.negate()
                        : n == 5 ? BigInteger.valueOf(128).min(limit) : n == 6 ? BigInteger.valueOf(-128).max(limit.negate())
                        : new BigInteger(1 + random.nextInt(limit.bitLength()), random).min(limit);
                if (n > 6 && random.nextBoolean()) unscaled = unscaled.negate();
                return Decimal.fromBigDecimal(new java.math.BigDecimal(unscaled, decimal.getScale()), decimal.getPrecision(), decimal.getScale());
            }
            case TIMESTAMP_WITHOUT_TIME_ZONE:
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE: return timestamp(n, DataTypeChecks.getPrecision(type));
            case ARRAY: return array(((ArrayType) type).getElementType(), length(n));
            case VECTOR: return vector((VectorType) type);
            case MAP: return map(((MapType) type).getKeyType(), ((MapType) type).getValueType(), length(n));
            case MULTISET: return map(((MultisetType) type).getElementType(), DataTypes.INT().notNull(), length(n));
            case ROW: {
                RowType rowType = (RowType) type;
                GenericRow row = new GenericRow(rowType.getFieldCount());
                for (int i = 0; i < rowType.getFieldCount(); i++) row.setField(i, value(rowType.getTypeAt(i), 5 + random.nextInt(1000), false));
                return row;
            }
            case VARIANT: return GenericVariant.fromJson("{\"a\":" + n + ",\"b\":\"" + "x".repeat(random.nextInt(12)) + "\"}");
            default: throw new IllegalArgumentException(type.toString());
        }
    }

    static long number(int n, long low, long high) {
        if (n == 1) return low;
        if (n == 2) return high;
        if (n == 3) return 0;
        if (n == 4) return Math.max(low, -1);
        long value = random.nextLong() >> random.nextInt(63);
        return value < low || value > high ? low + Math.floorMod(value, Math.max(1, high - low)) : value;
    }

    static int length(int n) { return n <= 2 ? 0 : random.nextInt(4) == 0 ? 33 + random.nextInt(3) : 1 + random.nextInt(5); }

    static String randomText() {
        StringBuilder out = new StringBuilder();
        int length = random.nextInt(20);
        for (int i = 0; i < length; i++) out.appendCodePoint(random.nextInt(5) == 0 ? 0x80 + random.nextInt(0xd000) : 32 + random.nextInt(95));
        return out.toString();
    }

    static Timestamp timestamp(int n, int precision) {
        long micros = n == 1 ? -62135596800000000L : n == 2 ? 253402300799999000L : n == 3 ? 0 : n == 4 ? -1 : n == 5 ? -999 : n == 6 ? 1591005600000000L
                : (random.nextLong() >> 11) % 60000000000000000L;
        long seconds = Math.floorDiv(micros, 1000000L);
        long nanos = Math.floorMod(micros, 1000000L) * 1000 + (n > 6 || n == 4 ? random.nextInt(1000) : 0);
        long unit = (long) Math.pow(10, 9 - precision);
        nanos = nanos / unit * unit;
        return Timestamp.fromEpochMillis(seconds * 1000 + nanos / 1000000, (int) (nanos % 1000000));
    }

    static GenericArray array(DataType element, int length) throws Exception {
        Object[] items = new Object[length];
        for (int i = 0; i < length; i++) items[i] = value(element, 5 + random.nextInt(1000), false);
        return new GenericArray(items);
    }

    static BinaryVector vector(VectorType type) throws Exception {
        Object[] items = new Object[type.getLength()];
        for (int i = 0; i < items.length; i++) items[i] = value(type.getElementType(), 6 + random.nextInt(1000), true);
        return BinaryVector.fromInternalArray(new GenericArray(items), type.getElementType());
    }

    static GenericMap map(DataType key, DataType value, int length) throws Exception {
        Map<Object, Object> entries = new LinkedHashMap<>();
        for (int i = 0; i < length; i++) entries.put(value(key, 5 + random.nextInt(1000), true), value(value, 5 + random.nextInt(1000), false));
        return new GenericMap(entries);
    }

    /** The value as the tests read it: 64-bit numbers, decimals (unscaled) and timestamps (in the column's unit) as text. */
    static String json(DataType type, Object value) throws Exception {
        if (value == null) return "null";
        switch (type.getTypeRoot()) {
            case BIGINT: return "\"" + value + "\"";
            case FLOAT: {
                float f = (Float) value;
                return Float.isFinite(f) && !(f == 0 && 1 / f < 0) ? new java.math.BigDecimal(f).toString() : "\"" + value + "\"";
            }
            case DOUBLE: {
                double d = (Double) value;
                return Double.isFinite(d) && !(d == 0 && 1 / d < 0) ? value.toString() : "\"" + value + "\"";
            }
            case CHAR:
            case VARCHAR: return text(value.toString());
            case BINARY:
            case VARBINARY: return "\"" + hex((byte[]) value) + "\"";
            case DECIMAL: return "\"" + ((Decimal) value).toBigDecimal().unscaledValue() + "\"";
            case TIMESTAMP_WITHOUT_TIME_ZONE:
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE: {
                Timestamp t = (Timestamp) value;
                int precision = DataTypeChecks.getPrecision(type);
                BigInteger nanos = BigInteger.valueOf(t.getMillisecond()).multiply(BigInteger.valueOf(1000000)).add(BigInteger.valueOf(t.getNanoOfMillisecond()));
                return "\"" + nanos.divide(BigInteger.valueOf(precision <= 3 ? 1000000 : precision <= 6 ? 1000 : 1)) + "\"";
            }
            case ARRAY: return items(((ArrayType) type).getElementType(), (InternalArray) value);
            case VECTOR: return items(((VectorType) type).getElementType(), (InternalArray) value);
            case MAP: return entries(((MapType) type).getKeyType(), ((MapType) type).getValueType(), (InternalMap) value);
            case MULTISET: return entries(((MultisetType) type).getElementType(), DataTypes.INT(), (InternalMap) value);
            case ROW: {
                RowType rowType = (RowType) type;
                List<String> out = new ArrayList<>();
                for (int i = 0; i < rowType.getFieldCount(); i++)
                    out.add(json(rowType.getTypeAt(i), InternalRow.createFieldGetter(rowType.getTypeAt(i), i).getFieldOrNull((InternalRow) value)));
                return "[" + String.join(",", out) + "]";
            }
            case VARIANT: {
                org.apache.paimon.data.variant.Variant v = (org.apache.paimon.data.variant.Variant) value;
                return "[\"" + hex(v.value()) + "\",\"" + hex(v.metadata()) + "\"]";
            }
            default: return value.toString();
        }
    }

    static String items(DataType element, InternalArray array) throws Exception {
        List<String> out = new ArrayList<>();
        InternalArray.ElementGetter getter = InternalArray.createElementGetter(element);
        for (int i = 0; i < array.size(); i++) out.add(json(element, getter.getElementOrNull(array, i)));
        return "[" + String.join(",", out) + "]";
    }

    static String entries(DataType key, DataType value, InternalMap map) throws Exception {
        List<String> out = new ArrayList<>();
        InternalArray keys = map.keyArray(), values = map.valueArray();
        for (int i = 0; i < map.size(); i++)
            out.add("[" + json(key, InternalArray.createElementGetter(key).getElementOrNull(keys, i)) + ","
                    + json(value, InternalArray.createElementGetter(value).getElementOrNull(values, i)) + "]");
        return "[" + String.join(",", out) + "]";
    }

    static String text(String value) throws Exception { return mapper.writeValueAsString(value); }

    static String hex(byte[] bytes) {
        StringBuilder out = new StringBuilder();
        for (byte b : bytes) out.append(String.format("%02x", b));
        return out.toString();
    }

    // ---- partition texts: {"names": [{"type", "value", "legacy", "cast", "path"}], "casts": [{"type", "text", "value" or "error"}]} ----

    static String partitionTexts() throws Exception {
        List<String> names = new ArrayList<>();
        for (String typeText : ATOMIC) {
            DataType type = type(typeText);
            boolean bytes = type.is(DataTypeRoot.BINARY) || type.is(DataTypeRoot.VARBINARY);
            for (int n = 0; n < (typeText.equals("FLOAT") || typeText.equals("DOUBLE") ? 60 : 24); n++) {
                Object value = bytes && n > 0 ? TEXTS[n % TEXTS.length].getBytes(StandardCharsets.UTF_8) : value(type, n, false);
                String legacy = name(type, value, true), cast = name(type, value, false);
                LinkedHashMap<String, String> spec = new LinkedHashMap<>();
                spec.put("p", legacy);
                names.add("{\"type\":\"" + typeText + "\",\"value\":" + json(type, value) + (bytes && value != null ? "" : ",\"legacy\":" + text(legacy)
                        + ",\"path\":" + text(PartitionPathUtils.generatePartitionPath(spec))) + ",\"cast\":" + text(cast) + "}");
            }
        }
        List<String> casts = new ArrayList<>();
        String[][] texts = {
            {"BOOLEAN", "true", "TRUE", "t", "y", "Yes", "1", "f", "false", "n", "no", "0", "2", "", "tru"},
            {"TINYINT", "1", "-128", "127", "128", "+5", "01", "1.0", " 1", "x"},
            {"SMALLINT", "32767", "32768", "-32768"}, {"INT", "2147483647", "2147483648", "-2147483648", "1e3"},
            {"BIGINT", "9223372036854775807", "9223372036854775808", "-9223372036854775808"},
            {"FLOAT", "1.5", "1e10", "0.1", "1.0E10", "NaN", "Infinity", "-0.0", "x", "16777217"}, {"DOUBLE", "1.5", "1e400", "-0.0", "NaN", "1.0E-5"},
            {"DECIMAL(9, 2)", "1.005", "-12345.67", "1e3", "12345678.9", "x", "0.005", "1.015", "-0.005"}, {"DECIMAL(38, 10)", "1", "-0.00000000005"},
            {"CHAR(3)", "abc", "abcd", "a"}, {"STRING", "", "a=b"},
            {"DATE", "2020-02-29", "2021-02-29", "18321", "2020-1-2", "2020", "2020-12", "2020-13-01", "1969-12-31", "0001-01-01", "9999-12-31", "2020-01-01 10:00:00", "-5", "x"},
            {"TIME(3)", "10:20:30", "10:20:30.5", "10:20:30.123456", "37230000", "10:20", "10", "1:2:3", "x", "23:59:59.999"},
            {"TIMESTAMP(3)", "2020-01-01 10:20:30", "2020-01-01 10:20:30.123456", "2020-01-01", "2020-1-1 1:2:3", "1577874030123", "2020-01-01T10:20:30", "x", "1969-12-31 23:59:59.999"},
            {"TIMESTAMP(6)", "2020-01-01 10:20:30.123456789", "1577874030123456"}, {"TIMESTAMP(9)", "2020-01-01 10:20:30.123456789", "1577874030123456789"},
            {"TIMESTAMP(0)", "2020-01-01 10:20:30.9", "1577874030"}, {"TIMESTAMP(4)", "2020-01-01 10:20:30.98765", "1577874030"},
            {"TIMESTAMP(6) WITH LOCAL TIME ZONE", "2020-01-01 10:20:30.123456", "2020-01-01", "1577874030"},
        };
        for (String[] line : texts) {
            DataType type = type(line[0]);
            for (int i = 1; i < line.length; i++) {
                String result;
                try {
                    result = "\"value\":" + json(type, TypeUtils.castFromString(line[i], type));
                } catch (Exception e) {
                    result = "\"error\":true";
                }
                casts.add("{\"type\":\"" + line[0] + "\",\"text\":" + text(line[i]) + "," + result + "}");
            }
        }
        return "{\"names\":[\n" + String.join(",\n", names) + "],\n\"casts\":[\n" + String.join(",\n", casts) + "]}\n";
    }

    static String name(DataType type, Object value, boolean legacy) {
        InternalRowPartitionComputer computer = new InternalRowPartitionComputer("__DEFAULT_PARTITION__", RowType.of(new DataType[] {type}, new String[] {"p"}), new String[] {"p"}, legacy);
        return computer.generatePartValues(GenericRow.of(value)).get("p");
    }

    // ---- type texts: {"texts": [{"input", "text", "json" or "error"}], "nested": [{"json", "text"}], "schemas": [{"columns", "schema"}]} ----

    static String typeTexts() throws Exception {
        List<String> inputs = new ArrayList<>(Arrays.asList(ATOMIC));
        inputs.addAll(Arrays.asList(
                "char", "varchar", "binary", "varbinary", "decimal", "dec", "numeric", "NUMERIC(5)", "DEC(5,2)", "integer", "double precision", "time", "timestamp",
                "timestamp_ltz", "TIMESTAMP_LTZ(3)", "TIMESTAMP WITH LOCAL TIME ZONE", "TIMESTAMP(2) WITHOUT TIME ZONE", "TIME(2) WITHOUT TIME ZONE", "variant", "blob",
                "INT NULL", "INT  not\tnull", "INT ARRAY", "INT NOT NULL ARRAY", "INT NOT NULL ARRAY NOT NULL", "STRING MULTISET", "STRING MULTISET NULL",
                "VARCHAR(2147483647)", "VARBINARY(2147483647)", "CHAR(2147483647)", "VARCHAR(2147483648)", "CHAR(0)", "VARCHAR(0)", "BINARY(0)", "VARBINARY(0)",
                "DECIMAL(0, 0)", "DECIMAL(39, 0)", "DECIMAL(5, 6)", "DECIMAL(38)", "DECIMAL(5, -1)", "TIME(10)", "TIMESTAMP(10)", "TIMESTAMP_LTZ(10)",
                "INT INT", "", " ", "INTT", "DECIMAL(", "DECIMAL(5", "DECIMAL(5,", "DECIMAL()", "DECIMAL 5", "INT NOT", "NOT NULL", "INT NULL NULL", "5", "'INT'", "`INT`",
                "INTERVAL", "ARRAY", "MAP", "ROW", "ARRAY<INT>", "TIMESTAMP WITHOUT ZONE", "TIMESTAMP WITH LOCAL ZONE", "DOUBLE DOUBLE", "VECTOR<FLOAT, 3>", "VECTOR<FLOAT NOT NULL, 3> NOT NULL",
                "VECTOR<STRING, 3>", "VECTOR<FLOAT, 0>", "VECTOR<FLOAT>", "INT)", "INT.", "INT ARRAY MULTISET", "DECIMAL(10,2)NOT NULL", "CHAR ( 5 )", "STRING(5)", "BYTES(5)"));
        List<String> texts = new ArrayList<>();
        for (String input : inputs) {
            String result;
            try {
                DataType type = DataTypeJsonParser.parseAtomicTypeSQLString(input);
                result = "\"text\":" + text(type.asSQLString()) + ",\"json\":" + JsonSerdeUtil.toFlatJson(type);
            } catch (Exception e) {
                result = "\"error\":true";
            }
            texts.add("{\"input\":" + text(input) + "," + result + "}");
        }
        List<String> nested = new ArrayList<>();
        List<String> jsons = new ArrayList<>(Arrays.asList(NESTED));
        jsons.add("{\"type\":\"ARRAY NOT NULL\",\"element\":\"INT NOT NULL\"}");
        jsons.add("{\"type\":\"ROW NOT NULL\",\"fields\":[{\"id\":7,\"name\":\"odd `name`\",\"type\":\"INT\",\"description\":\"it's\"},{\"id\":9,\"name\":\"b\",\"type\":\"STRING\",\"defaultValue\":\"x y\"}]}");
        for (String json : jsons) {
            DataType type = type(json);
            nested.add("{\"json\":" + JsonSerdeUtil.toFlatJson(type) + ",\"text\":" + text(type.asSQLString()) + "}");
        }
        return "{\"texts\":[\n" + String.join(",\n", texts) + "],\n\"nested\":[\n" + String.join(",\n", nested) + "],\n\"schemas\":[\n" + String.join(",\n", schemas()) + "]}\n";
    }

    // ---- options: [{"catalog", "name", "type", "default", "immutable", "aliases", "values"}] ----

    static String options() throws Exception {
        List<String> out = new ArrayList<>();
        String[] classes = {"CoreOptions", "iceberg.IcebergOptions", "options.CatalogOptions", "jdbc.JdbcCatalogOptions"};
        for (String name : classes) {
            for (java.lang.reflect.Field field : Class.forName("org.apache.paimon." + name).getDeclaredFields()) {
                if (field.getType() != org.apache.paimon.options.ConfigOption.class) continue;
                field.setAccessible(true);
                org.apache.paimon.options.ConfigOption<?> option = (org.apache.paimon.options.ConfigOption<?>) field.get(null);
                java.lang.reflect.Method clazz = option.getClass().getDeclaredMethod("getClazz");
                clazz.setAccessible(true);
                Class<?> type = (Class<?>) clazz.invoke(option);
                boolean immutable = false;
                for (java.lang.annotation.Annotation annotation : field.getAnnotations())
                    immutable |= annotation.annotationType().getSimpleName().equals("Immutable");
                List<String> aliases = new ArrayList<>(), values = new ArrayList<>();
                for (org.apache.paimon.options.FallbackKey key : option.fallbackKeys()) aliases.add(text(key.getKey()));
                if (type.isEnum()) for (Object value : type.getEnumConstants()) values.add(text(value.toString()));
                Object byDefault = option.defaultValue();
                String defaultText = byDefault instanceof java.time.Duration
                        ? TimeUtils.formatWithHighestUnit((java.time.Duration) byDefault)
                        : byDefault instanceof Map ? "" : String.valueOf(byDefault);
                out.add("{\"catalog\":" + name.contains("Catalog") + ",\"name\":" + text(option.key()) + ",\"type\":\"" + (type.isEnum() ? "Enum" : type.getSimpleName())
                        + "\",\"default\":" + (byDefault == null ? "null" : text(defaultText)) + ",\"immutable\":" + immutable
                        + ",\"aliases\":[" + String.join(",", aliases) + "],\"values\":[" + String.join(",", values) + "]}");
            }
        }
        return "[" + String.join(",\n", out) + "]\n";
    }

    static List<String> schemas() throws Exception {
        String deep = row("INT", row("STRING", array(row("INT", "INT"))), map("STRING NOT NULL", row("INT")));
        String[][] tables = {{"INT", "STRING"}, {"INT", deep, "STRING"}, {row("INT", "INT"), array(row("INT")), "BIGINT"},
            {map(row("INT"), row("STRING", row("INT"))), "INT", "{\"type\":\"MULTISET\",\"element\":" + row("INT") + "}"}};
        List<String> out = new ArrayList<>();
        for (String[] table : tables) {
            Schema.Builder builder = Schema.newBuilder();
            List<String> columns = new ArrayList<>();
            for (int i = 0; i < table.length; i++) {
                DataType type = type(table[i]);
                builder.column("c" + i, type, i == 0 ? "first" : null);
                columns.add(JsonSerdeUtil.toFlatJson(type));
            }
            JsonNode schema = mapper.readTree(TableSchema.create(0, builder.build()).toString());
            out.add("{\"columns\":[" + String.join(",", columns) + "],\"fields\":" + schema.get("fields") + ",\"highestFieldId\":" + schema.get("highestFieldId") + "}");
        }
        return out;
    }
}
