import org.apache.paimon.catalog.*;
import org.apache.paimon.data.*;
import org.apache.paimon.disk.IOManagerImpl;
import org.apache.paimon.options.*;
import org.apache.paimon.reader.RecordReader;
import org.apache.paimon.schema.Schema;
import org.apache.paimon.table.Table;
import org.apache.paimon.table.sink.*;
import org.apache.paimon.table.source.*;
import org.apache.paimon.types.*;
import java.nio.charset.StandardCharsets;
import java.util.*;

/**
 * Java Paimon's speed at merging reads of tables that compose rows, and the writer of these tables: five runs that overlap,
 * `k INT NOT NULL` as the primary key, 20 columns beside it, one bucket.
 *
 * <p>usage: EngineBench DIR ROWS REPEATS
 */
public class EngineBench {
  static final DataType[] TYPES = {
    DataTypes.BIGINT(), DataTypes.DOUBLE(), DataTypes.INT(), DataTypes.DECIMAL(18, 2), DataTypes.STRING()
  };
  static final String[] FUNCTIONS = {"sum", "max", "min", "sum", "last_non_null_value"};

  public static void main(String[] args) throws Exception {
    String warehouse = args[0];
    int rows = Integer.parseInt(args[1]);
    int repeats = Integer.parseInt(args[2]);
    Map<String, String> aggregation = engine("aggregation");
    Map<String, String> groups = engine("partial-update");
    for (int c = 1; c <= 20; c++) aggregation.put("fields.f" + c + ".aggregate-function", FUNCTIONS[c % 5]);
    groups.put("fields.f2.sequence-group", "f1,f3,f4,f5,f6,f8,f9,f10");
    groups.put("fields.f7.sequence-group", "f11,f12,f13,f14,f15,f16,f17,f18,f19,f20");
    measure(warehouse, "aggregation", aggregation, false, rows, repeats);
    measure(warehouse, "partial-update", engine("partial-update"), true, rows, repeats);
    measure(warehouse, "sequence groups", groups, true, rows, repeats);
  }

  private static Map<String, String> engine(String name) {
    Map<String, String> options = new HashMap<>();
    options.put("merge-engine", name);
    options.put("bucket", "1");
    options.put("file.format", "parquet");
    options.put("write-only", "true");
    return options;
  }

  private static void measure(
      String warehouse, String name, Map<String, String> options, boolean partial, int rows, int repeats) throws Exception {
    Options catalogOptions = new Options();
    catalogOptions.set(CatalogOptions.WAREHOUSE, warehouse);
    Catalog catalog = CatalogFactory.createCatalog(CatalogContext.create(catalogOptions));
    catalog.createDatabase("engines", true);
    Identifier id = Identifier.create("engines", name.replaceAll("[ -]", "_"));
    catalog.dropTable(id, true);
    List<DataField> fields = new ArrayList<>();
    fields.add(new DataField(0, "k", new IntType(false)));
    for (int c = 1; c <= 20; c++) fields.add(new DataField(c, "f" + c, TYPES[c % 5]));
    catalog.createTable(id, new Schema(fields, Collections.emptyList(), Collections.singletonList("k"), options, ""), false);
    Table table = catalog.getTable(id);
    for (int run = 0; run < 5; run++) write(table, warehouse, partial, run, rows / 5, rows / 2);
    for (int i = 0; i < repeats; i++) {
      System.gc();
      long start = System.nanoTime();
      read(table);
      double ms = (System.nanoTime() - start) / 1e6;
      System.out.printf(
          Locale.ROOT,
          "{\"peer\":\"java\",\"work\":\"merge-read %s\",\"rows\":%d,\"ms\":%.1f,\"krows_per_s\":%.1f}%n",
          name, rows, ms, rows / ms);
      System.out.flush();
    }
  }

  private static void write(Table table, String directory, boolean partial, int run, int rows, int keys) throws Exception {
    Random random = new Random(run);
    BatchWriteBuilder builder = table.newBatchWriteBuilder();
    try (BatchTableWrite write = (BatchTableWrite) builder.newWrite().withIOManager(new IOManagerImpl(directory + "/tmp"));
        BatchTableCommit commit = builder.newCommit()) {
      for (int i = 0; i < rows; i++) {
        GenericRow row = new GenericRow(21);
        row.setField(0, random.nextInt(keys));
        // A partial update has values for two columns in five.
        for (int c = 1; c <= 20; c++)
          if (!partial || c % 5 == run || c % 5 == (run + 2) % 5) row.setField(c, value(c % 5, random));
        write.write(row);
      }
      commit.commit(write.prepareCommit());
    }
  }

  private static Object value(int type, Random random) {
    switch (type) {
      case 0:
        return random.nextLong() >> 20;
      case 1:
        return random.nextDouble();
      case 2:
        return random.nextInt(1_000_000);
      case 3:
        return Decimal.fromUnscaledLong(random.nextInt(1_000_000), 18, 2);
      default:
        return BinaryString.fromBytes(
            String.format("%010x", random.nextLong() & 0xffffffffffL).getBytes(StandardCharsets.US_ASCII));
    }
  }

  private static void read(Table table) throws Exception {
    ReadBuilder builder = table.newReadBuilder();
    long[] sum = {0};
    try (RecordReader<InternalRow> reader = builder.newRead().createReader(builder.newScan().plan().splits())) {
      reader.forEachRemaining(row -> sum[0] += row.getInt(0));
    }
  }
}
