import org.apache.paimon.data.*;
import org.apache.paimon.format.*;
import org.apache.paimon.fs.*;
import org.apache.paimon.fs.local.LocalFileIO;
import org.apache.paimon.options.Options;
import org.apache.paimon.reader.RecordReader;
import org.apache.paimon.types.*;

import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.*;

/**
 * Avro files of Java Paimon for the tests of src/format/avro, with the values of Vectors.java: `java AvroVectors DIR`
 * writes avro-files.json, the same but for the sync markers each time; `java AvroVectors check DIR FILES` reads the
 * files FILES/0.avro and so on, which hold the rows of its cases in the same order, and compares.
 */
public class AvroVectors {
    static final String[][] CASES = {
        {"BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DATE", "TIME(3)", "TIME(0)"},
        {"CHAR(5)", "VARCHAR(20)", "STRING NOT NULL", "BINARY(4)", "VARBINARY(12)", "BYTES NOT NULL"},
        {"DECIMAL(1, 0)", "DECIMAL(9, 2) NOT NULL", "DECIMAL(18, 4)", "DECIMAL(20, 5)", "DECIMAL(38, 10)", "DECIMAL(38, 38)"},
        {"TIMESTAMP(0)", "TIMESTAMP(3) NOT NULL", "TIMESTAMP(4)", "TIMESTAMP(6)", "TIMESTAMP(3) WITH LOCAL TIME ZONE", "TIMESTAMP(6) WITH LOCAL TIME ZONE"},
        {Vectors.array("BOOLEAN"), Vectors.array("INT NOT NULL"), Vectors.array("STRING"), Vectors.array("DECIMAL(38, 10)"), Vectors.array("TIMESTAMP(6)")},
        {Vectors.array(Vectors.array("STRING")), Vectors.array(Vectors.row("INT", "STRING NOT NULL", "DECIMAL(30, 3)")), Vectors.array(Vectors.map("STRING NOT NULL", "INT"))},
        {Vectors.map("STRING NOT NULL", "BIGINT"), Vectors.map("STRING", "STRING"), Vectors.map("STRING NOT NULL", Vectors.row("BOOLEAN", "STRING"))},
        {Vectors.map("INT NOT NULL", Vectors.array("TINYINT")), Vectors.map("TIMESTAMP(6)", Vectors.row("BOOLEAN", "STRING")), Vectors.map("DECIMAL(20, 2) NOT NULL", "STRING NOT NULL")},
        {"{\"type\":\"MULTISET\",\"element\":\"STRING NOT NULL\"}", Vectors.vector("FLOAT", 3), Vectors.vector("BIGINT", 2)},
        {Vectors.row("STRING", Vectors.row("TIMESTAMP(6)", Vectors.array("DOUBLE")), "DECIMAL(22, 1)"), Vectors.row(Vectors.row(Vectors.row("STRING")))},
        {Vectors.row("INT"), "INT NOT NULL", Vectors.array(Vectors.row("INT")), Vectors.map(Vectors.row("INT", "STRING"), Vectors.row("INT", "STRING"))},
    };

    static final String[] REFUSED = {"TIME(6)", "TIMESTAMP(7)", "TIMESTAMP(9) WITH LOCAL TIME ZONE", "VARIANT", "{\"type\":\"MULTISET\",\"element\":\"INT NOT NULL\"}"};
    static final String[] NAMES = {"a", "_a", "a1", "1a", "a-b", "a b", "é", "日本", "a.b", "a$", "x\ud801\udc00", "é1", "²", "٣", "a٣", "ǅ", "ª", "a\u0301"};

    public static void main(String[] args) throws Exception {
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
        if (args[0].equals("check")) check(args[1], args[2]);
        else Files.write(Paths.get(args[0], "avro-files.json"), files().getBytes(StandardCharsets.UTF_8));
    }

    static RowType rowType(String[] types) throws Exception {
        List<DataField> fields = new ArrayList<>();
        for (int i = 0; i < types.length; i++) fields.add(new DataField(i, "f" + i, Vectors.type(types[i])));
        return new RowType(false, fields);
    }

    /** A file whose rows are a union of null and the record, which Java makes of a nullable row type. */
    static byte[] union() throws Exception {
        RowType type = new RowType(true, Collections.singletonList(new DataField(0, "a", DataTypes.INT())));
        return write(type, Arrays.asList(GenericRow.of(1), GenericRow.of((Object) null), GenericRow.of(-70000)), "null");
    }

    /** {"files": [{"types", "codec", "file", "rows"}], "union", "types": {type: accepted}, "names": {name: accepted}} */
    static String files() throws Exception {
        List<String> out = new ArrayList<>();
        for (int c = 0; c < CASES.length; c++) {
            RowType type = rowType(CASES[c]);
            List<GenericRow> rows = new ArrayList<>();
            List<String> texts = new ArrayList<>(), types = new ArrayList<>();
            for (String text : CASES[c]) types.add(Vectors.quoted(text));
            for (int r = 0; r < (c < 4 ? 24 : 9); r++) {
                GenericRow row = new GenericRow(type.getFieldCount());
                List<String> values = new ArrayList<>();
                for (int i = 0; i < type.getFieldCount(); i++) {
                    Object value = Vectors.value(type.getTypeAt(i), c < 4 ? r : r < 3 ? r : 5 + Vectors.random.nextInt(1000), false);
                    row.setField(i, value);
                    values.add(Vectors.json(type.getTypeAt(i), value));
                }
                rows.add(row);
                texts.add("[" + String.join(",", values) + "]");
            }
            String codec = new String[] {"zstd", "snappy", "deflate", "null"}[c % 4];
            out.add("{\"types\":[" + String.join(",", types) + "],\"codec\":\"" + codec + "\",\"file\":\"" + Base64.getEncoder().encodeToString(write(type, rows, codec)) + "\",\"rows\":[\n" + String.join(",\n", texts) + "]}");
        }
        List<String> types = new ArrayList<>(), names = new ArrayList<>();
        for (String text : REFUSED) types.add(Vectors.text(text) + ":" + accepts(rowType(new String[] {text})));
        for (String name : NAMES) names.add(Vectors.text(name) + ":" + accepts(new RowType(false, Collections.singletonList(new DataField(0, name, DataTypes.INT())))));
        return "{\"files\":[\n" + String.join(",\n", out) + "],\n\"union\":\"" + Base64.getEncoder().encodeToString(union()) + "\",\n\"types\":{" + String.join(",", types) + "},\n\"names\":{" + String.join(",", names) + "}}\n";
    }

    static boolean accepts(RowType type) {
        try {
            GenericRow row = new GenericRow(1);
            row.setField(0, Vectors.value(type.getTypeAt(0), 9, true));
            byte[] file = write(type, Collections.singletonList(row), "null");
            return read(type, file).size() == 1;
        } catch (Throwable e) {
            return false;
        }
    }

    static byte[] write(RowType type, List<? extends InternalRow> rows, String codec) throws Exception {
        java.nio.file.Path file = Files.createTempFile("vectors", ".avro");
        FileFormat format = FileFormat.fromIdentifier("avro", new Options());
        try (PositionOutputStream out = LocalFileIO.create().newOutputStream(new Path(file.toUri()), true)) {
            FormatWriter writer = format.createWriterFactory(type).create(out, codec);
            for (InternalRow row : rows) writer.addElement(row);
            writer.close();
        }
        byte[] bytes = Files.readAllBytes(file);
        Files.delete(file);
        return bytes;
    }

    static List<String> read(RowType type, byte[] bytes) throws Exception {
        java.nio.file.Path file = Files.createTempFile("vectors", ".avro");
        Files.write(file, bytes);
        List<String> rows = new ArrayList<>();
        FileFormat format = FileFormat.fromIdentifier("avro", new Options());
        FormatReaderContext context = new FormatReaderContext(LocalFileIO.create(), new Path(file.toUri()), bytes.length);
        try (RecordReader<InternalRow> reader = format.createReaderFactory(type, type, new ArrayList<>()).createReader(context)) {
            RecordReader.RecordIterator<InternalRow> batch;
            while ((batch = reader.readBatch()) != null) {
                InternalRow row;
                while ((row = batch.next()) != null) rows.add(Vectors.json(type, row));
                batch.releaseBatch();
            }
        }
        Files.delete(file);
        return rows;
    }

    static void check(String dir, String files) throws Exception {
        JsonNode cases = Vectors.mapper.readTree(Paths.get(dir, "avro-files.json").toFile()).get("files");
        int rows = 0;
        for (int c = 0; c < cases.size(); c++) {
            RowType type = rowType(CASES[c]);
            byte[] java = Base64.getDecoder().decode(cases.get(c).get("file").asText());
            List<String> expected = read(type, java), found = read(type, Files.readAllBytes(Paths.get(files, c + ".avro")));
            if (!expected.equals(found)) throw new IllegalStateException("case " + c + "\n" + expected + "\n" + found);
            rows += found.size();
        }
        System.out.println("Java reads " + rows + " rows of " + cases.size() + " files as its own");
    }
}
