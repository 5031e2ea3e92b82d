/** The terminal sessions that are recorded: each begins with the tables of a shop as they were made. */

export interface Session {
  /** How wide the terminal is; output goes to a pipe unless given. */
  readonly columns?: number
  readonly env?: Readonly<Record<string, string>>
  readonly lines: readonly string[]
}

const PLAIN = { NO_COLOR: '1' }

export const SESSIONS: Readonly<Record<string, Session>> = {
  looking: {
    columns: 100,
    env: PLAIN,
    lines: [
      'millrace databases',
      'millrace tables',
      'millrace describe shop.users',
      'millrace read shop.users',
      'millrace snapshots shop.users',
      'millrace schemas shop.users',
      'millrace files shop.orders --select partition,bucket,level,record_count,min_key',
      'millrace partitions shop.orders',
      'millrace buckets shop.orders',
      'millrace explain shop.orders --where "dt = \'2026-11-21\' AND id = 2"',
      'millrace changes shop.users --format table',
      'millrace check shop.users',
    ],
  },
  narrow: {
    columns: 44,
    env: PLAIN,
    lines: [
      'millrace read shop.users',
      'millrace read shop.orders',
      'millrace tables shop',
      'millrace snapshots shop.users',
      'millrace partitions shop.visits',
    ],
  },
  coloured: {
    columns: 80,
    env: { FORCE_COLOR: '1' },
    lines: ['millrace read shop.users', 'millrace read shop.user'],
  },
  piped: {
    lines: [
      'millrace read shop.users',
      'millrace read shop.users --format csv',
      'millrace read shop.users --json --limit 1',
      'millrace databases --json',
      'millrace snapshots shop.users --select snapshot_id,commit_kind --json',
      'millrace changes shop.users --json',
      'millrace describe shop.users --json | millrace create shop.copy --schema - --json',
      `echo '{"id": 1, "name": "Ada"}' | millrace write shop.copy --json`,
      'millrace compact shop.users --full --json',
      'millrace delete shop.users --where "id = 1" --json',
      'millrace check shop.users --json',
      'millrace read shop.usres --json',
    ],
  },
  writing: {
    lines: [
      'millrace describe shop.users --format json | millrace create shop.copy --schema -',
      'millrace write shop.users users.csv',
      `echo '{"id": 3, "_kind": "-D"}' | millrace write shop.users --user loader --commit-id 1`,
      `echo '{"id": 3, "_kind": "-D"}' | millrace write shop.users --user loader --commit-id 1`,
      'millrace delete shop.users --where "id = 7" --dry-run',
      'millrace delete shop.users --where "id = 7"',
      'millrace update shop.users --set status=gone',
      'millrace merge shop.visits visits.csv --on user_id,page',
      'millrace drop-partitions shop.visits dt=2026-11-20 --dry-run',
      'millrace drop-partitions shop.visits dt=2026-11-20',
      'millrace truncate shop.visits',
      'millrace read shop.users',
    ],
  },
  schemas: {
    lines: [
      'millrace alter shop.users "ADD COLUMN email STRING" --dry-run',
      'millrace alter shop.users "ADD COLUMN email STRING" "SET snapshot.num-retained.max = 5"',
      'millrace read shop.users',
      'millrace alter shop.users "DROP COLUMN nam"',
      'millrace rename shop.users shop.customers',
      'millrace drop shop.customers --dry-run',
      'millrace drop shop.customers',
      'millrace tables shop',
    ],
  },
  histories: {
    lines: [
      'millrace tag create shop.users v1 --snapshot 1',
      'millrace tag create shop.users v1',
      'millrace tag replace shop.users v1 --snapshot 2',
      'millrace tag rename shop.users v1 first',
      'millrace tags shop.users',
      'millrace branch create shop.users dev --tag first',
      'millrace branch rename shop.users dev next',
      'millrace branches shop.users',
      'millrace branch fast-forward shop.users next --dry-run',
      'millrace branch fast-forward shop.users next',
      'millrace branch delete shop.users next',
      'millrace rollback shop.users --snapshot 1 --dry-run',
      'millrace rollback shop.users --snapshot 1',
      'millrace tag expire shop.users --dry-run',
      'millrace tag delete shop.users frist',
      'millrace changes shop.visits --consumer audit --json',
      'millrace consumers shop.visits',
      'millrace consumer reset shop.visits audit --next earliest',
      'millrace consumer expire shop.visits --older-than "7 d"',
      'millrace consumer delete shop.visits audit',
    ],
  },
  upkeep: {
    lines: [
      'millrace compact shop.users',
      'millrace compact shop.users --full',
      'millrace compact shop.visits --order-by user_id,page',
      'millrace rescale shop.orders --buckets 4 --dry-run',
      'millrace rescale shop.orders --buckets 4',
      'millrace expire shop.users --retain-max 1 --retain-min 1 --dry-run',
      'millrace expire shop.users --retain-max 1 --retain-min 1',
      'millrace snapshots shop.users --select snapshot_id,commit_kind',
      'millrace orphans shop.users --dry-run',
      'millrace orphans shop',
      'millrace expire-partitions shop.visits --expiration-time "30 d" --dry-run',
      'millrace mark-done shop.visits dt=2026-11-20',
      'millrace compact-manifests shop.orders',
      'millrace analyze shop.orders',
      'millrace inspect shop.users',
      'millrace check shop.users',
    ],
  },
  serving: {
    lines: [
      'millrace iceberg serve --port 8181',
      'millrace iceberg serve --port 8181 --token-file token.txt --json',
      'millrace iceberg serve --port 8181 --token-file gone.jsonl',
      'millrace iceberg serve --port 123456',
    ],
  },
  iceberg: {
    lines: [
      'millrace iceberg emit shop.visits',
      'millrace alter shop.visits "SET metadata.iceberg.storage = table-location"',
      'millrace tag create shop.visits v1 --snapshot 1',
      'millrace iceberg show shop.visits',
      'millrace write shop.visits today.csv',
      'millrace iceberg emit shop.visits',
      'millrace iceberg emit shop --rebuild',
      'millrace iceberg emit shop.visits --json',
      'millrace iceberg show shop.users',
      'millrace check shop.visits',
    ],
  },
  mistakes: {
    lines: [
      'millrace reed shop.users',
      'millrace tag',
      'millrace tag crate shop.users v1',
      'millrace read',
      'millrace read shop.usres',
      'millrace read shpo.users',
      'millrace read shop.users --limt 5',
      'millrace read shop.users --format jsn',
      'millrace read shop.users --select nmae',
      'millrace read shop.users --where "nmae = 1"',
      'millrace read shop.users --option scan.snapshot=1',
      'millrace write shop.users user.csv',
      'millrace iceberg shop.users',
    ],
  },
  help: {
    lines: [
      'millrace help',
      'millrace help expire',
      'millrace help tag',
      'millrace completion fish',
      'millrace --version',
    ],
  },
}
