import java.io.IOException;
import java.lang.reflect.Field;
import java.util.*;

import org.apache.paimon.compact.CompactResult;
import org.apache.paimon.compact.CompactUnit;
import org.apache.paimon.data.BinaryRow;
import org.apache.paimon.data.BinaryRowWriter;
import org.apache.paimon.data.InternalRow;
import org.apache.paimon.deletionvectors.BitmapDeletionVector;
import org.apache.paimon.deletionvectors.BucketedDvMaintainer;
import org.apache.paimon.io.DataFileMeta;
import org.apache.paimon.mergetree.LevelSortedRun;
import org.apache.paimon.mergetree.SortedRun;
import org.apache.paimon.mergetree.compact.*;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.paimon.stats.SimpleStats;

/** What Java chooses to compact, and what it does to the files chosen. Nothing is read or written. */
final class Picks {
    private static final Comparator<InternalRow> KEYS = Comparator.comparingInt(row -> row.getInt(0));

    private Picks() {}

    /** For each of {"runs": [{"level", "files": [{"bytes", "marked"}]}], "levels", ...} a text such as `3 -> L4`. */
    static ArrayNode picks(JsonNode shapes) throws Exception {
        ArrayNode picks = Rows.JSON.createArrayNode();
        for (JsonNode shape : shapes) picks.add(pick(shape));
        return picks;
    }

    private static String pick(JsonNode shape) throws Exception {
        List<LevelSortedRun> runs = new ArrayList<>();
        Map<String, Integer> numbers = new HashMap<>();
        Set<String> marked = new HashSet<>();
        for (JsonNode run : shape.get("runs")) {
            List<DataFileMeta> files = new ArrayList<>();
            int level = run.get("level").asInt();
            for (JsonNode file : run.get("files")) {
                String name = "file-" + numbers.size();
                numbers.put(name, numbers.size() + 1);
                if (file.get("marked").asBoolean()) marked.add(name);
                int at = numbers.size();
                files.add(file(name, file.get("bytes").asLong(), level, at, at, at, 0L));
            }
            runs.add(new LevelSortedRun(level, SortedRun.fromSorted(files)));
        }
        int levels = shape.get("levels").asInt();
        if (shape.get("full").asBoolean()) {
            boolean rewritesAll = shape.get("rewritesAll").asBoolean();
            BucketedDvMaintainer vectors = marked.isEmpty() ? null : vectors(marked);
            return CompactStrategy.pickFullCompaction(levels, runs, null, vectors, rewritesAll)
                    .map(unit -> text(unit, runs, numbers))
                    .orElse("none");
        }
        CompactStrategy strategy = strategy(shape);
        Optional<CompactUnit> unit = strategy.pick(levels, runs);
        for (int i = 0; i < shape.get("waited").asInt(); i++) unit = strategy.pick(levels, runs);
        return unit.map(found -> text(found, runs, numbers)).orElse("none");
    }

    private static CompactStrategy strategy(JsonNode shape) throws Exception {
        Long interval = number(shape, "fullIntervalMs");
        Long total = number(shape, "totalBytesMin");
        Long incremental = number(shape, "incrementalBytesMax");
        EarlyFullCompaction early = null;
        if (interval != null || total != null || incremental != null) {
            early = new EarlyFullCompaction(interval, total, incremental);
            Long agoMs = number(shape, "lastFullAgoMs");
            if (agoMs != null) set(early, "lastFullCompaction", System.currentTimeMillis() - agoMs);
        }
        int ratio = shape.get("sizeRatio").asInt();
        JsonNode offPeak = shape.get("offPeak");
        if (offPeak != null && !offPeak.isNull()) {
            // The hour is that of the shape, and not of the clock: what it adds is added to the ratio itself.
            OffPeakHours hours =
                    OffPeakHours.create(
                            offPeak.get("startHour").asInt(),
                            offPeak.get("endHour").asInt(),
                            offPeak.get("ratio").asInt());
            if (hours != null) ratio += hours.currentRatio(shape.get("hour").asInt());
        }
        UniversalCompaction universal =
                new UniversalCompaction(
                        shape.get("sizeAmplificationPercent").asInt(),
                        ratio,
                        shape.get("trigger").asInt(),
                        early,
                        null);
        JsonNode level0 = shape.get("level0");
        if (level0.isObject())
            return new ForceUpLevel0Compaction(universal, level0.get("gentleInterval").asInt());
        return level0.asText().equals("radical") ? new ForceUpLevel0Compaction(universal, null) : universal;
    }

    /** The number of runs, or the numbers of the files where not all of a run's are taken, and the level they go to. */
    private static String text(CompactUnit unit, List<LevelSortedRun> runs, Map<String, Integer> numbers) {
        String to = " -> L" + unit.outputLevel();
        if (unit.fileRewrite()) {
            StringJoiner files = new StringJoiner(" ");
            for (DataFileMeta file : unit.files()) files.add("f" + numbers.get(file.fileName()));
            return files + to;
        }
        int count = 0;
        int left = unit.files().size();
        while (left > 0) left -= runs.get(count++).run().files().size();
        return count + to;
    }

    /** For each of {"files": [{"bytes", "level", "min", "max", "deletes"}], ...} what MergeTreeCompactTask does, step by step. */
    static ArrayNode plans(JsonNode units) throws Exception {
        ArrayNode plans = Rows.JSON.createArrayNode();
        for (JsonNode unit : units) plans.add(plan(unit));
        return plans;
    }

    private static String plan(JsonNode unit) throws Exception {
        List<DataFileMeta> files = new ArrayList<>();
        for (JsonNode file : unit.get("files")) {
            Long deletes = number(file, "deletes");
            int at = files.size() + 1;
            int level = file.get("level").asInt();
            int min = file.get("min").asInt();
            files.add(file("f" + at, file.get("bytes").asLong(), level, at, min, file.get("max").asInt(), deletes));
        }
        Recorder recorder = new Recorder();
        int outputLevel = unit.get("outputLevel").asInt();
        new MergeTreeCompactTask(
                        KEYS,
                        unit.get("smallFileBytes").asLong(),
                        recorder,
                        new CompactUnit(outputLevel, files, false),
                        false,
                        unit.get("maxLevel").asInt(),
                        null,
                        () -> null,
                        null,
                        unit.get("rewritesAll").asBoolean())
                .call();
        return recorder.steps.toString();
    }

    private static final class Recorder implements CompactRewriter {
        private final StringJoiner steps = new StringJoiner("; ");

        @Override
        public CompactResult rewrite(int outputLevel, boolean dropDelete, List<List<SortedRun>> sections) {
            StringJoiner text = new StringJoiner(" , ");
            for (List<SortedRun> section : sections) {
                // Files of equal bounds may be in any run of their section.
                List<String> names = new ArrayList<>();
                for (SortedRun run : section) for (DataFileMeta file : run.files()) names.add(file.fileName());
                Collections.sort(names);
                text.add(String.join(" ", names) + (section.size() > 1 ? " as " + section.size() + " runs" : ""));
            }
            steps.add("merge " + text);
            return new CompactResult();
        }

        @Override
        public CompactResult upgrade(int outputLevel, DataFileMeta file) {
            steps.add("move " + file.fileName());
            return new CompactResult();
        }

        @Override
        public void close() throws IOException {}
    }

    private static DataFileMeta file(
            String name, long bytes, int level, long sequence, int min, int max, Long deletes) {
        return DataFileMeta.create(
                name,
                bytes,
                1,
                key(min),
                key(max),
                SimpleStats.EMPTY_STATS,
                SimpleStats.EMPTY_STATS,
                sequence,
                sequence,
                0,
                level,
                deletes,
                null,
                null,
                null,
                null,
                null);
    }

    private static BinaryRow key(int value) {
        BinaryRow row = new BinaryRow(1);
        BinaryRowWriter writer = new BinaryRowWriter(row);
        writer.writeInt(0, value);
        writer.complete();
        return row;
    }

    /** A maintainer that knows vectors of these files, and no index file. */
    private static BucketedDvMaintainer vectors(Set<String> names) throws Exception {
        Field access = Class.forName("sun.misc.Unsafe").getDeclaredField("theUnsafe");
        access.setAccessible(true);
        Object unsafe = access.get(null);
        Object maintainer =
                unsafe.getClass()
                        .getMethod("allocateInstance", Class.class)
                        .invoke(unsafe, BucketedDvMaintainer.class);
        Map<String, Object> vectors = new HashMap<>();
        for (String name : names) vectors.put(name, new BitmapDeletionVector());
        set(maintainer, "deletionVectors", vectors);
        return (BucketedDvMaintainer) maintainer;
    }

    private static void set(Object object, String name, Object value) throws Exception {
        Field field = object.getClass().getDeclaredField(name);
        field.setAccessible(true);
        field.set(object, value);
    }

    private static Long number(JsonNode node, String name) {
        JsonNode value = node.get(name);
        return value == null || value.isNull() ? null : value.asLong();
    }
}
