import org.apache.paimon.utils.RoaringBitmap32;
import org.apache.paimon.utils.RoaringBitmap64;

import org.apache.paimon.shade.org.roaringbitmap.RoaringBitmap;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.zip.CRC32;

/**
 * Writes the bytes that the bitmaps of Java Paimon have, for the tests of src/indexes to compare with:
 * `java RoaringVectors DIR` writes roaring.json. Sets are lists of [from, to, step]; long bytes are only told by their
 * length and CRC32. The same program writes the same file each time.
 */
public class RoaringVectors {
    static final Random random = new Random(20240602);

    public static void main(String[] args) throws Exception {
        List<String> sets = new ArrayList<>();
        for (long[][] spans : named()) sets.add(set(spans));
        for (int i = 0; i < 60; i++) sets.add(set(randomSpans(1 + random.nextInt(5))));
        List<String> unions = new ArrayList<>();
        for (int i = 0; i < 120; i++) unions.add(union(randomSpans(1 + random.nextInt(4)), randomSpans(1 + random.nextInt(4))));
        List<String> ranges = new ArrayList<>();
        for (long[] range : new long[][] {{0, 1}, {5, 7}, {5, 8}, {0, 65536}, {65535, 65537}, {1, 200000}, {4294967290L, 4294967296L}})
            ranges.add("{\"from\":" + range[0] + ",\"to\":" + range[1] + ",\"bytes\":" + bytes(plain(RoaringBitmap.bitmapOfRange(range[0], range[1]))) + "}");
        List<String> longs = new ArrayList<>();
        for (int i = 0; i < 70; i++) longs.add(longUnion());
        String text = "{\"sets\":[\n" + String.join(",\n", sets) + "],\n\"unions\":[\n" + String.join(",\n", unions)
                + "],\n\"ranges\":[\n" + String.join(",\n", ranges) + "],\n\"longs\":[\n" + String.join(",\n", longs) + "]}\n";
        Files.write(Paths.get(args[0]).resolve("roaring.json"), text.getBytes(StandardCharsets.UTF_8));
    }

    static List<long[][]> named() {
        List<long[][]> sets = new ArrayList<>();
        sets.add(new long[][] {});
        sets.add(new long[][] {{0, 1, 1}});
        sets.add(new long[][] {{4294967295L, 4294967296L, 1}});
        sets.add(new long[][] {{0, 8192, 2}});
        sets.add(new long[][] {{0, 8194, 2}});
        sets.add(new long[][] {{0, 65536, 1}});
        sets.add(new long[][] {{0, 65536, 2}});
        sets.add(new long[][] {{0, 65536, 8}, {1, 65536, 8}, {2, 65536, 8}});
        sets.add(new long[][] {{10, 20, 1}, {70000, 70005, 1}, {200000, 200001, 1}});
        sets.add(new long[][] {{0, 400000, 65536}});
        // Runs that take as many bytes as the values, or two more or less.
        for (int n = 1; n < 6; n++) sets.add(new long[][] {{0, n, 1}});
        sets.add(new long[][] {{0, 40, 10}, {1, 41, 10}});
        sets.add(new long[][] {{0, 40, 10}, {1, 41, 10}, {2, 3, 1}});
        sets.add(new long[][] {{0, 40, 10}, {1, 41, 10}, {2, 3, 1}, {12, 13, 1}});
        return sets;
    }

    static long[][] randomSpans(int count) {
        long[][] spans = new long[count][];
        for (int i = 0; i < count; i++) {
            long base = random.nextInt(4) * 65536L + random.nextInt(60000);
            long step = random.nextInt(3) == 0 ? 1 : 1 + random.nextInt(20);
            spans[i] = new long[] {base, base + 1 + (long) Math.pow(random.nextDouble(), 3) * 80000 + random.nextInt(1 << random.nextInt(17)), step};
        }
        return spans;
    }

    static long[] values(long[][] spans) {
        TreeSet<Long> values = new TreeSet<>();
        for (long[] span : spans) for (long v = span[0]; v < span[1]; v += span[2]) values.add(v);
        return values.stream().mapToLong(Long::longValue).toArray();
    }

    static RoaringBitmap bitmap(long[][] spans) {
        RoaringBitmap bitmap = new RoaringBitmap();
        for (long v : values(spans)) bitmap.add((int) v);
        return bitmap;
    }

    static byte[] plain(RoaringBitmap bitmap) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        bitmap.serialize(new DataOutputStream(out));
        return out.toByteArray();
    }

    static String set(long[][] spans) throws Exception {
        RoaringBitmap bitmap = bitmap(spans);
        String line = "{\"spans\":" + Arrays.deepToString(spans) + ",\"plain\":" + bytes(plain(bitmap));
        bitmap.runOptimize();
        return line + ",\"optimized\":" + bytes(plain(bitmap)) + "}";
    }

    /** What the aggregate rbm32 does: both sides as they are stored, one taken into the other. */
    static String union(long[][] a, long[][] b) throws Exception {
        RoaringBitmap32 left = new RoaringBitmap32();
        RoaringBitmap32 right = new RoaringBitmap32();
        boolean[] stored = {random.nextBoolean(), random.nextBoolean()};
        fill(left, a, stored[0]);
        fill(right, b, stored[1]);
        left.or(right);
        return "{\"a\":" + Arrays.deepToString(a) + ",\"b\":" + Arrays.deepToString(b) + ",\"stored\":" + Arrays.toString(stored)
                + ",\"bytes\":" + bytes(left.serialize()) + "}";
    }

    static void fill(RoaringBitmap32 bitmap, long[][] spans, boolean stored) throws Exception {
        if (stored) {
            RoaringBitmap optimized = bitmap(spans);
            optimized.runOptimize();
            bitmap.deserialize(java.nio.ByteBuffer.wrap(plain(optimized)));
        } else for (long v : values(spans)) bitmap.add((int) v);
    }

    /** The same of rbm64: values in the order in which they are added, as keys (the upper 48 bits) and spans of the lower 16. */
    static String longUnion() throws Exception {
        int width = random.nextInt(4);
        List<String> texts = new ArrayList<>();
        RoaringBitmap64 union = new RoaringBitmap64();
        List<String> each = new ArrayList<>();
        int count = 1 + random.nextInt(3);
        for (int i = 0; i < count; i++) {
            RoaringBitmap64 bitmap = new RoaringBitmap64();
            List<String> parts = new ArrayList<>();
            int keys = new int[] {0, 1, 2, 3, 5, 17, 20, 49, 60, 300}[random.nextInt(10)];
            for (int k = 0; k < keys; k++) {
                long key = key(width);
                long from = random.nextInt(65536);
                long step = random.nextInt(3) == 0 ? 1 : 1 + random.nextInt(9);
                int length = keys > 10 ? 1 + random.nextInt(3) : 1 << random.nextInt(17);
                long to = Math.min(65536, from + length);
                parts.add("[\"" + key + "\"," + from + "," + to + "," + step + "]");
                for (long v = from; v < to; v += step) bitmap.add((key << 16) | v);
            }
            byte[] stored = bitmap.serialize();
            each.add(bytes(stored));
            RoaringBitmap64 read = new RoaringBitmap64();
            read.deserialize(stored);
            union.or(read);
            texts.add("[" + String.join(",", parts) + "]");
        }
        return "{\"parts\":[" + String.join(",", texts) + "],\"each\":[" + String.join(",", each) + "],\"union\":" + bytes(union.serialize()) + "}";
    }

    static long key(int width) {
        switch (width) {
            case 0: return random.nextInt(3);
            case 1: return random.nextInt(400);
            case 2: return random.nextInt(60) * 0x1000003L & 0xffffffffffffL;
            default: return ((random.nextInt(5) * 251L) << 40 | (random.nextInt(3) * 3L) << 24 | random.nextInt(70) * 3L) & 0xffffffffffffL;
        }
    }

    static String bytes(byte[] bytes) {
        if (bytes.length <= 400) return "\"" + Base64.getEncoder().encodeToString(bytes) + "\"";
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return "[" + bytes.length + "," + crc.getValue() + "]";
    }
}
