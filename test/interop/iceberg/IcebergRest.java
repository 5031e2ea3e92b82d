import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.iceberg.Table;
import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.catalog.TableIdentifier;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.rest.RESTCatalog;

/** Reads a REST catalog as rest.py does, by Iceberg's own library: `URL TOKEN`. It asks for pages, and for what refs name first. */
public class IcebergRest {
    private static final TableIdentifier VISITS = TableIdentifier.of("shop", "visits");
    private static final TableIdentifier MISSING = TableIdentifier.of("shop", "missing");

    public static void main(String[] args) throws Exception {
        RESTCatalog catalog = new RESTCatalog();
        catalog.initialize(
                "millrace",
                Map.of(
                        "uri", args[0],
                        "token", args[1],
                        "rest-page-size", "1",
                        "snapshot-loading-mode", "refs"));
        List<TableIdentifier> names = new ArrayList<>();
        for (Namespace namespace : catalog.listNamespaces()) names.addAll(catalog.listTables(namespace));
        String tables = names.stream().map(name -> quoted(name.toString())).sorted().collect(Collectors.joining(","));
        String missing = failure(() -> catalog.loadTable(MISSING));
        String write = failure(() -> catalog.loadTable(VISITS).updateProperties().set("a", "b").commit());
        String told = "{\"tables\":[%s],\"rows\":%s,\"missing\":%s,\"write\":%s}";
        System.out.println(String.format(told, tables, rows(catalog, names), quoted(missing), quoted(write)));
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        while (input.readLine() != null)
            System.out.println(String.format("{\"rows\":%s}", rows(catalog, names)));
        catalog.close();
    }

    private static String rows(RESTCatalog catalog, List<TableIdentifier> names) throws Exception {
        List<String> members = new ArrayList<>();
        for (TableIdentifier name : names) {
            Table table = catalog.loadTable(name);
            List<String> rows = new ArrayList<>();
            // What is not named by a ref is loaded when it is asked for.
            if (table.history().size() < 2 || table.snapshot(table.history().get(0).snapshotId()) == null)
                throw new IllegalStateException(name + " has no first snapshot");
            try (CloseableIterable<Record> records = IcebergGenerics.read(table).build()) {
                for (Record record : records)
                    rows.add(String.format("%010d[%d,%s]", record.getField("id"), record.getField("id"), quoted(record.getField("page"))));
            }
            Collections.sort(rows);
            String list = rows.stream().map(row -> row.substring(10)).collect(Collectors.joining(","));
            members.add(quoted(name.toString()) + ":[" + list + "]");
        }
        return "{" + String.join(",", members) + "}";
    }

    private static String failure(Runnable body) {
        try {
            body.run();
            return null;
        } catch (Exception error) {
            return error.getClass().getSimpleName() + ": " + error.getMessage();
        }
    }

    private static String quoted(Object text) {
        if (text == null) return "null";
        return "\"" + text.toString().replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
    }
}
