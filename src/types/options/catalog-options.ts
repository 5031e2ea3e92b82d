/** Options of catalogs. */
import { boolean, count, duration, integer, memorySize, oneOf, text } from './codec.ts'
import { DONE, none, only } from './spec.ts'

export const CATALOG_OPTIONS = {
  warehouse: none(
    text,
    null,
    'Root of the tables: a directory or an address such as s3://b/p.',
    DONE,
  ),
  metastore: none(
    text,
    'filesystem',
    'Kind of catalog: filesystem, hive, jdbc or rest.',
    only('filesystem'),
  ),
  uri: none(text, null, 'Address of the catalog.'),
  token: none(text, null, 'Secret that a REST catalog is called with.'),
  'token.provider': none(text, null, 'What gets that secret: bear or dlf.'),
  'table.type': none(oneOf('managed', 'external'), 'managed', 'Who owns the files of new tables.'),
  'lock.enabled': none(
    boolean,
    null,
    'Whether commits take a lock; unset: Java does on object stores. Commits here need none.',
    only('false'),
  ),
  'lock.type': none(text, null, 'Kind of lock.'),
  'lock-check-max-sleep': none(duration, '8 s', 'Longest wait between tries for the lock.'),
  'lock-acquire-timeout': none(duration, '8 min', 'Time after which the lock is given up.'),
  'lock-key-max-length': none(integer(), '255', 'Longest key of a JDBC lock.'),
  'client-pool-size': none(integer(), '2', 'Connections to the catalog.'),
  'cache-enabled': none(boolean, 'true', 'Whether databases, tables and manifests are cached.'),
  'cache.expire-after-access': none(duration, '10 min', 'How long unused entries are cached.', {
    aliases: ['cache.expiration-interval'],
  }),
  'cache.expire-after-write': none(duration, '30 min', 'How long entries are cached at most.'),
  'cache.partition.max-num': none(count, '0', 'Partitions that are cached.'),
  'cache.manifest.small-file-memory': none(memorySize, '128 mb', 'Memory of the manifest cache.'),
  'cache.manifest.small-file-threshold': none(memorySize, '1 mb', 'Largest manifest cached there.'),
  'cache.manifest.max-memory': none(memorySize, null, 'Memory for manifests of any size.'),
  'cache.snapshot.max-num-per-table': none(integer(), '20', 'Snapshots cached per table.'),
  'cache.deletion-vectors.max-num': none(integer(), '100000', 'Deletion vectors that are cached.'),
  'case-sensitive': none(boolean, null, 'Whether names may differ by case only.', {
    aliases: ['allow-upper-case'],
  }),
  'sync-all-properties': none(boolean, 'true', 'Whether Hive is told all options.'),
  'format-table.enabled': none(boolean, 'true', 'Whether format tables are shown.'),
  'resolving-file-io.enabled': none(
    boolean,
    'false',
    'Whether each path chooses its own file system.',
  ),
  'file-io.allow-cache': none(boolean, 'true', 'Whether static file systems are cached.'),
  'catalog-key': none(text, 'jdbc', 'Key under which a JDBC catalog keeps its tables.'),
  's3.endpoint': none(text, null, 'Address of the S3 service; unset: AWS.', DONE),
  's3.endpoint.region': none(text, null, 'Region of the S3 service.', {
    ...DONE,
    aliases: ['s3.region'],
  }),
  's3.path.style.access': none(
    boolean,
    'false',
    'Whether the bucket is part of the path instead of the host.',
    { ...DONE, aliases: ['s3.path-style-access'] },
  ),
  's3.access-key': none(text, null, 'Access key; unset: the chain of the AWS SDK.', {
    ...DONE,
    aliases: ['s3.access.key'],
  }),
  's3.secret-key': none(text, null, 'Secret of the access key.', {
    ...DONE,
    aliases: ['s3.secret.key'],
  }),
  's3.session-token': none(text, null, 'Token of temporary credentials.', {
    ...DONE,
    aliases: ['s3.session.token'],
  }),
} as const
