import org.apache.paimon.CoreOptions;
import org.apache.paimon.mergetree.compact.aggregate.FieldAggregator;
import org.apache.paimon.mergetree.compact.aggregate.factory.FieldAggregatorFactory;
import org.apache.paimon.options.Options;
import org.apache.paimon.types.DataTypes;
import org.apache.paimon.utils.RoaringBitmap32;
import org.apache.paimon.utils.RoaringBitmap64;

import org.apache.paimon.shade.org.apache.datasketches.common.Family;
import org.apache.paimon.shade.org.apache.datasketches.hll.HllSketch;
import org.apache.paimon.shade.org.apache.datasketches.hll.TgtHllType;
import org.apache.paimon.shade.org.apache.datasketches.memory.WritableMemory;
import org.apache.paimon.shade.org.apache.datasketches.theta.*;
import org.apache.paimon.shade.org.roaringbitmap.RoaringBitmap;

import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;

/**
 * Merges sketches and bitmaps with the aggregate functions of Java Paimon, for the tests of src/lsm/merge to compare with:
 * `java SketchVectors DIR` writes sketches.json with small ones, the same each time; `java SketchVectors - SEED COUNT` prints
 * COUNT cases of any size for each function.
 *
 * A case is a line {"name", "a", "b", "union"}, bytes in base 64.
 */
public class SketchVectors {
    static Random random;
    /** Bounds what a case may hold. */
    static int membersMax;
    static int lgMax;
    static final Method addCoupon;

    static {
        try {
            addCoupon = HllSketch.class.getDeclaredMethod("couponUpdate", int.class);
            addCoupon.setAccessible(true);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    public static void main(String[] args) throws Exception {
        boolean isFixture = args.length == 1;
        random = new Random(isFixture ? 20260802 : Long.parseLong(args[1]));
        membersMax = isFixture ? 300 : 200_000;
        lgMax = isFixture ? 9 : 14;
        int count = isFixture ? 45 : Integer.parseInt(args[2]);
        List<String> lines = new ArrayList<>();
        for (String name : new String[] {"theta_sketch", "hll_sketch", "rbm32", "rbm64"})
            for (int i = 0; i < count; i++) lines.add(line(name));
        if (isFixture) {
            String text = "[" + String.join(",\n", lines) + "]\n";
            Files.write(Paths.get(args[0]).resolve("sketches.json"), text.getBytes(StandardCharsets.UTF_8));
        } else {
            PrintStream out = new PrintStream(System.out, false, "UTF-8");
            for (String line : lines) out.println(line);
            out.flush();
        }
    }

    static String line(String name) throws Exception {
        FieldAggregator aggregator = FieldAggregatorFactory.create(DataTypes.BYTES(), "v", name, new CoreOptions(new Options()));
        byte[] a = value(name), b = random.nextInt(8) == 0 ? a : value(name);
        byte[] union = (byte[]) aggregator.agg(a, b);
        // What was merged is merged again.
        if (random.nextInt(3) == 0) {
            a = union;
            b = value(name);
            union = (byte[]) aggregator.agg(a, b);
        }
        return "{\"name\":\"" + name + "\",\"a\":" + text(a) + ",\"b\":" + text(b) + ",\"union\":" + text(union) + "}";
    }

    static String text(byte[] bytes) { return "\"" + Base64.getEncoder().encodeToString(bytes) + "\""; }

    static byte[] value(String name) throws Exception {
        switch (name) {
            case "theta_sketch": return theta();
            case "hll_sketch": return hll();
            case "rbm32": return bitmap32();
            default: return bitmap64();
        }
    }

    /** Many small numbers, some great ones. */
    static int members() {
        int limit = new int[] {2, 8, 10, 40, 300, 3000, 20_000, 200_000}[random.nextInt(8)];
        return random.nextInt(Math.min(limit, membersMax) + 1);
    }

    // ---- theta sketches ----

    static UpdateSketch updateSketch() {
        int lgNominal = 4 + random.nextInt(lgMax - 3);
        boolean isAlpha = random.nextInt(6) == 0;
        UpdateSketchBuilder builder = UpdateSketch.builder().setFamily(isAlpha ? Family.ALPHA : Family.QUICKSELECT)
                .setNominalEntries(1 << (isAlpha ? Math.max(9, lgNominal) : random.nextInt(3) == 0 && lgMax > 12 ? 12 : lgNominal));
        if (random.nextInt(8) == 0) builder.setP(0.5f);
        UpdateSketch sketch = builder.build();
        int from = random.nextInt(1000);
        for (int i = members(); i > 0; i--) sketch.update(from + i);
        return sketch;
    }

    static byte[] theta() {
        UpdateSketch sketch = updateSketch();
        switch (random.nextInt(9)) {
            case 0: return sketch.toByteArray();
            case 1: return sketch.compact(false, null).toByteArray();
            case 2: return sketch.compact(true, null).toByteArrayCompressed();
            case 3: return older(sketch.compact(true, null).toByteArray());
            case 4: return Sketches.setOperationBuilder().buildIntersection().intersect(sketch, updateSketch()).toByteArray();
            case 5: return Sketches.setOperationBuilder().buildANotB().aNotB(sketch, updateSketch()).toByteArray();
            default: return sketch.compact(true, null).toByteArray();
        }
    }

    /** As versions 1 and 2 stored it. */
    static byte[] older(byte[] bytes) {
        int words = bytes[0];
        if (words > 1) bytes[1] = (byte) (words == 3 && random.nextBoolean() ? 1 : 2);
        return bytes;
    }

    // ---- HLL sketches ----

    static HllSketch hllSketch(int lgK, TgtHllType type) throws Exception {
        HllSketch sketch = new HllSketch(lgK, type);
        int from = random.nextInt(1000);
        for (int i = members(); i > 0; i--) sketch.update(from + i);
        // Values as great as these hardly ever come of themselves.
        if (random.nextInt(4) == 0)
            for (int i = random.nextInt(30); i > 0; i--)
                addCoupon.invoke(sketch, (1 + random.nextInt(60)) << 26 | random.nextInt(1 << 26));
        return sketch;
    }

    static byte[] hll() throws Exception {
        int lgK = random.nextInt(3) == 0 ? Math.min(12, lgMax) : 4 + random.nextInt(lgMax - 3);
        if (lgMax > 9 && random.nextInt(40) == 0) lgK = 15 + random.nextInt(7);
        TgtHllType type = TgtHllType.values()[random.nextInt(3)];
        HllSketch sketch = hllSketch(lgK, type);
        switch (random.nextInt(8)) {
            case 0: return sketch.toUpdatableByteArray();
            case 1: {
                org.apache.paimon.shade.org.apache.datasketches.hll.Union union = new org.apache.paimon.shade.org.apache.datasketches.hll.Union(lgK);
                union.update(sketch);
                union.update(hllSketch(4 + random.nextInt(lgMax - 3), type));
                return random.nextBoolean() ? union.toCompactByteArray() : union.getResult(type).toUpdatableByteArray();
            }
            case 2: {
                // A union as its memory is while it is being filled.
                byte[] bytes = new byte[org.apache.paimon.shade.org.apache.datasketches.hll.Union.getMaxSerializationBytes(lgK)];
                org.apache.paimon.shade.org.apache.datasketches.hll.Union union =
                        new org.apache.paimon.shade.org.apache.datasketches.hll.Union(lgK, WritableMemory.writableWrap(bytes));
                union.update(sketch);
                union.update(hllSketch(lgK, type));
                return bytes;
            }
            default: return sketch.toCompactByteArray();
        }
    }

    // ---- bitmaps ----

    static byte[] bitmap32() throws Exception {
        int form = random.nextInt(3);
        RoaringBitmap plain = new RoaringBitmap();
        RoaringBitmap32 own = new RoaringBitmap32();
        int base = random.nextBoolean() ? 0 : random.nextInt(), step = 1 + random.nextInt(3);
        for (int i = members(); i > 0; i--) {
            int value = random.nextInt(4) == 0 ? random.nextInt(1 << (5 + random.nextInt(20))) : base + i * step;
            plain.add(value);
            own.add(value);
        }
        if (form == 0) return own.serialize();
        if (form == 1) plain.runOptimize();
        ByteBuffer buffer = ByteBuffer.allocate(plain.serializedSizeInBytes());
        plain.serialize(buffer);
        return buffer.array();
    }

    static byte[] bitmap64() throws Exception {
        RoaringBitmap64 bitmap = new RoaringBitmap64();
        long base = random.nextBoolean() ? 0 : random.nextLong(), step = 1 + random.nextInt(3);
        for (int i = members(); i > 0; i--) bitmap.add(random.nextInt(4) == 0 ? random.nextLong() >> random.nextInt(60) : base + i * step);
        return bitmap.serialize();
    }
}
