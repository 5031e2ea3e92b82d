/** What clients cannot do, whoever wrote the table: each with its proof, which is the client's own message. */
import type { ClientAnswer, IcebergClient } from '../iceberg-clients.ts'

export interface KnownFailure {
  readonly client: IcebergClient
  /** Of checks. */
  readonly labels: RegExp
  /** What the client says, or reads. */
  readonly message: RegExp
  /** For the page of clients, as a sentence. */
  readonly why: string
}

export const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    client: 'chdb',
    labels: /^(dv3_|evolve_key_v3|emptied_and_on_v3|hadoop_catalog_dv_v3)/,
    message: /Position deletes are supported only for parquet format/,
    why: 'It has no deletion vectors of version 3. Use version 2, whose deletes it reads.',
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
    (known) =>
      known.client === client && known.labels.test(label) && known.message.test(failure ?? ''),
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
