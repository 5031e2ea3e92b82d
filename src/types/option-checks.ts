/**
 * Whether options may be set, and whether a table whose options another engine set can be read and written here.
 *
 * Setting is strict: what nothing here implements is refused, never ignored. Opening a table never fails because of its
 * options; reading it fails only for an option that changes which rows are read, writing it only for one that changes
 * what has to be written.
 */
import { invalid, unsupported, type LakeError } from '../util/errors.ts'
import { didYouMean, nearest } from '../util/nearest.ts'
import {
  CATALOG_OPTIONS,
  decoded,
  givenText,
  type KnownOption,
  knownCatalogOption,
  knownTableOption,
  type RawOptions,
  TABLE_OPTIONS,
} from './options.ts'
import { encodeOption } from './options/codec.ts'
import type { OptionSpec } from './options/spec.ts'

/**
 * Refuses options that must not be set on a table with these columns: an unknown name (INVALID, with the nearest right
 * one), a value that is none of the option's type, a column that is not there, and an option or value that is not
 * implemented (UNSUPPORTED), save at its default.
 */
export function checkSettable(raw: RawOptions, columns: readonly string[]): void {
  for (const [name, given] of Object.entries(raw)) {
    const known = knownTableOption(name)
    if (known === undefined) throw unknownOption(name, TABLE_OPTIONS, columns)
    for (const column of known.columns)
      if (!columns.includes(column))
        throw invalid(
          `option ${name}: there is no column "${column}"${didYouMean(column, columns)}`,
        )
    checkImplemented(known, given)
  }
}

/** {@link checkSettable} for the options of a catalog. */
export function checkCatalogOptions(raw: RawOptions): void {
  for (const [name, given] of Object.entries(raw)) {
    const known = knownCatalogOption(name)
    if (known === undefined) throw unknownOption(name, CATALOG_OPTIONS, [])
    checkImplemented(known, given)
  }
}

/**
 * Throws UNSUPPORTED when a stored option, which only another engine can have set, changes what a read returns or what
 * a write must store, and is not implemented. Options that are unknown here are left alone, as Java does.
 */
export function checkUsable(
  raw: RawOptions,
  use: 'read' | 'write',
  table: { readonly hasPrimaryKey: boolean },
): void {
  for (const [name, given] of Object.entries(raw)) {
    const known = knownTableOption(name)
    if (known === undefined) continue
    const { affects, keyedOnly } = known.spec
    if (affects !== use && affects !== 'both') continue
    if (keyedOnly && !table.hasPrimaryKey) continue
    checkImplemented(known, given, use)
  }
}

/**
 * Throws when an option must not be set or removed once the table has a snapshot, though it be to what it is; `to` undefined
 * removes it. Follows `SchemaManager.checkAlterTableOption`. Beyond Java, what must not be set to its default must not be
 * removed either.
 */
export function checkOptionChange(raw: RawOptions, name: string, to: string | undefined): void {
  const known = knownTableOption(name)
  if (known === undefined) return
  const { spec } = known
  const from = givenText(raw, known.name, spec) ?? spec.default
  const next = to ?? spec.default
  if (spec.immutable) throw frozen(known.name, 'cannot change once the table has a snapshot')
  if (known.name === 'bucket') checkBucketChange(from, to)
  const switchedOff = isTrue(from) && !isTrue(next)
  if (switchedOff && (known.name === 'ignore-delete' || known.name === 'ignore-update-before'))
    throw frozen(known.name, 'cannot be switched off again')
  if (
    known.name === 'deletion-vectors.enabled' &&
    isTrue(from) !== isTrue(next) &&
    !isTrue(raw['deletion-vectors.modifiable'])
  )
    throw frozen(known.name, 'cannot change once the table has a snapshot')
  if (known.name === 'clustering.columns' && Object.hasOwn(raw, 'pk-clustering-override'))
    throw frozen(known.name, 'cannot change in a table with pk-clustering-override')
}

/** The rules of the Java class `SchemaManager`: a dynamic or missing bucket stays so, and the option is never removed. */
function checkBucketChange(from: string | null, to: string | undefined): void {
  if (to === undefined) throw frozen('bucket', 'cannot be removed')
  if (from === '-1' || to === '-1') throw frozen('bucket', 'cannot change from or to -1')
}

function frozen(name: string, problem: string): LakeError {
  return invalid(`option ${name} ${problem}`, {
    hint: 'create another table with it, and copy the rows',
  })
}

function isTrue(given: string | null | undefined): boolean {
  return given?.toLowerCase() === 'true'
}

function checkImplemented(known: KnownOption, given: string, use?: 'read' | 'write'): void {
  const { name, spec } = known
  const value = decoded(name, spec, given)
  const served = use === 'read' ? spec.readable : spec.implemented
  if (served === true) return
  if (spec.default !== null && sameText(spec, value, decoded(name, spec, spec.default))) return
  if (served !== false && served.includes(given.trim().toLowerCase())) return
  throw notImplemented(name, spec, given, use)
}

function sameText({ codec }: OptionSpec, a: unknown, b: unknown): boolean {
  return encodeOption(codec, a) === encodeOption(codec, b)
}

function notImplemented(
  name: string,
  spec: OptionSpec,
  given: string,
  use: 'read' | 'write' | undefined,
): LakeError {
  const purpose =
    use === undefined ? '' : use === 'read' ? ' for reading this table' : ' for writing this table'
  return unsupported(`option ${name} = "${given.slice(0, 100)}" is not supported yet${purpose}`, {
    hint: use === undefined ? settableHint(spec) : foreignHint(name, spec, use),
  })
}

/** For who sets the option. */
function settableHint({ implemented, default: standard }: OptionSpec): string {
  const values = Array.isArray(implemented) ? implemented : [standard ?? '']
  const supported = values.filter((value) => value !== '')
  return supported.length > 0 ? `supported here: ${supported.join(', ')}` : 'leave the option out'
}

/** For who has a table on which another engine set the option: it cannot be left out there. */
function foreignHint(name: string, spec: OptionSpec, use: 'read' | 'write'): string {
  const served = use === 'read' ? spec.readable : spec.implemented
  const tables = Array.isArray(served)
    ? `with ${name} = ${served.join(' or ')}`
    : `that leave ${name} at its default`
  return `this library ${use}s only tables ${tables}: ${use} this one with Flink, Spark or Java Paimon`
}

function unknownOption(
  name: string,
  specs: Readonly<Record<string, unknown>>,
  columns: readonly string[],
): LakeError {
  const fields = columns.flatMap((column) => [
    `fields.${column}.aggregate-function`,
    `fields.${column}.sequence-group`,
    `fields.${column}.stats-mode`,
  ])
  const near = nearest(name, [...Object.keys(specs), ...fields])
  const shown = name.slice(0, 100)
  return invalid(
    `option ${shown} is unknown${near === undefined ? '' : ` (did you mean "${near}"?)`}`,
    {
      hint: 'docs/options.md lists the options',
    },
  )
}
