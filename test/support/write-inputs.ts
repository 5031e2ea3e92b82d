/** The same rows in each form that a writer takes. */
import { type RecordBatch, Table as ArrowTable } from 'apache-arrow'

import type { WriteData } from '../../src/table/write/input.ts'
import { toRecordBatch } from '../../src/types/arrow-export.ts'
import { arrowSchema } from '../../src/types/arrow-schema.ts'
import { type DataField, MAX_LENGTH } from '../../src/types/data-type.ts'
import { utf8 } from '../../src/types/internal-value.ts'
import { rowReader } from '../../src/types/row-value.ts'
import { batchOf } from './random-columns.ts'
import type { KindedRow } from './table-model.ts'

export const INPUT_FORMS = ['rows', 'stream', 'batch', 'table', 'batches'] as const
export type InputForm = (typeof INPUT_FORMS)[number]

export function writeInput(
  fields: readonly DataField[],
  rows: readonly KindedRow[],
  form: InputForm,
): WriteData<Record<string, unknown>> {
  switch (form) {
    case 'rows':
      return rowObjects(fields, rows)
    case 'stream':
      return oneByOne(rowObjects(fields, rows))
    case 'batch':
      return recordBatch(fields, rows)
    case 'table':
      return new ArrowTable(halves(rows).map((half) => recordBatch(fields, half)))
    case 'batches':
      return oneByOne(halves(rows).map((half) => recordBatch(fields, half)))
  }
}

/** Row objects; an insert may leave its kind out, and a null its member. */
function rowObjects(
  fields: readonly DataField[],
  rows: readonly KindedRow[],
): Record<string, unknown>[] {
  const batch = batchOf(
    fields,
    rows.map(({ row }) => row),
  )
  const read = rowReader(batch, fields)
  return rows.map(({ kind }, i) => {
    const row = read(i)
    if (i % 2 === 0)
      for (const [name, value] of Object.entries(row)) if (value === null) delete row[name]
    return kind === '+I' && i % 3 > 0 ? row : { _kind: kind, ...row }
  })
}

function recordBatch(fields: readonly DataField[], rows: readonly KindedRow[]): RecordBatch {
  const kindField: DataField = {
    id: 1_000_000,
    name: '_kind',
    type: { kind: 'VARCHAR', length: MAX_LENGTH, nullable: false },
  }
  const all = [kindField, ...fields]
  const batch = batchOf(
    all,
    rows.map(({ row, kind }) => [utf8(kind), ...row]),
  )
  return toRecordBatch(batch, all, arrowSchema(all))
}

function halves<T>(values: readonly T[]): (readonly T[])[] {
  const middle = values.length >> 1
  return [values.slice(0, middle), values.slice(middle)]
}

async function* oneByOne<T>(values: readonly T[]): AsyncGenerator<T> {
  for (const value of values) yield await Promise.resolve(value)
}
