/** Arrow data in and out, for the tests of the Arrow files. */
import {
  type Data,
  type DataType,
  Field,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableFromIPC,
  tableToIPC,
  type Vector,
} from 'apache-arrow'

import { fromRecordBatch } from '../../src/types/arrow-import.ts'
import type { Batch } from '../../src/types/column.ts'
import type { DataField } from '../../src/types/data-type.ts'
import { type JsonValue, jsonReader } from '../../src/types/json-value.ts'
import { parseTypeText } from '../../src/types/type-text.ts'

export function fieldsOf(columns: Record<string, string>): DataField[] {
  return Object.entries(columns).map(([name, type], id) => ({
    id,
    name,
    type: parseTypeText(type),
  }))
}

export function rowsOf(batch: Batch, fields: readonly DataField[]): Record<string, JsonValue>[] {
  const read = jsonReader(batch, fields)
  return Array.from({ length: batch.length }, (_, row) => read(row))
}

/** The rows after a trip through Arrow's file format, in a single batch. */
export function throughIpc(recordBatch: RecordBatch): RecordBatch {
  const table = tableFromIPC(tableToIPC(new Table([recordBatch]), 'file'))
  return table.batches[0] ?? new RecordBatch(table.schema)
}

export function batchOfColumn(data: Data, nullable = true, name = 'x'): RecordBatch {
  const schema = new Schema([new Field(name, data.type, nullable)])
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: data.length, children: [data] }),
  )
}

/** The values of the only column `x`, imported as the type. */
export function imported(data: Data, type: string): JsonValue[] {
  const fields = fieldsOf({ x: type })
  return rowsOf(fromRecordBatch(batchOfColumn(data), fields), fields).map((row) => row['x']!)
}

export function dataOf<T extends DataType>(vector: Vector<T>): Data<T> {
  return vector.data[0]!
}
