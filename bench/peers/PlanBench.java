import java.util.List;
import java.util.Locale;
import org.apache.paimon.catalog.Catalog;
import org.apache.paimon.catalog.CatalogContext;
import org.apache.paimon.catalog.CatalogFactory;
import org.apache.paimon.catalog.Identifier;
import org.apache.paimon.data.BinaryString;
import org.apache.paimon.options.CatalogOptions;
import org.apache.paimon.options.Options;
import org.apache.paimon.predicate.PredicateBuilder;
import org.apache.paimon.table.Table;
import org.apache.paimon.table.source.DataSplit;
import org.apache.paimon.table.source.ReadBuilder;
import org.apache.paimon.table.source.Split;

/**
 * Java Paimon's time to plan a read of a table, by a catalog that knows nothing yet.
 *
 * <p>usage: PlanBench WAREHOUSE DATABASE TABLE PARTITION REPEATS
 */
public class PlanBench {
  public static void main(String[] args) throws Exception {
    int repeats = Integer.parseInt(args[4]);
    for (int run = 0; run < repeats; run++) plan(args, "plan 10,000 files", null);
    for (int run = 0; run < repeats; run++) plan(args, "plan one partition of 200", args[3]);
  }

  private static void plan(String[] args, String work, String partition) throws Exception {
    Options options = new Options();
    options.set(CatalogOptions.WAREHOUSE, args[0]);
    long start = System.nanoTime();
    int files = 0;
    try (Catalog catalog = CatalogFactory.createCatalog(CatalogContext.create(options))) {
      Table table = catalog.getTable(Identifier.create(args[1], args[2]));
      ReadBuilder read = table.newReadBuilder();
      if (partition != null) {
        PredicateBuilder predicates = new PredicateBuilder(table.rowType());
        read = read.withFilter(predicates.equal(0, BinaryString.fromString(partition)));
      }
      List<Split> splits = read.newScan().plan().splits();
      for (Split split : splits) files += ((DataSplit) split).dataFiles().size();
    }
    double ms = (System.nanoTime() - start) / 1e6;
    System.out.printf(
        Locale.ROOT,
        "{\"peer\":\"java\",\"work\":\"%s\",\"rows\":%d,\"ms\":%.1f,\"krows_per_s\":%.1f}%n",
        work, files, ms, files / ms);
    System.out.flush();
  }
}
