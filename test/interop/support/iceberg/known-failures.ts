/** What clients cannot do, whoever wrote the table: each with its proof, which is the client's own message. */
import type { ClientAnswer, IcebergClient } from '../iceberg-clients.ts'

export interface KnownFailure {
  readonly client: IcebergClient
  /** Of checks. */
  readonly labels: RegExp
  /** Within what the client says. */
  readonly says: string
  /** For the page of clients, as a sentence. */
  readonly why: string
}

export const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    client: 'chdb',
    labels: /^(dv3_|evolve_key_v3|emptied_and_on_v3|hadoop_catalog_dv_v3|version_raised)/,
    says: 'Position deletes are supported only for parquet format',
    why: 'It has no deletion vectors of version 3. Use version 2, whose deletes it reads.',
  },
  {
    client: 'chdb',
    labels: /^evolve_remade$/,
    says: "Cannot convert string '' to type Int32",
    why: 'Where a column was dropped and one of its name but another type was added, it filters older files by the name.',
  },
  ...(['pyiceberg', 'polars'] as const).map((client) => ({
    client,
    labels: /^avro$/,
    says: 'Unsupported file format: FileFormat.AVRO',
    why: 'It reads no data files of Avro.',
  })),
  {
    client: 'duckdb',
    labels: /^avro$/,
    says: "File format 'avro' not supported, only supports 'parquet' currently",
    why: 'It reads no data files of Avro.',
  },
]

/** Answers that fail otherwise than is known, as texts. */
export function unknownFailures(answers: readonly ClientAnswer[]): string[] {
  return answers
    .filter((answer) => answer.failure !== null && knownFailure(answer) === undefined)
    .map(({ client, label, failure }) => `${client} ${label}: ${failure}`)
}

export function knownFailure({ client, label, failure }: ClientAnswer): KnownFailure | undefined {
  return KNOWN_FAILURES.find(
    (known) => known.client === client && known.labels.test(label) && failure?.includes(known.says),
  )
}

/** What is known of the clients that answered, and did not happen. */
export function healedFailures(answers: readonly ClientAnswer[]): string[] {
  const clients = new Set(answers.map(({ client }) => client))
  const happened = new Set(answers.map((answer) => knownFailure(answer)))
  return KNOWN_FAILURES.filter((known) => clients.has(known.client) && !happened.has(known)).map(
    ({ client, why }) => `${client}: ${why}`,
  )
}
