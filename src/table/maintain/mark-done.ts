/**
 * Marks partitions as done: those who wait for all rows of a day look for the file `_SUCCESS` in its directory.
 *
 * Follows `PartitionMarkDoneAction` and `SuccessFile`. Of the actions of `partition.mark-done-action` this is the one that
 * needs no metastore.
 */
import * as z from 'zod'

import { joinPath } from '../../io/path.ts'
import { readIfThere } from '../../snapshot/metadata-files.ts'
import type { TableStore } from '../../snapshot/table-store.ts'
import { tableOptions } from '../../types/options.ts'
import { partitionPath, partitionValues } from '../../types/partition.ts'
import type { TableSchema } from '../../types/schema-file.ts'
import { partitionFields, partitionNaming } from '../../types/schema-keys.ts'
import { type Clock, systemClock, throwIfAborted } from '../../util/async.ts'
import { corrupt, invalid, unsupported } from '../../util/errors.ts'
import { parseJson, printJson } from '../../util/json.ts'
import { didYouMean } from '../../util/nearest.ts'
import { show } from '../../util/show.ts'
import type { PartitionMatch } from '../write/overwrite.ts'

export interface MarkDoneOptions {
  readonly signal?: AbortSignal | undefined
  readonly clock?: Clock | undefined
}

/** A partition that is done. Times are in milliseconds since 1970. */
export interface DonePartition {
  /** Its directory in the table, `dt=2026-11-21/region=eu`. */
  readonly path: string
  /** When it was marked first, and when last. */
  readonly creationTime: number
  readonly modificationTime: number
}

const SUCCESS_FILE = '_SUCCESS'

/**
 * Marks the partitions, whether rows are in them or not. Of several partition keys the last ones may be left out: the directory
 * above is marked then. INVALID for names and values that are none; UNSUPPORTED where the table asks for another action.
 */
export async function markPartitionsDone(
  store: TableStore,
  schema: TableSchema,
  partitions: readonly PartitionMatch[],
  { signal, clock = systemClock }: MarkDoneOptions = {},
): Promise<DonePartition[]> {
  if (partitions.length === 0) throw invalid('no partition is told that is done')
  requireSuccessFile(schema)
  const paths = partitions.map((partition) => directoryOf(schema, partition))
  const done: DonePartition[] = []
  for (const path of new Set(paths)) {
    throwIfAborted(signal)
    done.push(await mark(store, path, clock.now(), signal))
  }
  return done
}

const OTHER_ACTIONS: Readonly<Record<string, string>> = {
  'done-partition': 'a metastore that keeps partitions',
  'mark-event': 'a metastore that keeps partitions',
  'http-report': 'Flink or Spark, which make the call',
  custom: 'Flink or Spark, which load its class',
}

function requireSuccessFile(schema: TableSchema): void {
  const name = 'partition.mark-done-action'
  const actions = tableOptions(schema.options).get(name).split(',')
  for (const action of actions) {
    const word = action.trim().toLowerCase().replaceAll('_', '-')
    if (word === 'success-file') continue
    const needed = Object.hasOwn(OTHER_ACTIONS, word) ? OTHER_ACTIONS[word] : undefined
    if (needed === undefined)
      throw invalid(
        `${name} = ${show(action)} is none${didYouMean(word, ['success-file', ...Object.keys(OTHER_ACTIONS)])}`,
        { hint: `set ${name} = success-file` },
      )
    throw unsupported(`${name} = ${word} needs ${needed}`, {
      hint: `for this call alone, give the option ${name}=success-file`,
    })
  }
}

function directoryOf(schema: TableSchema, partition: PartitionMatch): string {
  const fields = partitionFields(schema)
  const naming = partitionNaming(schema)
  const texts = Object.entries(partition).map(
    ([name, value]) => [name, value === null ? naming.defaultName : String(value)] as const,
  )
  const values = partitionValues(fields, new Map(texts), naming)
  const first = values.indexOf(undefined)
  const given = first < 0 ? values : values.slice(0, first)
  if (given.length === 0 || values.slice(given.length).some((value) => value !== undefined))
    throw invalid(
      `a partition that is done has to tell ${fields[given.length]?.name ?? 'its values'}`,
      { hint: `the partition keys are ${fields.map(({ name }) => name).join(', ')}` },
    )
  const told = given.map((value) => value ?? null)
  return partitionPath(fields.slice(0, given.length), told, naming)
}

async function mark(
  { io, location }: TableStore,
  path: string,
  modificationTime: number,
  signal: AbortSignal | undefined,
): Promise<DonePartition> {
  const directory = path
    .split('/')
    .reduce((parent, level) => joinPath(parent, level), location.root)
  const file = joinPath(directory, SUCCESS_FILE)
  const before = await readIfThere(io, file, { signal })
  const creationTime = before === null ? modificationTime : creationTimeOf(before, file)
  const text = printJson({ creationTime, modificationTime })
  await io.write(file, new TextEncoder().encode(text), { signal })
  return { path, creationTime, modificationTime }
}

const SUCCESS_JSON = z.object({ creationTime: z.int(), modificationTime: z.int() })

function creationTimeOf(bytes: Uint8Array, path: string): number {
  const parsed = SUCCESS_JSON.safeParse(parseJson(new TextDecoder().decode(bytes), path))
  if (parsed.success) return parsed.data.creationTime
  throw corrupt(`is no success file: ${z.prettifyError(parsed.error)}`, {
    path,
    hint: 'delete the file, and mark the partition again',
  })
}
