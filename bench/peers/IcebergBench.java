import org.apache.paimon.catalog.*;
import org.apache.paimon.data.*;
import org.apache.paimon.disk.IOManagerImpl;
import org.apache.paimon.options.*;
import org.apache.paimon.schema.SchemaChange;
import org.apache.paimon.table.Table;
import org.apache.paimon.table.sink.*;
import java.math.BigDecimal;
import java.util.*;

/**
 * Commits to two copies of a table in turns, one of which has Iceberg metadata.
 *
 * <p>usage: IcebergBench WAREHOUSE WORK WARM_UPS COMMITS ROWS PARTITIONS FILES [OPTION=VALUE ...]
 */
public class IcebergBench {
  static int state;

  static long next() {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Integer.toUnsignedLong(state);
  }

  public static void main(String[] args) throws Exception {
    int warmUps = Integer.parseInt(args[2]);
    int commits = Integer.parseInt(args[3]);
    int rows = Integer.parseInt(args[4]);
    int partitions = Integer.parseInt(args[5]);
    int files = Integer.parseInt(args[6]);
    Options catalogOptions = new Options();
    catalogOptions.set(CatalogOptions.WAREHOUSE, args[0]);
    Catalog catalog = CatalogFactory.createCatalog(CatalogContext.create(catalogOptions));
    List<SchemaChange> shown = new ArrayList<>();
    for (int i = 7; i < args.length; i++) shown.add(SchemaChange.setOption(args[i].split("=")[0], args[i].split("=")[1]));
    catalog.alterTable(Identifier.create("bench", "java_shown"), shown, false);
    Committer plain = new Committer(catalog, "java_plain", args[0]);
    Committer withMetadata = new Committer(catalog, "java_shown", args[0]);
    for (int number = 0; number < warmUps + commits; number++) {
      boolean isCounted = number >= warmUps;
      if (number % 2 == 0) plain.commit(number, rows, partitions, files, isCounted);
      withMetadata.commit(number, rows, partitions, files, isCounted);
      if (number % 2 == 1) plain.commit(number, rows, partitions, files, isCounted);
    }
    double without = plain.median(), with = withMetadata.median();
    System.out.printf(Locale.ROOT,
        "{\"work\":\"%s\",\"peer\":\"java\",\"files\":%d,\"rows\":%d,\"without_ms\":%.1f,\"with_ms\":%.1f,\"more_percent\":%.1f}%n",
        args[1], files, rows, without, with, 100 * with / without - 100);
  }

  static class Committer {
    final StreamTableWrite write;
    final StreamTableCommit commit;
    final List<Double> ms = new ArrayList<>();

    Committer(Catalog catalog, String name, String warehouse) throws Exception {
      Table table = catalog.getTable(Identifier.create("bench", name));
      StreamWriteBuilder builder = table.newStreamWriteBuilder().withCommitUser("bench");
      write = (StreamTableWrite) builder.newWrite().withIOManager(new IOManagerImpl(warehouse + "/tmp"));
      commit = builder.newCommit();
    }

    void commit(int number, int rows, int partitions, int files, boolean isCounted) throws Exception {
      state = ((1_000_000 + number) * 7919 + 17) | 1;
      GenericRow[] all = new GenericRow[rows];
      for (int i = 0; i < rows; i++)
        all[i] = GenericRow.of(
            (number * partitions) % files + i % partitions,
            next() % (4L * rows),
            BinaryString.fromString("a " + Long.toString(next(), 36)),
            BinaryString.fromString("b " + number + " " + i),
            next() / 3.0,
            Decimal.fromBigDecimal(new BigDecimal(next() % 1_000_000 + ".25"), 12, 2));
      System.gc();
      long start = System.nanoTime();
      for (GenericRow row : all) write.write(row);
      commit.commit(number + 1, write.prepareCommit(true, number + 1));
      if (isCounted) ms.add((System.nanoTime() - start) / 1e6);
    }

    double median() {
      Collections.sort(ms);
      return ms.get(ms.size() / 2);
    }
  }
}
