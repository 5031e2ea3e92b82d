import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.Schema;
import org.apache.iceberg.Table;
import org.apache.iceberg.data.IcebergGenerics;
import org.apache.iceberg.data.Record;
import org.apache.iceberg.hadoop.HadoopTables;
import org.apache.iceberg.io.CloseableIterable;
import org.apache.iceberg.shaded.com.fasterxml.jackson.databind.JsonNode;
import org.apache.iceberg.shaded.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.iceberg.util.SnapshotUtil;

/**
 * Reads states of the past with Iceberg's own library: {@code java IcebergTravel.java REQUESTS.json}. Requests and answers are those
 * of travel.py.
 */
public class IcebergTravel {
    private static final HadoopTables TABLES = new HadoopTables(new Configuration());
    private static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        PrintStream out =
                new PrintStream(new FileOutputStream(FileDescriptor.out), true, "UTF-8");
        for (JsonNode request : JSON.readTree(new File(args[0]))) {
            String answer;
            try {
                Table table = TABLES.load(request.get("table").asText());
                answer = "{\"rows\":" + rows(table, snapshot(table, request.get("at"))) + "}";
            } catch (Exception | Error error) {
                answer = "{\"error\":" + JSON.writeValueAsString(error.toString()) + "}";
            }
            out.println(answer);
        }
        System.exit(0);
    }

    private static long snapshot(Table table, JsonNode at) {
        if (at.has("tag")) return table.refs().get(at.get("tag").asText()).snapshotId();
        if (at.has("timestamp"))
            return SnapshotUtil.snapshotIdAsOfTime(table, at.get("timestamp").asLong());
        return at.get("snapshot").asLong();
    }

    private static String rows(Table table, long snapshot) throws Exception {
        Schema schema = SnapshotUtil.schemaFor(table, snapshot);
        List<String> texts = new ArrayList<>();
        try (CloseableIterable<Record> rows =
                IcebergGenerics.read(table).useSnapshot(snapshot).project(schema).build()) {
            for (Record row : rows) {
                List<Object> values = new ArrayList<>();
                // Where rows are deleted, a record has their positions behind its columns.
                for (int i = 0; i < schema.columns().size(); i++) values.add(row.get(i));
                texts.add(JSON.writeValueAsString(values));
            }
        }
        return "[" + String.join(",", texts) + "]";
    }
}
