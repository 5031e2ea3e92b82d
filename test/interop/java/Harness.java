import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.*;

import org.apache.paimon.append.AppendCompactCoordinator;
import org.apache.paimon.append.AppendCompactTask;
import org.apache.paimon.catalog.*;
import org.apache.paimon.data.GenericRow;
import org.apache.paimon.data.InternalRow;
import org.apache.paimon.disk.IOManagerImpl;
import org.apache.paimon.manifest.BucketEntry;
import org.apache.paimon.operation.BaseAppendFileStoreWrite;
import org.apache.paimon.operation.CleanOrphanFilesResult;
import org.apache.paimon.operation.LocalOrphanFilesClean;
import org.apache.paimon.options.CatalogOptions;
import org.apache.paimon.options.ExpireConfig;
import org.apache.paimon.options.Options;
import org.apache.paimon.predicate.Predicate;
import org.apache.paimon.predicate.PredicateBuilder;
import org.apache.paimon.reader.RecordReader;
import org.apache.paimon.schema.Schema;
import org.apache.paimon.schema.TableSchema;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.*;
import org.apache.paimon.table.BucketMode;
import org.apache.paimon.table.FileStoreTable;
import org.apache.paimon.table.SpecialFields;
import org.apache.paimon.table.Table;
import org.apache.paimon.table.sink.*;
import org.apache.paimon.table.source.*;
import org.apache.paimon.types.RowType;

/**
 * Java Paimon as the other side of the interop tests: one process that does what it is asked, a line of JSON for each
 * request on stdin, and a line for each answer on stdout.
 *
 * <p>A request is {"id", "op", "warehouse", "catalog": {options}, "table", ...}; an answer is {"id", "result"} or {"id",
 * "error"}. `java Harness golden DIR SEED` writes the golden tables instead, see GoldenTables.
 */
public final class Harness {
    private static final Map<String, Catalog> CATALOGS = new HashMap<>();

    public static void main(String[] args) throws Exception {
        if (args.length == 3 && args[0].equals("golden")) {
            GoldenTables.generate(args[1], Long.parseLong(args[2]));
            return;
        }
        PrintStream answers = System.out;
        // Whatever a library prints must not look like an answer.
        System.setOut(System.err);
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            JsonNode request = Rows.JSON.readTree(line);
            ObjectNode answer = Rows.JSON.createObjectNode();
            answer.set("id", request.get("id"));
            try {
                answer.set("result", perform(request));
            } catch (Throwable error) {
                StringWriter trace = new StringWriter();
                error.printStackTrace(new PrintWriter(trace));
                answer.put("error", trace.toString());
            }
            answers.write((answer + "\n").getBytes(StandardCharsets.UTF_8));
            answers.flush();
        }
    }

    private static JsonNode perform(JsonNode request) throws Exception {
        switch (request.get("op").asText()) {
            case "create":
                return create(request);
            case "write":
                return write(request);
            case "compact":
                return compact(table(request));
            case "expire":
                return expire(table(request), request.get("retain").asInt());
            case "orphans":
                return orphans((FileStoreTable) table(request));
            case "tag":
                Metadata.tag((FileStoreTable) table(request), request);
                return NullNode.instance;
            case "branch":
                Metadata.branch((FileStoreTable) table(request), request);
                return NullNode.instance;
            case "consumer":
                Metadata.consumer((FileStoreTable) table(request), request);
                return NullNode.instance;
            case "analyze":
                Metadata.analyze((FileStoreTable) table(request), request);
                return NullNode.instance;
            case "writeColumns":
                Columns.write((FileStoreTable) table(request), request);
                return NullNode.instance;
            case "compactColumns":
                return Columns.compact((FileStoreTable) table(request));
            case "delete":
                Deletions.delete((FileStoreTable) table(request), request);
                return NullNode.instance;
            case "variants":
                return Columns.variants((FileStoreTable) table(request), request.get("column").asText());
            case "read":
                return read(table(request), request.get("where"));
            case "stream":
                return stream(table(request));
            case "picks":
                return Picks.picks(request.get("shapes"));
            case "plans":
                return Picks.plans(request.get("units"));
            case "schedule":
                return Schedules.run((FileStoreTable) table(request), request);
            case "operation":
                return Operations.run(catalog(request), identifier(request), request.get("step"));
            case "alter":
                return Alter.perform(catalog(request), identifier(request), request);
            case "upkeep":
                return Upkeep.perform((FileStoreTable) table(request), request);
            case "histories":
                return Histories.perform((FileStoreTable) table(request), request);
            case "buckets":
                return Buckets.perform((FileStoreTable) table(request), request);
            case "messages":
                return Messages.perform((FileStoreTable) table(request), request);
            case "streams":
                return Streams.perform((FileStoreTable) table(request), request);
            default:
                throw new IllegalArgumentException(request.get("op").asText());
        }
    }

    // ---- catalogs and tables ----

    static Catalog catalog(String warehouse, Map<String, String> options) {
        return CATALOGS.computeIfAbsent(
                warehouse + options,
                key -> {
                    Options all = Options.fromMap(options);
                    all.set(CatalogOptions.WAREHOUSE, warehouse);
                    // Others write the same tables, so nothing may be remembered of them.
                    all.set(CatalogOptions.CACHE_ENABLED, false);
                    return CatalogFactory.createCatalog(CatalogContext.create(all));
                });
    }

    private static Catalog catalog(JsonNode request) {
        return catalog(request.get("warehouse").asText(), texts(request.get("catalog")));
    }

    private static Identifier identifier(JsonNode request) {
        String name = request.get("table").asText();
        int dot = name.indexOf('.');
        return Identifier.create(name.substring(0, dot), name.substring(dot + 1));
    }

    private static Table table(JsonNode request) throws Exception {
        Table table = catalog(request).getTable(identifier(request));
        Map<String, String> options = texts(request.get("options"));
        return options.isEmpty() ? table : table.copy(options);
    }

    private static Map<String, String> texts(JsonNode object) {
        Map<String, String> texts = new TreeMap<>();
        if (object != null) object.fields().forEachRemaining(entry -> texts.put(entry.getKey(), entry.getValue().asText()));
        return texts;
    }

    /** Makes a table of {"fields", "partitionKeys", "primaryKeys", "options"}, as schema files have them. */
    private static JsonNode create(JsonNode request) throws Exception {
        ObjectNode json = request.get("schema").deepCopy();
        json.put("version", 3).put("id", 0).put("highestFieldId", 1_000_000).put("timeMillis", 0);
        TableSchema schema = TableSchema.fromJson(json.toString());
        Identifier identifier = identifier(request);
        catalog(request).createDatabase(identifier.getDatabaseName(), true);
        Schema definition =
                new Schema(schema.fields(), schema.partitionKeys(), schema.primaryKeys(), schema.options(), schema.comment());
        catalog(request).createTable(identifier, definition, false);
        return NullNode.instance;
    }

    // ---- writing ----

    /** One commit of the rows; its user and identifier may be given. */
    private static JsonNode write(JsonNode request) throws Exception {
        Table table = table(request);
        List<GenericRow> rows = new ArrayList<>();
        for (JsonNode row : request.get("rows")) rows.add(Rows.fromJson(row, table.rowType()));
        String user = request.has("user") ? request.get("user").asText() : UUID.randomUUID().toString();
        long identifier = request.has("identifier") ? request.get("identifier").asLong() : nextIdentifier();
        boolean compact = request.path("compact").asBoolean(false);
        commit(table, user, identifier, rows, compact);
        return NullNode.instance;
    }

    private static long lastIdentifier = 0;

    static long nextIdentifier() {
        return ++lastIdentifier;
    }

    /** One commit; with a full compaction of the buckets that it touches if asked. */
    static void commit(Table table, String user, long identifier, Collection<GenericRow> rows, boolean compact)
            throws Exception {
        StreamWriteBuilder builder = table.newStreamWriteBuilder().withCommitUser(user);
        Path temporary = Files.createTempDirectory("interop");
        try (StreamTableWrite write = (StreamTableWrite) builder.newWrite().withIOManager(new IOManagerImpl(temporary.toString()));
                StreamTableCommit commit = builder.newCommit()) {
            List<GenericRow> written = new ArrayList<>();
            // Deletes that are ignored touch no bucket.
            for (GenericRow row : rows) if (((TableWriteImpl<?>) write).writeAndReturn(row) != null) written.add(row);
            if (compact) compactTouched(write, written);
            commit.commit(identifier, write.prepareCommit(true, identifier));
        } finally {
            delete(temporary);
        }
    }

    private static void compactTouched(StreamTableWrite write, Collection<GenericRow> rows) throws Exception {
        Set<Object> seen = new HashSet<>();
        for (GenericRow row : rows) {
            org.apache.paimon.data.BinaryRow partition = write.getPartition(row).copy();
            int bucket = write.getBucket(row);
            if (seen.add(Arrays.asList(partition, bucket))) write.compact(partition, bucket, true);
        }
    }

    static JsonNode compact(Table any) throws Exception {
        FileStoreTable table = (FileStoreTable) any.copy(Collections.singletonMap("write-only", "false"));
        BatchWriteBuilder builder = table.newBatchWriteBuilder();
        Path temporary = Files.createTempDirectory("interop");
        try (BatchTableWrite write = (BatchTableWrite) builder.newWrite().withIOManager(new IOManagerImpl(temporary.toString()));
                BatchTableCommit commit = builder.newCommit()) {
            // Engines have the ids of rows written along; without that they are lost.
            if (table.coreOptions().rowTrackingEnabled())
                write.withWriteType(SpecialFields.rowTypeWithRowTracking(table.rowType()));
            if (table.bucketMode() == BucketMode.BUCKET_UNAWARE) {
                commit.commit(compactFiles(table, (TableWriteImpl<?>) write));
            } else {
                for (BucketEntry bucket : table.newSnapshotReader().bucketEntries())
                    write.compact(bucket.partition(), bucket.bucket(), true);
                commit.commit(write.prepareCommit());
            }
        } finally {
            delete(temporary);
        }
        return NullNode.instance;
    }

    /** Where rows have no buckets, files are chosen by a coordinator and not by the writer. */
    private static List<CommitMessage> compactFiles(FileStoreTable table, TableWriteImpl<?> write) throws Exception {
        Table eager = table.copy(Collections.singletonMap("compaction.min.file-num", "2"));
        List<CommitMessage> messages = new ArrayList<>();
        try {
            for (AppendCompactTask task : new AppendCompactCoordinator((FileStoreTable) eager, false).run())
                messages.add(task.doCompact(table, (BaseAppendFileStoreWrite) write.getWrite()));
        } catch (EndOfScanException none) {
            // There is no snapshot yet.
        }
        return messages;
    }

    /** Expires all snapshots but the latest ones, and says how many. */
    static JsonNode expire(Table table, int retain) {
        ExpireConfig config =
                ExpireConfig.builder()
                        .snapshotRetainMin(1)
                        .snapshotRetainMax(retain)
                        .snapshotTimeRetain(Duration.ZERO)
                        .build();
        return IntNode.valueOf(table.newExpireSnapshots().config(config).expire());
    }

    /** The files that Java would remove since nothing refers to them, however young. */
    private static JsonNode orphans(FileStoreTable table) throws Exception {
        long tomorrow = System.currentTimeMillis() + Duration.ofDays(1).toMillis();
        CleanOrphanFilesResult found = new LocalOrphanFilesClean(table, tomorrow, true).clean();
        ArrayNode paths = Rows.JSON.createArrayNode();
        if (found.getDeletedFilesPath() != null)
            for (org.apache.paimon.fs.Path path : found.getDeletedFilesPath()) paths.add(path.toString());
        return paths;
    }

    static void delete(Path directory) throws IOException {
        try (java.util.stream.Stream<Path> paths = Files.walk(directory)) {
            paths.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        }
    }

    // ---- reading ----

    private static JsonNode read(Table table, JsonNode where) throws Exception {
        ArrayNode rows = Rows.JSON.createArrayNode();
        for (ObjectNode row : rows(table, where)) rows.add(row);
        return rows;
    }

    static List<ObjectNode> rows(Table table, JsonNode where) throws Exception {
        RowType type = table.rowType();
        ReadBuilder builder = table.newReadBuilder();
        if (where != null) builder = builder.withFilter(predicate(type, where));
        TableRead read = builder.newRead();
        if (where != null) read = read.executeFilter();
        List<ObjectNode> rows = new ArrayList<>();
        try (RecordReader<InternalRow> reader = read.createReader(builder.newScan().plan().splits())) {
            reader.forEachRemaining(row -> rows.add(Rows.toJson(row, type, false)));
        }
        return rows;
    }

    /** A filter {"column", "op", "value"}, with a JSON value as rows have it. */
    private static Predicate predicate(RowType type, JsonNode where) {
        int column = type.getFieldIndex(where.get("column").asText());
        Object value = Rows.fromJson(where.get("value"), type.getTypeAt(column));
        PredicateBuilder builder = new PredicateBuilder(type);
        switch (where.get("op").asText()) {
            case "eq":
                return builder.equal(column, value);
            case "ne":
                return builder.notEqual(column, value);
            case "lt":
                return builder.lessThan(column, value);
            case "lte":
                return builder.lessOrEqual(column, value);
            case "gt":
                return builder.greaterThan(column, value);
            case "gte":
                return builder.greaterOrEqual(column, value);
            case "isNull":
                return builder.isNull(column);
            case "isNotNull":
                return builder.isNotNull(column);
            default:
                throw new IllegalArgumentException(where.toString());
        }
    }

    private static JsonNode stream(Table table) throws Exception {
        ArrayNode rows = Rows.JSON.createArrayNode();
        for (ObjectNode row : changes(table)) rows.add(row);
        return rows;
    }

    /** What a stream reads from the first snapshot to the last, each row with its kind. */
    static List<ObjectNode> changes(Table any) throws Exception {
        Map<String, String> start = new HashMap<>();
        start.put("scan.mode", "from-snapshot");
        start.put("scan.snapshot-id", "1");
        Table table = any.copy(start);
        RowType type = table.rowType();
        ReadBuilder builder = table.newReadBuilder();
        StreamTableScan scan = builder.newStreamScan();
        List<ObjectNode> rows = new ArrayList<>();
        // The first plan of a scan that starts at a snapshot only finds its place.
        for (int idle = 0; idle < 2; ) {
            TableScan.Plan plan = scan.plan();
            idle = plan.getClass().getSimpleName().startsWith("SnapshotNotExist") ? idle + 1 : 0;
            for (Split split : plan.splits()) {
                try (RecordReader<InternalRow> reader = builder.newRead().createReader(split)) {
                    reader.forEachRemaining(row -> rows.add(Rows.toJson(row, type, true)));
                }
            }
        }
        return rows;
    }
}
