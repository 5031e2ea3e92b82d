/** All tables that Iceberg clients are to read. */
import type { IcebergCase } from './case.ts'
import { EVOLUTION_CASES } from './evolution-cases.ts'
import { FILE_CASES } from './file-cases.ts'
import { CHANGED_CASES, ENGINE_CASES, HISTORY_CASES } from './history-cases.ts'
import { PARTITION_CASES } from './partition-cases.ts'
import { TYPE_CASES } from './type-cases.ts'
import { VECTOR_CASES } from './vector-cases.ts'

export const ICEBERG_CASES: readonly IcebergCase[] = [
  ...TYPE_CASES,
  ...PARTITION_CASES,
  ...ENGINE_CASES,
  ...VECTOR_CASES,
  ...EVOLUTION_CASES,
  ...HISTORY_CASES,
  ...CHANGED_CASES,
  ...FILE_CASES,
]
