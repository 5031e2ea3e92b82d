import org.apache.paimon.catalog.Catalog;
import org.apache.paimon.catalog.CatalogContext;
import org.apache.paimon.catalog.CatalogFactory;
import org.apache.paimon.catalog.Identifier;
import org.apache.paimon.data.InternalRow;
import org.apache.paimon.options.CatalogOptions;
import org.apache.paimon.options.Options;
import org.apache.paimon.reader.RecordReaderIterator;
import org.apache.paimon.table.Table;
import org.apache.paimon.table.source.ReadBuilder;
import org.apache.paimon.types.DataType;
import org.apache.paimon.types.RowType;

/**
 * The shortest command line of Java Paimon: prints the rows of a table or of a system table.
 *
 * <p>usage: ShowTable WAREHOUSE DATABASE TABLE
 */
public class ShowTable {
  public static void main(String[] args) throws Exception {
    Options options = new Options();
    options.set(CatalogOptions.WAREHOUSE, args[0]);
    try (Catalog catalog = CatalogFactory.createCatalog(CatalogContext.create(options))) {
      Table table = catalog.getTable(Identifier.create(args[1], args[2]));
      ReadBuilder read = table.newReadBuilder();
      try (RecordReaderIterator<InternalRow> rows =
          new RecordReaderIterator<>(read.newRead().createReader(read.newScan().plan()))) {
        while (rows.hasNext()) System.out.println(text(rows.next(), table.rowType()));
      }
    }
  }

  private static String text(InternalRow row, RowType type) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < type.getFieldCount(); i++) {
      DataType field = type.getTypeAt(i);
      Object value = InternalRow.createFieldGetter(field, i).getFieldOrNull(row);
      line.append(i == 0 ? "" : " ").append(value);
    }
    return line.toString();
  }
}
