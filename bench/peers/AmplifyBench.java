import org.apache.paimon.catalog.*;
import org.apache.paimon.data.*;
import org.apache.paimon.disk.IOManagerImpl;
import org.apache.paimon.options.*;
import org.apache.paimon.schema.Schema;
import org.apache.paimon.table.Table;
import org.apache.paimon.table.sink.*;
import org.apache.paimon.types.*;
import java.util.*;

/**
 * Upserts in many small commits, compacted by the writer as Java does it; nothing expires, so that every file it ever wrote is
 * still there to be counted.
 *
 * <p>usage: AmplifyBench WAREHOUSE COMMITS ROWS KEYS SEED [OPTION=VALUE ...]
 */
public class AmplifyBench {
  public static void main(String[] args) throws Exception {
    int commits = Integer.parseInt(args[1]);
    int rows = Integer.parseInt(args[2]);
    int keys = Integer.parseInt(args[3]);
    int state = Integer.parseInt(args[4]) | 1;
    Map<String, String> options = new HashMap<>();
    options.put("bucket", "1");
    options.put("snapshot.num-retained.min", "100000");
    options.put("snapshot.num-retained.max", "100000");
    for (int i = 5; i < args.length; i++) options.put(args[i].split("=")[0], args[i].split("=")[1]);
    Options catalogOptions = new Options();
    catalogOptions.set(CatalogOptions.WAREHOUSE, args[0]);
    Catalog catalog = CatalogFactory.createCatalog(CatalogContext.create(catalogOptions));
    catalog.createDatabase("amplify", true);
    Identifier id = Identifier.create("amplify", "t");
    catalog.dropTable(id, true);
    List<DataField> fields = List.of(
        new DataField(0, "k", new IntType(false)), new DataField(1, "a", DataTypes.STRING()), new DataField(2, "b", DataTypes.STRING()));
    catalog.createTable(id, new Schema(fields, List.of(), List.of("k"), options, ""), false);
    Table table = catalog.getTable(id);
    StreamWriteBuilder builder = table.newStreamWriteBuilder().withCommitUser("amplify");
    try (StreamTableWrite write = (StreamTableWrite) builder.newWrite().withIOManager(new IOManagerImpl(args[0] + "/tmp"));
        StreamTableCommit commit = builder.newCommit()) {
      for (int c = 1; c <= commits; c++) {
        for (int i = 0; i < rows; i++) {
          state ^= state << 13;
          state ^= state >>> 17;
          state ^= state << 5;
          int key = (int) (Integer.toUnsignedLong(state) % keys);
          write.write(GenericRow.of(key, BinaryString.fromString("a " + Integer.toUnsignedString(state, 36)), BinaryString.fromString("b " + key + " " + c)));
        }
        commit.commit(c, write.prepareCommit(true, c));
      }
    }
  }
}
