import java.io.*;
import java.math.BigDecimal;
import java.nio.file.*;
import java.util.*;
import org.apache.paimon.catalog.*;
import org.apache.paimon.data.*;
import org.apache.paimon.data.variant.GenericVariant;
import org.apache.paimon.schema.Schema;
import org.apache.paimon.schema.SchemaChange;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.paimon.table.Table;
import org.apache.paimon.types.*;

/**
 * Writes one small table for each feature of the format, and beside them, under expect/, what Java reads back. The tables
 * of fixtures/golden were written like this; another seed gives other rows. Under steps/ is what was done to each table,
 * a line of JSON for each step, so that another writer can do the same.
 */
final class GoldenTables {
  static Random random;
  static Catalog catalog;
  static Path dir;

  /** A table under test and the values its columns may take. */
  static class T {
    final String name; final List<String> pk; Table table; int keys = 60;
    T(String name, List<DataField> fields, List<String> partitions, List<String> pk, String... options) throws Exception {
      this.name = name; this.pk = pk;
      Map<String, String> o = new TreeMap<>();
      for (int i = 0; i < options.length; i += 2) o.put(options[i], options[i + 1]);
      catalog.createTable(Identifier.create("golden", name), new Schema(fields, partitions, pk, o, "golden " + name), false);
      reload();
      step(name, schemaStep());
    }
    void reload() throws Exception { table = catalog.getTable(Identifier.create("golden", name)); }
    ObjectNode schemaStep() { return Rows.JSON.createObjectNode().put("op", "schema").put("schema", ((org.apache.paimon.table.FileStoreTable) table).schemaManager().latest().get().toString()); }
    T tag(String tag, long snapshot) throws Exception { table.createTag(tag, snapshot); step(name, Rows.JSON.createObjectNode().put("op", "tag").put("name", tag).put("snapshot", snapshot)); return this; }
    T branch(String branch, String tag) throws Exception { table.createBranch(branch, tag); step(name, Rows.JSON.createObjectNode().put("op", "branch").put("name", branch).put("tag", tag)); return this; }
    GenericRow row(RowKind kind) { GenericRow r = (GenericRow) random(table.rowType(), this); r.setRowKind(kind); return r; }
    /** n random rows of which about one in `deletes` is a delete (0: none). */
    List<GenericRow> rows(int n, int deletes) { List<GenericRow> l = new ArrayList<>(); for (int i = 0; i < n; i++) l.add(row(deletes > 0 && random.nextInt(deletes) == 0 ? RowKind.DELETE : RowKind.INSERT)); return l; }
    T commit(int n, int deletes) throws Exception { commitRows(table, rows(n, deletes), false); return this; }
    T compact(int n, int deletes) throws Exception { commitRows(table, rows(n, deletes), true); return this; }
    org.apache.paimon.index.BucketAssigner assigner;
    /** As a job with one hash assigner would write a table whose buckets grow with its keys. */
    T dynamic(int n, int deletes) throws Exception {
      org.apache.paimon.table.FileStoreTable t = (org.apache.paimon.table.FileStoreTable) table;
      org.apache.paimon.table.sink.RowPartitionKeyExtractor keys = new org.apache.paimon.table.sink.RowPartitionKeyExtractor(t.schema());
      if (assigner == null) assigner = new org.apache.paimon.index.SimpleHashBucketAssigner(1, 0, 20, -1);
      org.apache.paimon.table.sink.StreamWriteBuilder wb = table.newStreamWriteBuilder();
      try (org.apache.paimon.table.sink.StreamTableWrite w = wb.newWrite(); org.apache.paimon.table.sink.StreamTableCommit c = wb.newCommit()) {
        List<GenericRow> rows = rows(n, deletes);
        step(name, writeStep(table, rows, false));
        for (GenericRow r : rows) w.write(r, assigner.assign(keys.partition(r), keys.trimmedPrimaryKey(r).hashCode()));
        long identifier = Harness.nextIdentifier();
        c.commit(identifier, w.prepareCommit(true, identifier));
      }
      return this;
    }
    T alter(SchemaChange... c) throws Exception { catalog.alterTable(Identifier.create("golden", name), Arrays.asList(c), false); reload(); step(name, schemaStep()); return this; }
    T expect() throws Exception { return expect(""); }
    T expect(String suffix, String... options) throws Exception {
      Map<String, String> o = new HashMap<>(); for (int i = 0; i < options.length; i += 2) o.put(options[i], options[i + 1]);
      out(name + suffix, p -> dump(o.isEmpty() ? table : table.copy(o), p)); return this;
    }
    T stream() throws Exception { out(name + ".stream", p -> changes(table, p)); return this; }
    T system(String... which) throws Exception { for (String w : which) out(name + "$" + w, p -> dump(catalog.getTable(Identifier.create("golden", name + "$" + w)), p)); return this; }
  }

  static void commitRows(Table table, List<GenericRow> rows, boolean compact) throws Exception {
    step(table.name(), writeStep(table, rows, compact));
    Harness.commit(table, UUID.randomUUID().toString(), Harness.nextIdentifier(), rows, compact);
  }
  static ObjectNode writeStep(Table table, List<GenericRow> rows, boolean compact) {
    ObjectNode step = Rows.JSON.createObjectNode().put("op", "write").put("table", table.name()).put("compact", compact);
    ArrayNode array = step.putArray("rows");
    for (GenericRow row : rows) array.add(Rows.toJson(row, table.rowType(), true));
    return step;
  }
  static void step(String table, ObjectNode step) throws IOException {
    Path file = dir.resolve("steps").resolve(table.replaceAll("\\$.*", "") + ".jsonl");
    Files.write(file, (step + "\n").getBytes("UTF-8"), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }
  static void dump(Table table, PrintStream to) throws Exception { Harness.rows(table, null).stream().map(Object::toString).sorted().forEach(to::println); }
  static void changes(Table table, PrintStream to) throws Exception { Harness.changes(table).forEach(to::println); }

  interface Out { void to(PrintStream p) throws Exception; }
  static void out(String name, Out o) throws Exception {
    try (PrintStream p = new PrintStream(new BufferedOutputStream(Files.newOutputStream(dir.resolve("expect").resolve(name + ".jsonl"))), false, "UTF-8")) {
      ByteArrayOutputStream b = new ByteArrayOutputStream(); o.to(new PrintStream(b, true, "UTF-8"));
      p.print(b.toString("UTF-8").replace(dir.resolve("warehouse").toAbsolutePath().toString(), "WAREHOUSE"));
    }
  }

  static DataField f(int id, String name, DataType t) { return new DataField(id, name, t); }
  static List<DataField> fields(Object... nameType) { List<DataField> l = new ArrayList<>(); for (int i = 0; i < nameType.length; i += 2) l.add(f(i / 2, (String) nameType[i], (DataType) nameType[i + 1])); return l; }
  static List<String> l(String... s) { return Arrays.asList(s); }

  static Object random(DataType t, T of) {
    switch (t.getTypeRoot()) {
      case BOOLEAN: return random.nextBoolean();
      case TINYINT: return (byte) random.nextInt();
      case SMALLINT: return (short) random.nextInt();
      case INTEGER: return random.nextInt(8) == 0 ? random.nextInt() : random.nextInt(1000);
      case BIGINT: return random.nextInt(8) == 0 ? random.nextLong() : (long) random.nextInt(100000);
      case FLOAT: return random.nextInt(20) == 0 ? Float.NaN : random.nextInt(20) == 0 ? Float.NEGATIVE_INFINITY : random.nextInt(2000) / 8f - 100;
      case DOUBLE: return random.nextInt(20) == 0 ? Double.NaN : random.nextInt(20) == 0 ? -0.0 : random.nextGaussian() * 1000;
      case DECIMAL: { DecimalType d = (DecimalType) t; return Decimal.fromBigDecimal(new BigDecimal(new java.math.BigInteger(Math.max(1, (int) (d.getPrecision() * 3.3)), random).mod(java.math.BigInteger.TEN.pow(d.getPrecision())).multiply(java.math.BigInteger.valueOf(random.nextBoolean() ? 1 : -1)), d.getScale()), d.getPrecision(), d.getScale()); }
      case CHAR: return BinaryString.fromString(text(((CharType) t).getLength(), ((CharType) t).getLength()));
      case VARCHAR: return BinaryString.fromString(text(0, Math.min(24, ((VarCharType) t).getLength())));
      case BINARY: return bytes(((BinaryType) t).getLength());
      case VARBINARY: return bytes(random.nextInt(Math.min(24, ((VarBinaryType) t).getLength()) + 1));
      case BLOB: return new BlobData(bytes(random.nextInt(5000)));
      case DATE: return random.nextInt(40000) - 10000;
      case TIME_WITHOUT_TIME_ZONE: return random.nextInt(86_400_000);
      case TIMESTAMP_WITHOUT_TIME_ZONE: return stamp(((TimestampType) t).getPrecision());
      case TIMESTAMP_WITH_LOCAL_TIME_ZONE: return stamp(((LocalZonedTimestampType) t).getPrecision());
      case VARIANT: return GenericVariant.fromJson("{\"n\":" + random.nextInt(100) + ",\"s\":\"" + text(0, 8).replaceAll("[^a-z]", "") + "\",\"a\":[1,null,true,2.5]}");
      case ARRAY: { Object[] o = new Object[random.nextInt(4)]; for (int i = 0; i < o.length; i++) o[i] = nullable(((ArrayType) t).getElementType(), of); return new GenericArray(o); }
      case VECTOR: { float[] v = new float[((VectorType) t).getLength()]; for (int i = 0; i < v.length; i++) v[i] = random.nextInt(100) / 4f; return BinaryVector.fromPrimitiveArray(v); }
      case MAP: { Map<Object, Object> m = new LinkedHashMap<>(); for (int i = random.nextInt(4); i > 0; i--) m.put(random(((MapType) t).getKeyType(), of), nullable(((MapType) t).getValueType(), of)); return new GenericMap(m); }
      case MULTISET: { Map<Object, Object> m = new LinkedHashMap<>(); for (int i = random.nextInt(4); i > 0; i--) m.put(random(((MultisetType) t).getElementType(), of), 1 + random.nextInt(3)); return new GenericMap(m); }
      case ROW: {
        RowType r = (RowType) t; GenericRow g = new GenericRow(r.getFieldCount());
        for (int i = 0; i < r.getFieldCount(); i++) {
          String n = r.getFieldNames().get(i); DataType ft = r.getTypeAt(i);
          if (of != null && n.equals("dt")) g.setField(i, BinaryString.fromString("2026-11-0" + (1 + random.nextInt(3))));
          else if (of != null && n.equals("region")) g.setField(i, random.nextInt(2));
          else if (of != null && n.equals("odd")) g.setField(i, random.nextInt(3) == 0 ? null : BinaryString.fromString(l("a=b", "x/y", "é %", "").get(random.nextInt(4))));
          else if (of != null && of.pk.contains(n)) g.setField(i, key(ft, random.nextInt(of.keys)));
          else g.setField(i, nullable(ft, of));
        }
        return g;
      }
      default: throw new IllegalStateException(t.toString());
    }
  }

  static Object key(DataType t, int k) {
    switch (t.getTypeRoot()) {
      case INTEGER: return k;
      case BIGINT: return (long) k * 1_000_003L;
      case VARCHAR: return BinaryString.fromString("key-" + k + (k % 3 == 0 ? "-with a longer tail \u00fc\ud83d\ude80" : ""));
      case DECIMAL: return Decimal.fromBigDecimal(new BigDecimal(java.math.BigInteger.valueOf(k * 37L), ((DecimalType) t).getScale()), ((DecimalType) t).getPrecision(), ((DecimalType) t).getScale());
      case TIMESTAMP_WITHOUT_TIME_ZONE: return Timestamp.fromEpochMillis(1_700_000_000_000L + k * 1000L, ((TimestampType) t).getPrecision() > 3 ? 123_000 : 0);
      case DATE: return 20000 + k;
      case BOOLEAN: return k % 2 == 0;
      case TINYINT: return (byte) k;
      case SMALLINT: return (short) k;
      case FLOAT: return k / 4f;
      case DOUBLE: return k / 8d;
      case VARBINARY: return new byte[] {(byte) k, (byte) (k * 7), (byte) 0xff};
      default: throw new IllegalStateException(t.toString());
    }
  }

  static Object nullable(DataType t, T of) { return t.isNullable() && random.nextInt(7) == 0 ? null : random(t, of); }
  static byte[] bytes(int n) { byte[] b = new byte[n]; random.nextBytes(b); return b; }
  static String text(int min, int max) { String a = "abcdefghijklmnopqrstuvwxyzäß漢字é 0123456789"; StringBuilder s = new StringBuilder(); for (int i = min + random.nextInt(max - min + 1); i > 0; i--) s.append(a.charAt(random.nextInt(a.length()))); return s.toString(); }
  static Timestamp stamp(int p) { long ms = 1_600_000_000_000L - (random.nextInt(8) == 0 ? 2_000_000_000_000L : 0) + random.nextInt(); int unit = (int) Math.pow(10, 9 - p); if (p < 3) ms -= Math.floorMod(ms, (long) Math.pow(10, 3 - p)); int nano = p <= 3 ? 0 : random.nextInt(1_000_000) / unit * unit; return Timestamp.fromEpochMillis(ms, nano); }

  static List<DataField> everyType(boolean pk) {
    return fields(
        "id", pk ? DataTypes.INT().notNull() : DataTypes.INT(), "c_boolean", DataTypes.BOOLEAN(), "c_tinyint", DataTypes.TINYINT(), "c_smallint", DataTypes.SMALLINT(),
        "c_bigint", DataTypes.BIGINT(), "c_float", DataTypes.FLOAT(), "c_double", DataTypes.DOUBLE(), "c_decimal_9_2", DataTypes.DECIMAL(9, 2),
        "c_decimal_18_4", DataTypes.DECIMAL(18, 4), "c_decimal_38_10", DataTypes.DECIMAL(38, 10), "c_char", DataTypes.CHAR(5), "c_varchar", DataTypes.VARCHAR(20),
        "c_string", DataTypes.STRING(), "c_binary", DataTypes.BINARY(4), "c_varbinary", DataTypes.VARBINARY(12), "c_bytes", DataTypes.BYTES(), "c_date", DataTypes.DATE(),
        "c_time", DataTypes.TIME(3), "c_timestamp_0", DataTypes.TIMESTAMP(0), "c_timestamp_3", DataTypes.TIMESTAMP(3), "c_timestamp_6", DataTypes.TIMESTAMP(6),
        "c_timestamp_9", DataTypes.TIMESTAMP(9), "c_ltz_3", DataTypes.TIMESTAMP_WITH_LOCAL_TIME_ZONE(3), "c_ltz_6", DataTypes.TIMESTAMP_WITH_LOCAL_TIME_ZONE(6),
        "c_ltz_9", DataTypes.TIMESTAMP_WITH_LOCAL_TIME_ZONE(9),
        "c_array", new ArrayType(DataTypes.INT()), "c_map", new MapType(DataTypes.STRING().notNull(), DataTypes.BIGINT()),
        "c_row", new RowType(Arrays.asList(f(100, "a", DataTypes.INT()), f(101, "b", DataTypes.STRING()), f(102, "c", new RowType(Arrays.asList(f(103, "d", DataTypes.DOUBLE())))))),
        "c_array_row", new ArrayType(new RowType(Arrays.asList(f(110, "x", DataTypes.INT()), f(111, "y", new ArrayType(DataTypes.STRING()))))),
        "c_map_array", new MapType(DataTypes.INT().notNull(), new ArrayType(DataTypes.DECIMAL(10, 3))), "c_multiset", new MultisetType(DataTypes.STRING().notNull()));
  }

  static List<DataField> order() {
    return fields("dt", DataTypes.STRING().notNull(), "region", DataTypes.INT().notNull(), "id", DataTypes.BIGINT().notNull(), "name", DataTypes.STRING(), "amount", DataTypes.DECIMAL(12, 2), "qty", DataTypes.INT(), "ts", DataTypes.TIMESTAMP(3));
  }
  static List<DataField> plain() { return fields("id", DataTypes.BIGINT().notNull(), "name", DataTypes.STRING(), "amount", DataTypes.DECIMAL(12, 2), "qty", DataTypes.INT(), "seq", DataTypes.BIGINT()); }

  interface Case { void run() throws Exception; }
  static void run(String name, Case c) {
    try { c.run(); System.out.println("ok      " + name); }
    catch (Throwable e) { System.out.println("SKIPPED " + name + ": " + e); if (System.getenv("TRACE") != null) e.printStackTrace(); }
  }

  static void generate(String to, long seed) throws Exception {
    random = new Random(seed); dir = Paths.get(to); Files.createDirectories(dir.resolve("expect")); Files.createDirectories(dir.resolve("steps"));
    catalog = Harness.catalog(dir.resolve("warehouse").toAbsolutePath().toString(), Collections.emptyMap()); catalog.createDatabase("golden", true);

    // every type, as values and as keys
    run("types_pk", () -> new T("types_pk", everyType(true), l(), l("id"), "bucket", "2", "write-only", "true").commit(50, 0).commit(30, 6).commit(30, 6).expect().stream());
    run("types_append", () -> new T("types_append", everyType(false), l(), l(), "bucket", "-1").commit(70, 0).commit(5, 0).expect().stream());
    run("types_key", () -> new T("types_key", fields("k1", DataTypes.STRING().notNull(), "k2", DataTypes.DECIMAL(20, 2).notNull(), "k3", DataTypes.TIMESTAMP(6).notNull(), "k4", DataTypes.DATE().notNull(), "k5", DataTypes.BOOLEAN().notNull(), "k6", DataTypes.DOUBLE().notNull(), "k7", DataTypes.VARBINARY(8).notNull(), "k8", DataTypes.TINYINT().notNull(), "v", DataTypes.STRING()), l(), l("k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"), "bucket", "7", "write-only", "true").commit(80, 0).commit(40, 0).expect());
    for (String k : l("bigint", "string", "decimal_9", "decimal_38", "timestamp_3", "timestamp_9", "float", "smallint"))
      run("bucket_" + k, () -> { DataType t = k.equals("bigint") ? DataTypes.BIGINT() : k.equals("string") ? DataTypes.STRING() : k.equals("decimal_9") ? DataTypes.DECIMAL(9, 2) : k.equals("decimal_38") ? DataTypes.DECIMAL(38, 3) : k.equals("timestamp_3") ? DataTypes.TIMESTAMP(3) : k.equals("timestamp_9") ? DataTypes.TIMESTAMP(9) : k.equals("float") ? DataTypes.FLOAT() : DataTypes.SMALLINT();
        new T("bucket_" + k, fields("k", t.notNull(), "v", DataTypes.INT()), l(), l("k"), "bucket", "5").commit(50, 0).expect().system("files"); });
    for (String c : l("zstd", "snappy", "gzip", "lz4", "none"))
      run("codec_" + c, () -> new T("codec_" + c, plain(), l(), l("id"), "bucket", "1", "file.compression", c).commit(60, 0).expect());
    for (String c : l("avro", "orc"))
      run("format_" + c, () -> new T("format_" + c, everyType(true).subList(0, 21), l(), l("id"), "bucket", "1", "file.format", c).commit(60, 0).commit(20, 4).expect());
    run("variant", () -> new T("variant_append", fields("id", DataTypes.INT(), "v", DataTypes.VARIANT()), l(), l(), "bucket", "-1").commit(40, 0).expect());
    run("blob", () -> new T("blob_append", fields("id", DataTypes.INT(), "b", DataTypes.BLOB()), l(), l(), "bucket", "-1", "row-tracking.enabled", "true", "data-evolution.enabled", "true").commit(20, 0).commit(10, 0).expect());

    // primary-key tables: the three modes, partitions, deletes
    run("mor", () -> new T("mor", order(), l("dt", "region"), l("dt", "region", "id"), "bucket", "3", "write-only", "true").commit(150, 0).commit(80, 5).commit(80, 5).commit(40, 3).expect().expect("@2", "scan.snapshot-id", "2").stream().system("snapshots", "files", "partitions", "buckets", "schemas", "options", "manifests", "audit_log", "ro"));
    run("mor_levels", () -> new T("mor_levels", plain(), l(), l("id"), "bucket", "2", "num-sorted-run.compaction-trigger", "3").commit(60, 0).compact(40, 5).commit(30, 5).commit(30, 5).commit(30, 5).commit(20, 5).expect().stream().system("files"));
    run("cow", () -> new T("cow", plain(), l(), l("id"), "bucket", "1", "full-compaction.delta-commits", "1").compact(50, 0).compact(40, 4).compact(30, 4).expect());
    run("dv", () -> new T("dv", order(), l("dt"), l("dt", "id"), "bucket", "2", "deletion-vectors.enabled", "true").commit(120, 0).commit(60, 4).commit(60, 4).expect().expect("@3", "scan.snapshot-id", "3").system("files", "table_indexes"));
    run("dv_bitmap64", () -> new T("dv_bitmap64", plain(), l(), l("id"), "bucket", "1", "deletion-vectors.enabled", "true", "deletion-vectors.bitmap64", "true").commit(60, 0).compact(40, 4).commit(40, 4).commit(40, 4).expect().system("table_indexes"));
    run("thin_mode", () -> new T("thin_mode", order(), l("dt"), l("dt", "region", "id"), "bucket", "1", "data-file.thin-mode", "true", "write-only", "true").commit(60, 0).commit(40, 4).expect());
    run("odd_partitions", () -> new T("odd_partitions", fields("odd", DataTypes.STRING(), "id", DataTypes.INT(), "v", DataTypes.STRING()), l("odd"), l(), "bucket", "-1").commit(60, 0).expect().system("partitions"));
    run("typed_partitions", () -> new T("typed_partitions", fields("d", DataTypes.DATE(), "n", DataTypes.INT(), "b", DataTypes.BOOLEAN(), "v", DataTypes.STRING()), l("d", "n", "b"), l(), "bucket", "-1").commit(12, 0).expect().system("partitions"));
    run("data_path", () -> new T("data_path", order(), l("dt"), l("dt", "id"), "bucket", "1", "data-file.path-directory", "data", "data-file.prefix", "part-", "file.suffix.include.compression", "true").commit(40, 0).expect());
    run("bucket_key", () -> new T("bucket_key", fields("a", DataTypes.INT().notNull(), "b", DataTypes.STRING().notNull(), "v", DataTypes.STRING()), l(), l("a", "b"), "bucket", "4", "bucket-key", "b").commit(60, 0).expect().system("files"));
    run("bucket_append", () -> new T("bucket_append", plain(), l(), l(), "bucket", "3", "bucket-key", "name").commit(60, 0).commit(30, 0).expect().stream());

    // sequence and kind
    run("sequence_field", () -> new T("sequence_field", plain(), l(), l("id"), "bucket", "1", "sequence.field", "seq,qty", "write-only", "true").commit(60, 0).commit(60, 5).commit(60, 5).expect().stream());
    run("sequence_desc", () -> new T("sequence_desc", plain(), l(), l("id"), "bucket", "1", "sequence.field", "seq", "sequence.field.sort-order", "descending", "write-only", "true").commit(60, 0).commit(60, 0).expect());
    run("ignore_delete", () -> new T("ignore_delete", plain(), l(), l("id"), "bucket", "1", "ignore-delete", "true").commit(60, 0).commit(60, 3).expect());
    run("rowkind_field", () -> { T t = new T("rowkind_field", fields("id", DataTypes.INT().notNull(), "op", DataTypes.STRING(), "v", DataTypes.STRING()), l(), l("id"), "bucket", "1", "rowkind.field", "op");
      for (int c = 0; c < 2; c++) { List<GenericRow> rows = t.rows(40, 0); for (GenericRow r : rows) r.setField(1, BinaryString.fromString(random.nextInt(4) == 0 ? "-D" : "+I")); commitRows(t.table, rows, false); } t.expect(); });

    // merge engines
    run("partial_update", () -> new T("partial_update", fields("id", DataTypes.INT().notNull(), "a", DataTypes.INT(), "b", DataTypes.STRING(), "c", DataTypes.DOUBLE()), l(), l("id"), "bucket", "1", "merge-engine", "partial-update", "write-only", "true").commit(60, 0).commit(60, 0).commit(60, 0).expect());
    run("partial_update_groups", () -> new T("partial_update_groups", fields("id", DataTypes.INT().notNull(), "a", DataTypes.INT(), "b", DataTypes.STRING(), "g1", DataTypes.INT(), "c", DataTypes.BIGINT(), "d", DataTypes.STRING(), "g2", DataTypes.BIGINT(), "g3", DataTypes.INT(), "e", DataTypes.STRING()), l(), l("id"), "bucket", "1", "merge-engine", "partial-update", "write-only", "true", "fields.g1.sequence-group", "a,b", "fields.g2,g3.sequence-group", "c,d", "fields.c.aggregate-function", "sum", "fields.e.aggregate-function", "last_non_null_value").commit(80, 0).commit(80, 0).commit(80, 0).expect());
    run("partial_update_delete", () -> new T("partial_update_delete", fields("id", DataTypes.INT().notNull(), "a", DataTypes.INT(), "b", DataTypes.STRING()), l(), l("id"), "bucket", "1", "merge-engine", "partial-update", "partial-update.remove-record-on-delete", "true", "write-only", "true").commit(60, 0).commit(60, 4).commit(40, 4).expect());
    run("first_row", () -> new T("first_row", plain(), l(), l("id"), "bucket", "1", "merge-engine", "first-row", "changelog-producer", "lookup").commit(60, 0).commit(60, 0).expect().stream());
    run("aggregation", () -> {
      String[][] fn = {{"sum", "INT"}, {"sum", "DECIMAL"}, {"sum", "DOUBLE"}, {"product", "INT"}, {"max", "STRING"}, {"min", "TIMESTAMP"}, {"max", "DOUBLE"}, {"last_value", "STRING"}, {"last_non_null_value", "STRING"}, {"first_value", "STRING"}, {"first_non_null_value", "INT"}, {"listagg", "STRING"}, {"bool_and", "BOOLEAN"}, {"bool_or", "BOOLEAN"}, {"collect", "ARRAY"}, {"merge_map", "MAP"}};
      List<DataField> fs = fields("id", DataTypes.INT().notNull()); List<String> o = new ArrayList<>(l("bucket", "1", "merge-engine", "aggregation", "write-only", "true"));
      for (int i = 0; i < fn.length; i++) { String n = fn[i][0] + "_" + fn[i][1].toLowerCase(); DataType t = fn[i][1].equals("INT") ? DataTypes.INT() : fn[i][1].equals("DECIMAL") ? DataTypes.DECIMAL(20, 2) : fn[i][1].equals("DOUBLE") ? DataTypes.DOUBLE() : fn[i][1].equals("STRING") ? DataTypes.STRING() : fn[i][1].equals("TIMESTAMP") ? DataTypes.TIMESTAMP(3) : fn[i][1].equals("BOOLEAN") ? DataTypes.BOOLEAN() : fn[i][1].equals("ARRAY") ? new ArrayType(DataTypes.INT()) : new MapType(DataTypes.STRING().notNull(), DataTypes.INT()); fs.add(f(i + 1, n, t)); o.add("fields." + n + ".aggregate-function"); o.add(fn[i][0]); }
      new T("aggregation", fs, l(), l("id"), o.toArray(new String[0])).commit(90, 0).commit(90, 0).commit(60, 0).expect(); });
    run("aggregation_retract", () -> new T("aggregation_retract", fields("id", DataTypes.INT().notNull(), "s", DataTypes.BIGINT(), "l", DataTypes.STRING(), "c", new ArrayType(DataTypes.INT()), "m", DataTypes.INT()), l(), l("id"), "bucket", "1", "merge-engine", "aggregation", "write-only", "true", "fields.s.aggregate-function", "sum", "fields.l.aggregate-function", "last_value", "fields.c.aggregate-function", "collect", "fields.c.distinct", "true", "fields.m.aggregate-function", "max", "fields.m.ignore-retract", "true").commit(90, 0).commit(60, 3).commit(60, 3).expect());
    run("nested_update", () -> new T("nested_update", fields("id", DataTypes.INT().notNull(), "items", new ArrayType(new RowType(Arrays.asList(f(10, "sku", DataTypes.INT().notNull()), f(11, "price", DataTypes.DOUBLE()))))), l(), l("id"), "bucket", "1", "merge-engine", "aggregation", "write-only", "true", "fields.items.aggregate-function", "nested_update", "fields.items.nested-key", "sku").commit(60, 0).commit(60, 0).expect());

    // changelogs
    for (String c : l("none", "input", "lookup", "full-compaction"))
      run("changelog_" + c, () -> { T t = new T("changelog_" + c.replace('-', '_'), plain(), l(), l("id"), "bucket", "2", "changelog-producer", c); if (c.startsWith("full")) t.compact(60, 0).compact(60, 4).commit(60, 4).compact(30, 4); else t.commit(60, 0).commit(60, 4).commit(60, 4).commit(30, 4); t.expect().stream().system("audit_log"); });
    run("changelog_dedup", () -> new T("changelog_dedup", fields("id", DataTypes.INT().notNull(), "v", DataTypes.BOOLEAN()), l(), l("id"), "bucket", "1", "changelog-producer", "lookup", "changelog-producer.row-deduplicate", "true").commit(60, 0).commit(60, 6).commit(60, 6).expect().stream());
    run("changelog_partial", () -> new T("changelog_partial", fields("id", DataTypes.INT().notNull(), "a", DataTypes.INT(), "b", DataTypes.STRING()), l(), l("id"), "bucket", "1", "merge-engine", "partial-update", "changelog-producer", "lookup").commit(60, 0).commit(60, 0).commit(60, 0).expect().stream());

    // buckets that are not fixed
    run("dynamic_bucket", () -> new T("dynamic_bucket", plain(), l(), l("id"), "bucket", "-1", "dynamic-bucket.target-row-num", "20").dynamic(40, 0).dynamic(30, 4).expect().system("files", "table_indexes"));

    // schemas, tags, branches, incremental reads
    run("evolution", () -> { T t = new T("evolution", fields("id", DataTypes.INT().notNull(), "a", DataTypes.INT(), "b", DataTypes.STRING(), "c", DataTypes.FLOAT(), "n", new RowType(Arrays.asList(f(10, "x", DataTypes.INT()), f(11, "y", DataTypes.STRING())))), l(), l("id"), "bucket", "1", "write-only", "true");
      t.commit(50, 0).alter(SchemaChange.addColumn("d", DataTypes.DATE()), SchemaChange.renameColumn("b", "bb"), SchemaChange.updateColumnType("a", DataTypes.BIGINT()));
      t.commit(30, 4).alter(SchemaChange.dropColumn("c"), SchemaChange.addColumn("c", DataTypes.STRING(), "c again", SchemaChange.Move.first("c")), SchemaChange.addColumn(new String[] {"n", "z"}, DataTypes.DOUBLE(), null, null));
      t.commit(30, 4).alter(SchemaChange.dropColumn(new String[] {"n", "y"}), SchemaChange.renameColumn(new String[] {"n", "x"}, "xx"), SchemaChange.updateColumnType(new String[] {"n", "xx"}, DataTypes.BIGINT(), false));
      t.commit(20, 4).expect().expect("@1", "scan.snapshot-id", "1").expect("@2", "scan.snapshot-id", "2").stream().system("schemas"); });
    run("cast", () -> { T t = new T("cast", fields("id", DataTypes.INT().notNull(), "i", DataTypes.INT(), "s", DataTypes.SMALLINT(), "f", DataTypes.FLOAT(), "d", DataTypes.DECIMAL(10, 2), "t", DataTypes.TIMESTAMP(3), "da", DataTypes.DATE(), "b", DataTypes.BOOLEAN(), "n", DataTypes.INT()), l(), l("id"), "bucket", "1", "write-only", "true", "disable-explicit-type-casting", "false");
      t.commit(50, 0).alter(SchemaChange.updateColumnType("i", DataTypes.STRING()), SchemaChange.updateColumnType("s", DataTypes.INT()), SchemaChange.updateColumnType("f", DataTypes.DOUBLE()), SchemaChange.updateColumnType("d", DataTypes.DECIMAL(20, 4)), SchemaChange.updateColumnType("t", DataTypes.TIMESTAMP(6)), SchemaChange.updateColumnType("da", DataTypes.TIMESTAMP(3)), SchemaChange.updateColumnType("b", DataTypes.STRING()), SchemaChange.updateColumnType("n", DataTypes.DECIMAL(15, 3)));
      t.commit(10, 0).expect(); });
    run("tags_branches", () -> { T t = new T("tags_branches", plain(), l(), l("id"), "bucket", "1", "write-only", "true"); t.commit(40, 0).commit(30, 4); t.tag("v1", 1); t.tag("v2", 2); t.commit(30, 4); t.branch("dev", "v2");
      Table dev = catalog.getTable(new Identifier("golden", "tags_branches", "dev")); commitRows(dev, t.rows(30, 4), false);
      t.expect().expect("@tag-v1", "scan.tag-name", "v1").expect("@1..3", "incremental-between", "1,3").expect("@v1..v2", "incremental-between", "v1,v2"); out("tags_branches@branch-dev", p -> dump(dev, p)); t.system("tags", "branches"); });
    run("expired", () -> { T t = new T("expired", plain(), l(), l("id"), "bucket", "1", "snapshot.num-retained.min", "2", "snapshot.num-retained.max", "3", "snapshot.time-retained", "1 ms", "changelog-producer", "input"); for (int i = 0; i < 7; i++) t.commit(20, 5); t.expect(); });

    // indexes
    for (String ix : l("bloom-filter", "bitmap", "bsi", "range-bitmap"))
      run("index_" + ix, () -> new T("index_" + ix.replace('-', '_'), plain(), l(), l(), "bucket", "-1", "file-index." + ix + ".columns", ix.equals("bloom-filter") ? "id,name,seq" : ix.equals("bsi") ? "id,qty" : "id,qty,name", "file-index.in-manifest-threshold", ix.equals("bitmap") ? "1 b" : "1 mb").commit(100, 0).commit(50, 0).expect());
    run("row_tracking", () -> new T("row_tracking", plain(), l(), l(), "bucket", "-1", "row-tracking.enabled", "true").commit(30, 0).commit(20, 0).expect().system("row_tracking"));

    // what Java emits for Iceberg readers
    run("iceberg_v2", () -> new T("iceberg_v2", order(), l("dt"), l("dt", "id"), "bucket", "1", "metadata.iceberg.storage", "table-location").compact(40, 0).compact(30, 4).commit(30, 4).compact(10, 4).expect());
    run("iceberg_v3_dv", () -> new T("iceberg_v3_dv", plain(), l(), l("id"), "bucket", "1", "metadata.iceberg.storage", "table-location", "metadata.iceberg.format-version", "3", "deletion-vectors.enabled", "true", "deletion-vectors.bitmap64", "true").commit(60, 0).compact(40, 4).commit(40, 4).expect());
  }
}
