import java.math.BigDecimal;
import java.math.MathContext;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.apache.paimon.data.*;
import org.apache.paimon.data.variant.GenericVariant;
import org.apache.paimon.data.variant.Variant;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.paimon.shade.jackson2.com.fasterxml.jackson.databind.node.*;
import org.apache.paimon.types.*;

/**
 * Rows as JSON, both ways, in the encoding of the golden tables: bigint and decimal are texts, binary is hexadecimal, dates
 * and times are ISO text, map and multiset are arrays of [key, value] sorted by the key's JSON, NaN and infinities are
 * texts. The kind of a row is the member "_kind".
 */
final class Rows {
    static final ObjectMapper JSON = new ObjectMapper();

    private Rows() {}

    // ---- to JSON ----

    static ObjectNode toJson(InternalRow row, RowType type, boolean withKind) {
        ObjectNode object = JSON.createObjectNode();
        if (withKind) object.put("_kind", row.getRowKind().shortString());
        for (int i = 0; i < type.getFieldCount(); i++) {
            DataType field = type.getTypeAt(i);
            Object value = InternalRow.createFieldGetter(field, i).getFieldOrNull(row);
            object.set(type.getFieldNames().get(i), toJson(value, field));
        }
        return object;
    }

    static JsonNode toJson(Object value, DataType type) {
        if (value == null) return NullNode.instance;
        switch (type.getTypeRoot()) {
            case BOOLEAN:
                return BooleanNode.valueOf((Boolean) value);
            case TINYINT:
            case SMALLINT:
            case INTEGER:
                return IntNode.valueOf(((Number) value).intValue());
            case BIGINT:
                return TextNode.valueOf(value.toString());
            case FLOAT: {
                float number = (Float) value;
                String text = Float.toString(number);
                if (!Float.isFinite(number) || text.equals("-0.0")) return TextNode.valueOf(text);
                return new DecimalNode(shortest(number));
            }
            case DOUBLE: {
                double number = (Double) value;
                String text = Double.toString(number);
                if (!Double.isFinite(number) || text.equals("-0.0")) return TextNode.valueOf(text);
                return DoubleNode.valueOf(number);
            }
            case DECIMAL:
                return TextNode.valueOf(((Decimal) value).toBigDecimal().toPlainString());
            case CHAR:
            case VARCHAR:
                return TextNode.valueOf(value.toString());
            case BINARY:
            case VARBINARY:
                return TextNode.valueOf(hex((byte[]) value));
            case BLOB:
                return TextNode.valueOf(hex(((Blob) value).toData()));
            case DATE:
                return TextNode.valueOf(LocalDate.ofEpochDay((Integer) value).toString());
            case TIME_WITHOUT_TIME_ZONE: {
                LocalTime time = LocalTime.ofNanoOfDay(((Integer) value) * 1_000_000L);
                return TextNode.valueOf(String.format("%1$tH:%1$tM:%1$tS.%1$tL", time));
            }
            case TIMESTAMP_WITHOUT_TIME_ZONE:
                return TextNode.valueOf(text((Timestamp) value, ((TimestampType) type).getPrecision()));
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                return TextNode.valueOf(text((Timestamp) value, ((LocalZonedTimestampType) type).getPrecision()) + "Z");
            case VARIANT:
                return TextNode.valueOf(((Variant) value).toJson());
            case ARRAY:
                return array((InternalArray) value, ((ArrayType) type).getElementType());
            case VECTOR:
                return array((InternalArray) value, ((VectorType) type).getElementType());
            case MAP:
                return entries((InternalMap) value, ((MapType) type).getKeyType(), ((MapType) type).getValueType());
            case MULTISET:
                return entries((InternalMap) value, ((MultisetType) type).getElementType(), DataTypes.INT());
            case ROW:
                return toJson((InternalRow) value, (RowType) type, false);
            default:
                throw new IllegalStateException(type.toString());
        }
    }

    /** The fewest digits, two at least, that mean the number; Float.toString has more, or others, before Java 19. */
    private static BigDecimal shortest(float number) {
        BigDecimal exact = new BigDecimal(number);
        for (int digits = 2; digits < 9; digits++) {
            BigDecimal rounded = exact.round(new MathContext(digits));
            if (rounded.floatValue() == number) return rounded;
        }
        return exact.round(new MathContext(9));
    }

    private static ArrayNode array(InternalArray values, DataType element) {
        ArrayNode array = JSON.createArrayNode();
        InternalArray.ElementGetter getter = InternalArray.createElementGetter(element);
        for (int i = 0; i < values.size(); i++) array.add(toJson(getter.getElementOrNull(values, i), element));
        return array;
    }

    private static ArrayNode entries(InternalMap map, DataType key, DataType value) {
        ArrayNode keys = array(map.keyArray(), key);
        ArrayNode values = array(map.valueArray(), value);
        List<ArrayNode> entries = new ArrayList<>();
        for (int i = 0; i < keys.size(); i++) entries.add(JSON.createArrayNode().add(keys.get(i)).add(values.get(i)));
        entries.sort(Comparator.comparing(entry -> entry.get(0).toString()));
        return JSON.createArrayNode().addAll(entries);
    }

    private static String text(Timestamp value, int precision) {
        LocalDateTime time = value.toLocalDateTime();
        String seconds = String.format("%1$tFT%1$tT", time);
        return precision == 0 ? seconds : seconds + "." + String.format("%09d", time.getNano()).substring(0, precision);
    }

    static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte each : bytes) text.append(String.format("%02x", each));
        return text.toString();
    }

    // ---- from JSON ----

    static GenericRow fromJson(JsonNode object, RowType type) {
        GenericRow row = new GenericRow(type.getFieldCount());
        if (object.has("_kind")) row.setRowKind(RowKind.fromShortString(object.get("_kind").asText()));
        for (int i = 0; i < type.getFieldCount(); i++)
            row.setField(i, fromJson(object.get(type.getFieldNames().get(i)), type.getTypeAt(i)));
        return row;
    }

    static Object fromJson(JsonNode json, DataType type) {
        if (json == null || json.isNull()) return null;
        switch (type.getTypeRoot()) {
            case BOOLEAN:
                return json.asBoolean();
            case TINYINT:
                return (byte) json.asInt();
            case SMALLINT:
                return (short) json.asInt();
            case INTEGER:
                return json.asInt();
            case BIGINT:
                return Long.parseLong(json.asText());
            case FLOAT:
                return Float.parseFloat(json.asText());
            case DOUBLE:
                return Double.parseDouble(json.asText());
            case DECIMAL: {
                DecimalType decimal = (DecimalType) type;
                return Decimal.fromBigDecimal(new BigDecimal(json.asText()), decimal.getPrecision(), decimal.getScale());
            }
            case CHAR:
            case VARCHAR:
                return BinaryString.fromString(json.asText());
            case BINARY:
            case VARBINARY:
                return bytes(json.asText());
            case BLOB:
                return new BlobData(bytes(json.asText()));
            case DATE:
                return (int) LocalDate.parse(json.asText()).toEpochDay();
            case TIME_WITHOUT_TIME_ZONE:
                return (int) (LocalTime.parse(json.asText()).toNanoOfDay() / 1_000_000);
            case TIMESTAMP_WITHOUT_TIME_ZONE:
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE:
                return Timestamp.fromLocalDateTime(LocalDateTime.parse(json.asText().replace("Z", "")));
            case VARIANT:
                return GenericVariant.fromJson(json.asText());
            case ARRAY:
                return list(json, ((ArrayType) type).getElementType());
            case VECTOR:
                return vector(json, ((VectorType) type).getElementType());
            case MAP:
                return map(json, ((MapType) type).getKeyType(), ((MapType) type).getValueType());
            case MULTISET:
                return map(json, ((MultisetType) type).getElementType(), DataTypes.INT());
            case ROW:
                return fromJson(json, (RowType) type);
            default:
                throw new IllegalStateException(type.toString());
        }
    }

    private static GenericArray list(JsonNode json, DataType element) {
        Object[] values = new Object[json.size()];
        for (int i = 0; i < values.length; i++) values[i] = fromJson(json.get(i), element);
        return new GenericArray(values);
    }

    private static BinaryVector vector(JsonNode json, DataType element) {
        GenericArray values = list(json, element);
        return element.getTypeRoot() == DataTypeRoot.FLOAT
                ? BinaryVector.fromPrimitiveArray(values.toFloatArray())
                : BinaryVector.fromPrimitiveArray(values.toLongArray());
    }

    private static GenericMap map(JsonNode json, DataType key, DataType value) {
        Map<Object, Object> entries = new LinkedHashMap<>();
        for (JsonNode entry : json) entries.put(fromJson(entry.get(0), key), fromJson(entry.get(1), value));
        return new GenericMap(entries);
    }

    private static byte[] bytes(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) bytes[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
        return bytes;
    }
}
