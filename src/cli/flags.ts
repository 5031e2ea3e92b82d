/** Every flag of the command line, once: its form, its meaning, and what its text becomes. */
import { EXCHANGE_FORMATS } from '../format/exchange/row-writer.ts'
import type { ChangesFrom } from '../table/stream/start.ts'
import { localTimeMillis } from '../types/local-time.ts'
import { invalid } from '../util/errors.ts'
import { didYouMean } from '../util/nearest.ts'
import { show } from '../util/show.ts'

export interface Flag<Value> {
  readonly summary: string
  /** What stands for the value in help; undefined for a flag that takes none. */
  readonly value?: string
  readonly short?: string
  /** The value of all texts that were given, in order. */
  parse(texts: readonly string[], flag: string): Value
}

const last = (texts: readonly string[]): string => texts.at(-1)!

function text(value: string, summary: string, short?: string): Flag<string> {
  return {
    summary,
    value,
    ...(short !== undefined && { short }),
    parse(texts, flag) {
      if (last(texts) === '') throw invalid(`${flag} is empty`)
      return last(texts)
    },
  }
}

function toggle(summary: string, short?: string): Flag<boolean> {
  return { summary, ...(short !== undefined && { short }), parse: () => true }
}

function choice<const Word extends string>(words: readonly Word[], summary: string): Flag<Word> {
  return {
    summary,
    value: words.join('|'),
    parse(texts, flag) {
      const found = words.find((word) => word === last(texts))
      if (found !== undefined) return found
      throw invalid(`${flag} ${show(last(texts))} is none${didYouMean(last(texts), words)}`, {
        hint: `${flag} takes ${words.join(', ')}`,
      })
    },
  }
}

const count: Flag<number> = {
  summary: 'At most so many rows.',
  value: 'N',
  parse(texts, flag) {
    if (/^\d{1,15}$/.test(last(texts))) return Number(last(texts))
    throw invalid(`${flag} ${show(last(texts))} is no number of rows`, {
      hint: 'give a whole number, 0 or more',
    })
  },
}

const port: Flag<number> = {
  summary: 'The port to listen at, 8181 unless given; 0 takes one that is free.',
  value: 'N',
  parse(texts, flag) {
    if (/^\d{1,5}$/.test(last(texts)) && Number(last(texts)) <= 65_535) return Number(last(texts))
    throw invalid(`${flag} ${show(last(texts))} is no port`, {
      hint: 'give a number from 0 to 65535',
    })
  },
}

/** A whole number, for which the summary says of what. */
function wholeNumber(summary: string): Flag<number> {
  return {
    summary,
    value: 'N',
    parse(texts, flag) {
      if (/^\d{1,15}$/.test(last(texts))) return Number(last(texts))
      throw invalid(`${flag} ${show(last(texts))} is no whole number`)
    },
  }
}

const bucketCount: Flag<number> = {
  summary: 'The number of buckets.',
  value: 'N',
  parse(texts, flag) {
    if (/^[1-9]\d{0,8}$/.test(last(texts))) return Number(last(texts))
    throw invalid(`${flag} ${show(last(texts))} is no number of buckets`, {
      hint: 'give a whole number, 1 or more',
    })
  },
}

const commitIdentifier: Flag<bigint> = {
  summary:
    'Number of the commit: it grows with each commit of the user, and the same one happens once.',
  value: 'N',
  parse(texts, flag) {
    const isLong = /^\d{1,19}$/.test(last(texts)) && BigInt(last(texts)) < 2n ** 63n - 1n
    if (isLong) return BigInt(last(texts))
    throw invalid(`${flag} ${show(last(texts))} is no identifier of a commit`, {
      hint: 'give a whole number from 0 on that grows with each commit',
    })
  },
}

const start: Flag<ChangesFrom> = {
  summary:
    'The snapshot whose changes come first, by its id or a time; or `latest`: only what is to come; or `latest-full`, `compacted-full`: the rows of such a state first. `earliest` unless given.',
  value: 'earliest|latest|N|TIME',
  parse(texts, flag) {
    const word = last(texts)
    const named = STARTS.find((each) => each === word)
    if (named !== undefined) return named
    if (/^[1-9]\d{0,14}$/.test(word)) return Number(word)
    const timestamp = localTimeMillis(word)
    if (timestamp !== undefined) return { timestamp }
    throw invalid(`${flag} ${show(word)} is no start of a stream${didYouMean(word, STARTS)}`, {
      hint: `${flag} takes ${STARTS.join(', ')}, the id of a snapshot, or a time such as 2026-11-21T08:30:00Z`,
    })
  },
}

const STARTS = ['earliest', 'latest', 'latest-full', 'compacted-full'] as const

const time: Flag<Date> = {
  summary: 'The last snapshot up to this time, such as `2026-11-20T08:00:00Z`.',
  value: 'TIME',
  parse(texts, flag) {
    const millis = localTimeMillis(last(texts))
    if (millis !== undefined) return new Date(millis)
    throw invalid(`${flag} ${show(last(texts))} is no time`, {
      hint: `${flag} takes a time such as 2026-11-20T08:00:00Z; one without a zone is local`,
    })
  },
}

const nextSnapshot: Flag<number | 'earliest' | 'latest'> = {
  summary:
    'The snapshot that the consumer reads next: its id, the `earliest`, or what comes after the `latest`.',
  value: 'N|earliest|latest',
  parse(texts, flag) {
    const word = last(texts)
    if (word === 'earliest' || word === 'latest') return word
    if (/^[1-9]\d{0,14}$/.test(word)) return Number(word)
    const words = ['earliest', 'latest']
    throw invalid(`${flag} ${show(word)} is no snapshot${didYouMean(word, words)}`, {
      hint: `${flag} takes the id of a snapshot, earliest, or latest`,
    })
  },
}

const olderThan: Flag<Date> = {
  summary:
    'Only what is older: than a time such as `2026-11-20T08:00:00Z`, or than a while, such as `36 h` or `7 d`.',
  value: 'TIME|WHILE',
  parse(texts, flag) {
    const [, figure, unit = ''] = WHILE.exec(last(texts)) ?? []
    const millis =
      figure === undefined
        ? localTimeMillis(last(texts))
        : Date.now() - Number(figure) * WHILE_MS[unit as keyof typeof WHILE_MS]
    if (millis !== undefined) return new Date(millis)
    throw invalid(`${flag} ${show(last(texts))} is no time and no while`, {
      hint: `${flag} takes a time such as 2026-11-20T08:00:00Z, or a while such as 36 h or 7 d`,
    })
  },
}

const WHILE = /^\s*(\d{1,9})\s*(d|h|min|m|s)\s*$/
const WHILE_MS = { d: 86_400_000, h: 3_600_000, min: 60_000, m: 60_000, s: 1_000 } as const

const columns: Flag<readonly string[]> = {
  summary: 'The columns to read, in this order; all unless given.',
  value: 'A,B,...',
  parse(texts, flag) {
    const names = texts.flatMap((each) => each.split(',').map((name) => name.trim()))
    if (names.includes('')) throw invalid(`${flag} has an empty name`, { hint: 'write a,b,c' })
    return names
  },
}

const options: Flag<Readonly<Record<string, string>>> = {
  summary: 'An option of the catalog or of the table, such as `scan.snapshot-id=2`; repeatable.',
  value: 'KEY=VALUE',
  parse(texts, flag) {
    const found = Object.create(null) as Record<string, string>
    for (const each of texts) {
      const at = each.indexOf('=')
      // What stands behind the name may be secret.
      const name = (at < 0 ? (/^[\w.,-]*/.exec(each)?.[0] ?? '') : each.slice(0, at)).trim()
      if (at < 0 || name === '')
        throw invalid(`${flag} ${show(name)} is not KEY=VALUE`, {
          hint: 'write for example --option scan.snapshot-id=2',
        })
      if (Object.hasOwn(found, name) && found[name] !== each.slice(at + 1))
        throw invalid(`the option ${name} is given twice`)
      found[name] = each.slice(at + 1)
    }
    return found
  },
}

/** By the name of a column the text of its value. */
const assignments: Flag<ReadonlyMap<string, string>> = {
  summary:
    'The new value of a column, as in SQL: `status=done`, `price=9.99`, `note=NULL`; repeatable.',
  value: 'COLUMN=VALUE',
  parse(texts, flag) {
    const found = new Map<string, string>()
    for (const each of texts) {
      const at = each.indexOf('=')
      const name = each.slice(0, Math.max(0, at)).trim()
      if (name === '')
        throw invalid(`${flag} ${show(each)} is not COLUMN=VALUE`, {
          hint: 'write for example --set status=done --set price=9.99 --set "note=\'a text\'"',
        })
      if (found.has(name)) throw invalid(`the column ${show(name)} is set twice`)
      found.set(name, each.slice(at + 1).trim())
    }
    return found
  },
}

const columnNames = (summary: string): Flag<readonly string[]> => ({ ...columns, summary })

export const FLAGS = {
  warehouse: text(
    'DIR|s3://BUCKET/PREFIX',
    'Where the databases lie; unless given, the variable MILLRACE_WAREHOUSE.',
  ),
  catalog: text(
    'FILE',
    "Reads the catalog's options from a file such as pypaimon's `paimon.yaml`.",
  ),
  option: options,
  schema: text('FILE|-', 'The schema of the new table, as JSON.'),
  'if-not-exists': toggle('Leaves a table alone that is there already.'),
  select: columns,
  where: text('TEXT', "A condition as in SQL, such as `amount > 5 AND region IN ('eu', 'us')`."),
  limit: count,
  format: choice(
    ['table', ...EXCHANGE_FORMATS],
    'How rows are printed; unless given, what the ending of the output file says, else `table`.',
  ),
  'input-format': choice(
    EXCHANGE_FORMATS,
    'What the input is; unless given, what the ending of the file says, else `jsonl`.',
  ),
  'change-format': choice(
    ['table', ...EXCHANGE_FORMATS],
    'How rows are printed; unless given, what the ending of the output file says, else `jsonl`.',
  ),
  from: start,
  follow: toggle('Goes on with what is to come, until it is interrupted.'),
  consumer: text(
    'ID',
    'Keeps in the table, under this name, which snapshots are printed, and goes on behind them the next time.',
  ),
  'report-format': choice(['text', 'json'], 'How the result is printed; `text` unless given.'),
  output: text('FILE', 'Writes to a file, which appears whole or not at all.', 'o'),
  html: text('FILE|-', 'Writes a page for browsers, which needs nothing else and works offline.'),
  user: text('NAME', 'Who commits; the same name for each run of a job.'),
  'commit-id': commitIdentifier,
  overwrite: toggle(
    'Replaces the partitions that rows are written to, or the whole of a table without partitions.',
  ),
  partition: text(
    'KEY=VALUE,...',
    'Only this partition, which may leave partition keys out: what `write --overwrite` replaces, `compact` compacts, or `rescale` rescales.',
  ),
  buckets: bucketCount,
  full: toggle('Merges all files of a bucket, and not only those that are due.'),
  'order-by': columnNames('Writes all rows anew in the order of these columns.'),
  strategy: choice(
    ['order', 'zorder'],
    'Whether rows are sorted by the columns one after the other, or by all alike; unless given, `zorder` for several columns.',
  ),
  set: assignments,
  on: columnNames('The columns whose values match; the primary key unless given.'),
  'analyzed-columns': columnNames(
    'The columns that are looked at; all of single values unless given.',
  ),
  'when-matched': choice(
    ['update', 'delete', 'keep'],
    'What becomes of rows of the table that match a row of the input; `update` unless given.',
  ),
  'when-not-matched': choice(
    ['insert', 'skip'],
    'What becomes of rows of the input that match none; `insert` unless given.',
  ),
  watch: toggle('Goes on with what writers commit, until it is interrupted.'),
  'expiration-time': text(
    'DURATION',
    'The age from which partitions go, such as `30 d`; unless given, the option `partition.expiration-time`.',
  ),
  'retain-min': wholeNumber(
    'Keeps so many snapshots whatever their age; unless given, what `snapshot.num-retained.min` says.',
  ),
  'retain-max': wholeNumber(
    'Keeps no more snapshots than so many; unless given, what `snapshot.num-retained.max` says.',
  ),
  'max-deletes': wholeNumber('Deletes at most so many snapshots.'),
  'older-than': olderThan,
  snapshot: wholeNumber('The snapshot of this id.'),
  tag: text('NAME', 'The snapshot that this tag keeps.'),
  time,
  retain: text(
    'WHILE',
    'How long the tag is kept, such as `7 d`; unless given, what `tag.default-time-retained` says, else for good.',
  ),
  next: nextSnapshot,
  port,
  host: text(
    'ADDRESS',
    'The address to listen at; unless given 127.0.0.1, which only this machine reaches.',
  ),
  'token-file': text(
    'FILE',
    'Clients have to send the token that is in the file; unless given, the one in the variable MILLRACE_ICEBERG_TOKEN.',
  ),
  'external-paths': toggle(
    "Cleans locations outside of the table too, which must be this table's alone.",
  ),
  'if-exists': toggle('Does nothing where there is none.'),
  cascade: toggle('Deletes the tables of the database too.'),
  'dry-run': toggle('Tells what would be done, and does nothing.'),
  shallow: toggle('Leaves the rows unread: metadata, footers and counts only.'),
  repair: toggle(
    'Repairs first what is safe to repair: hints, and statistics that cannot be read.',
  ),
  rebuild: toggle('Makes all metadata anew, and takes over ids alone.'),
  'all-snapshots': toggle('Looks at the data files of all snapshots, not of the latest alone.'),
  json: toggle('Prints for programs: rows as JSON lines, results and errors as one line of JSON.'),
  metrics: text(
    'FILE|-',
    'Writes what was measured in the text format of Prometheus: to a file, every ten seconds and at the end; `-` is stderr, at the end.',
  ),
  verbose: toggle('Tells what was read and asked of the storage, and shows stacks of errors.'),
  help: toggle('Shows this help.', 'h'),
  version: toggle('Shows the version.'),
} as const satisfies Readonly<Record<string, Flag<unknown>>>

export type FlagName = keyof typeof FLAGS

/** Flags by another name than the table's: all forms of a format are `--format` on the command line. */
const SHOWN: Partial<Record<FlagName, string>> = {
  'input-format': 'format',
  'change-format': 'format',
  'report-format': 'format',
  'analyzed-columns': 'columns',
}

/** The name that users write. */
export function flagName(name: FlagName): string {
  return SHOWN[name] ?? name
}

/** `--limit N`, `-o, --output FILE` */
export function flagUsage(name: FlagName): string {
  const { short, value } = FLAGS[name] as Flag<unknown>
  const names = `${short === undefined ? '' : `-${short}, `}--${flagName(name)}`
  return value === undefined ? names : `${names} ${value}`
}

export type FlagValues = {
  readonly [Name in FlagName]?: ReturnType<(typeof FLAGS)[Name]['parse']>
}
