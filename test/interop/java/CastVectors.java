import org.apache.paimon.casting.CastExecutor;
import org.apache.paimon.casting.CastExecutors;
import org.apache.paimon.data.*;
import org.apache.paimon.types.*;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;

/**
 * Writes what Java Paimon's casts make of edge values: `java CastVectors DIR` writes casts.json, compiled together with
 * Vectors.java. For each type {"from", "values", "casts": {"<type>": [result, ...]}}, with a result for each value: null,
 * a value, {"error": true} where Java throws, {"beyond": true} for a timestamp that 64 bits in the column's unit do not hold, or
 * {"longer": true} for the text of a float that older JDKs print with more digits than are needed. A type without a rule is left out of "casts".
 */
public class CastVectors {
    static final String ROW = Vectors.row("INT", "STRING", "TIMESTAMP(3)");
    static final String[] TYPES = {
        "BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE",
        "DECIMAL(5, 2)", "DECIMAL(10, 0)", "DECIMAL(12, 7)", "DECIMAL(18, 9)", "DECIMAL(20, 5)", "DECIMAL(38, 10)",
        "CHAR(4)", "VARCHAR(6)", "STRING", "BINARY(4)", "VARBINARY(6)", "BYTES",
        "DATE", "TIME(0)", "TIME(2)", "TIME(3)",
        "TIMESTAMP(0)", "TIMESTAMP(2)", "TIMESTAMP(3)", "TIMESTAMP(4)", "TIMESTAMP(6)", "TIMESTAMP(7)", "TIMESTAMP(9)",
        "TIMESTAMP(0) WITH LOCAL TIME ZONE", "TIMESTAMP(3) WITH LOCAL TIME ZONE", "TIMESTAMP(5) WITH LOCAL TIME ZONE",
        "TIMESTAMP(6) WITH LOCAL TIME ZONE", "TIMESTAMP(9) WITH LOCAL TIME ZONE",
        Vectors.array("INT"), Vectors.array("STRING"), Vectors.array(Vectors.array("BOOLEAN")), Vectors.array("DECIMAL(9, 2)"),
        Vectors.map("STRING NOT NULL", "INT"), Vectors.map("INT NOT NULL", Vectors.array("STRING")),
        ROW, Vectors.row(ROW, Vectors.map("STRING", "DATE"), "BYTES"),
        "{\"type\":\"MULTISET\",\"element\":\"STRING NOT NULL\"}", Vectors.vector("FLOAT", 3), "VARIANT",
    };

    static final String[] TEXTS = {
        // Numbers and booleans.
        "", " ", "0", "1", "-1", "+5", "007", "1.9", "-1.9", ".", "-.", "+", "-", ".5", "5.", "1.2.3", " 5", "5 ", "1e3", "1E-3", "-1.5e+2",
        "127", "128", "-128", "-129", "32767", "32768", "2147483647", "2147483648", "-2147483648", "-2147483649.7",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808", "00000000000000000000000012", "99999999999999999999",
        "123.455", "-123.455", "123.445", "999.995", "999.994", "1e2000", "-1e-2000", "0e5000", "12345678901234567890123456789.5", "1e28",
        "NaN", "nan", "Infinity", "-Infinity", "inf", "1e400", "1e-400", "1f", "1.5D", "0x10", " 1.5 ", "3.4028235677973366e38", "3.40282356779733e38",
        "16777217", "16777217.0000000001", "16777219", "0.1", "1.0000000596046448", "1.00000005960464477539062500001", "7.006492321624085e-46",
        "true", "TRUE", "t", "T", "yes", "Y", "false", "f", "no", "N", "on", "tru", "true ",
        // Dates.
        "2020-02-29", "2021-02-29", "2020-2-9", "2020", "2020 ", "2020-12", "2020-13-01", "2020-04-31", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01",
        " 2020-01-02", "2020-01-02 anything", "2020-01-02T10:00:00", "2020 -1- 2", "2020-01-02-03", "-2020-01-02", "-5", "1969-12-31",
        // Times.
        "10:20:30", "10:20:30.5", "10:20:30.1235", "10:20:30.12349", "10:20:30.9999", "10:20:30.x5", "10:20:30.", "10:20", "10:", "1:2:3", "25:61:99", "99999:00:00",
        "10:20:30+01:30", "10:20:30-01:30", "10:20:30+2", "10:20-2", "10-2", "10:20+01:30", "10+01:30", "10:20:30:40", ":1:2", "10 : 20 : 30", "37230000", "-1",
        // Timestamps.
        "2020-01-01 10:20:30", "2020-01-01 10:20:30.123456789", "2020-01-01 10:20:30.1234567891", "2020-01-01 10:20:30.", "2020-01-01 10:20:30.5",
        "2020-1-1 1:2:3", "2020-01-01 10:20", "2020-01-01 24:00:00", "2020-01-01 24:00:01", "2020-01-01 23:59:60", "2023-02-31", "2023-04-31 01:02:03", "2020-02-30",
        "2020-1212-01", "2020-12012-01", "2020-1213-01", "+12345-01-01", "+2020-01-01", "12345-01-01", "2020-01-0101 00:0000:00", "1969-12-31 23:59:59.999999999",
        "0001-01-01 00:00:00", "0000-01-01 00:00:00", "9999-12-31 23:59:59.999", "1577874030123", "1577874030123456789", "2020-01-01  10:20:30",
        // Characters.
        "abcd", "abcdefgh", "é", "éééééééé", "日本語", "😀😀😀😀😀😀😀", "a\nb", "\uffff\u0080",
        // Arrays, maps and rows.
        "[]", "[ ]", "[1, 2, null]", "[1,,2]", "[1, x]", "ARRAY(1, 2)", "array ()", "array()", "[[true], [f, null]]", "[a, \"b,c\", [d,e]]", "[1.5, 2.25]", "[1", "1, 2",
        "{}", "{a -> 1, b -> null}", "{a->1}", "{1 -> [a, b], 2 -> []}", "{a -> 1, a -> 2}", "{a}", "MAP(a, 1, b, 2)", "map(a, 1, b)", "MAP()", "NULL", "null", "{a\\,b -> 1}",
        "{1, x, 2020-01-01 00:00:00}", "{1, x}", "STRUCT(1, null, null)", "{null, \"a,b\", null}", "{ }", "{,}", "{{1, x, null}, {k -> 2020-01-01}, bytes}", "{ 1 , y , null }",
        "[1\n2]", "\t[7]\u0001", "\u00a05",
    };

    public static void main(String[] args) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        List<String> all = new ArrayList<>();
        for (String from : TYPES) all.add(castsOf(from));
        String json = "[" + String.join(",\n", all) + "]\n";
        Files.write(Paths.get(args[0]).resolve("casts.json"), json.getBytes(StandardCharsets.UTF_8));
    }

    static String castsOf(String fromText) throws Exception {
        DataType from = Vectors.type(fromText);
        List<Object> values = values(from);
        List<String> inputs = new ArrayList<>();
        for (Object value : values) inputs.add(json(from, value));
        List<String> casts = new ArrayList<>();
        for (String toText : TYPES) {
            DataType to = Vectors.type(toText);
            if (to.equalsIgnoreNullable(from)) continue;
            CastExecutor<Object, Object> executor;
            try {
                executor = (CastExecutor<Object, Object>) CastExecutors.resolve(from, to);
            } catch (RuntimeException e) {
                executor = null;
            }
            if (executor == null) continue;
            List<String> results = new ArrayList<>();
            for (Object value : values) results.add(result(executor, to, value));
            casts.add(Vectors.text(toText) + ":[" + String.join(",", results) + "]");
        }
        return "{\"from\":" + Vectors.quoted(fromText) + ",\"values\":[" + String.join(",", inputs) + "],\"casts\":{\n" + String.join(",\n", casts) + "}}";
    }

    static String result(CastExecutor<Object, Object> executor, DataType to, Object value) throws Exception {
        if (value == null) return "null";
        if (to.is(DataTypeFamily.CHARACTER_STRING) && value instanceof Number && !isShortest((Number) value)) return "{\"longer\":true}";
        Object result;
        try {
            result = executor.cast(value);
        } catch (RuntimeException e) {
            return "{\"error\":true}";
        }
        return json(to, result);
    }

    /** Whether this JDK prints as few digits as JDK 19 and newer do. */
    static boolean isShortest(Number number) {
        boolean single = number instanceof Float;
        if (!single && !(number instanceof Double) || !Double.isFinite(number.doubleValue())) return true;
        BigDecimal exact = new BigDecimal(number.doubleValue());
        int digits = new BigDecimal(number.toString()).stripTrailingZeros().precision();
        if (digits <= 2) return true;
        BigDecimal shorter = exact.round(new java.math.MathContext(digits - 1));
        return single ? shorter.floatValue() != number.floatValue() : shorter.doubleValue() != number.doubleValue();
    }

    static String json(DataType type, Object value) throws Exception {
        if (!(value instanceof Timestamp)) return Vectors.json(type, value);
        Timestamp timestamp = (Timestamp) value;
        BigInteger nanos =
                BigInteger.valueOf(timestamp.getMillisecond()).multiply(BigInteger.valueOf(1000000)).add(BigInteger.valueOf(timestamp.getNanoOfMillisecond()));
        int precision = DataTypeChecks.getPrecision(type);
        BigInteger[] parts = nanos.divideAndRemainder(BigInteger.valueOf(precision <= 3 ? 1000000 : precision <= 6 ? 1000 : 1));
        BigInteger unit = parts[1].signum() < 0 ? parts[0].subtract(BigInteger.ONE) : parts[0];
        return unit.bitLength() > 63 ? "{\"beyond\":true}" : "\"" + unit + "\"";
    }

    /** Null first, then the edges of the type and of those that it is cast to. */
    static List<Object> values(DataType type) throws Exception {
        List<Object> values = new ArrayList<>();
        values.add(null);
        switch (type.getTypeRoot()) {
            case BOOLEAN: values.addAll(Arrays.asList(true, false)); break;
            case TINYINT: for (long n : integers(8)) values.add((byte) n); break;
            case SMALLINT: for (long n : integers(16)) values.add((short) n); break;
            case INTEGER: for (long n : integers(32)) values.add((int) n); break;
            case BIGINT: for (long n : integers(64)) values.add(n); break;
            case FLOAT: for (double n : floats()) values.add((float) n); break;
            case DOUBLE: for (double n : floats()) values.add(n); break;
            case DECIMAL: decimals((DecimalType) type, values); break;
            case CHAR:
            case VARCHAR: for (String text : TEXTS) values.add(BinaryString.fromString(text)); break;
            case BINARY:
            case VARBINARY:
                for (String text : new String[] {"", "a", "ab", "abcd", "abcdefg", "日本語日本語", "\0\0"}) values.add(text.getBytes(StandardCharsets.UTF_8));
                break;
            case DATE: values.addAll(Arrays.asList(0, 1, -1, 18321, -719528, -719162, 2932896, 2932897, 3652059)); break;
            case TIME_WITHOUT_TIME_ZONE: values.addAll(Arrays.asList(0, 1, 50, 100, 105, 999, 1500, 37230123, 86399999, 37230120)); break;
            case TIMESTAMP_WITHOUT_TIME_ZONE:
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE: timestamps(DataTypeChecks.getPrecision(type), values); break;
            default: for (int n = 1; n < 9; n++) values.add(Vectors.value(type, n, true));
        }
        return values;
    }

    static List<Long> integers(int bits) {
        Set<Long> numbers = new LinkedHashSet<>();
        for (int power : new int[] {7, 8, 15, 16, 24, 31, 32, 53, 54, 62, 63}) {
            if (power >= bits) continue;
            for (long offset = -1; offset <= 1; offset++) {
                numbers.add((1L << power) + offset);
                numbers.add(-(1L << power) + offset);
            }
        }
        for (long n : new long[] {0, 1, -1, 2, 9, 10, 99, 100, 999, 1000, 99999, 100000, 1591005600L, 9999999999L, 10000000000L, 16777217, 16777219, 33554435,
                9007199791611905L, 9007199791611904L, 9007200328482816L, -9007199791611905L, 999999999999999999L, 1000000000000000000L, 2305843146652647425L, 2305843146652647424L})
            if (n >> (bits - 1) == 0 || n >> (bits - 1) == -1) numbers.add(n);
        numbers.add(bits == 64 ? Long.MIN_VALUE : -(1L << (bits - 1)));
        numbers.add(bits == 64 ? Long.MAX_VALUE : (1L << (bits - 1)) - 1);
        return numbers.stream().filter(n -> bits == 64 || (n << (64 - bits)) >> (64 - bits) == n).collect(java.util.stream.Collectors.toList());
    }

    static double[] floats() {
        return new double[] {
            0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 127.9, 128, -128.9, -129, 255, 256, 32767.5, 32768, 65536, 2147483647, 2147483648.0, -2147483649.0, 4294967296.0,
            9007199254740992.0, 9223372036854775807.0, -9223372036854775808.0, 1e19, -1e19, 1e-3, 9.99e-4, 1e7, 9999999, 123.455, 999.995, 0.1, 0.2, 1e20, 1e-10, 3.4e38, 1e300,
            4.9e-324, 1.17549435e-38, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 16777217, 123456789.125, 12345.678,
        };
    }

    static void decimals(DecimalType type, List<Object> values) {
        BigInteger limit = BigInteger.TEN.pow(type.getPrecision()).subtract(BigInteger.ONE);
        for (String text : new String[] {"0", "1", "-1", "0.5", "-0.5", "1.5", "0.005", "0.995", "127.9", "-128.5", "255", "300", "32768.5", "123.455", "-123.445", "99999.99",
                "2147483648", "-2147483649", "9999999999", "9223372036854775807", "9223372036854775808", "18446744073709551617", "-9223372036854775809", "123456789.123456789",
                "16777217", "0.1", "9007199254740993", "9007199.791611905", "999999999.999999999", "99999.9999999", "99999.9999949"}) {
            Decimal decimal = Decimal.fromBigDecimal(new BigDecimal(text), type.getPrecision(), type.getScale());
            if (decimal != null) values.add(decimal);
        }
        values.add(Decimal.fromBigDecimal(new BigDecimal(limit, type.getScale()), type.getPrecision(), type.getScale()));
        values.add(Decimal.fromBigDecimal(new BigDecimal(limit.negate(), type.getScale()), type.getPrecision(), type.getScale()));
    }

    static void timestamps(int precision, List<Object> values) {
        long unit = (long) Math.pow(10, 9 - precision);
        for (long millis : new long[] {0, -1, -1000, -1001, -1500, 999, 1000, 1591005600123L, 1591005600000L, -86400000, -86400001, -86399999, 253402300799999L, -62135596800000L, 2147483648000L, -2147483649000L})
            for (int nanos : new int[] {0, 1, 100, 1234, 123400, 999999}) {
                long ofSecond = (Math.floorMod(millis, 1000L) * 1000000 + nanos) / unit * unit;
                Timestamp value = Timestamp.fromEpochMillis(Math.floorDiv(millis, 1000L) * 1000 + ofSecond / 1000000, (int) (ofSecond % 1000000));
                boolean fits = precision <= 6 || Math.abs(value.getMillisecond()) < 9200000000000L;
                if (fits && !values.contains(value)) values.add(value);
            }
    }
}
