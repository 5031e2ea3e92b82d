/** Options of merge engines, changelogs and deletion vectors. */
import { boolean, memorySize, names, oneOf, text } from './codec.ts'
import { both, DONE, IMMUTABLE, none, read, write } from './spec.ts'

const KEYED = { keyedOnly: true } as const

export const MERGE_OPTIONS = {
  'merge-engine': both(
    oneOf('deduplicate', 'partial-update', 'aggregation', 'first-row'),
    'deduplicate',
    'How rows of one key become one row.',
    { ...DONE, ...IMMUTABLE, ...KEYED },
  ),
  'ignore-delete': both(boolean, 'false', 'Whether rows that delete (-U, -D) are dropped.', {
    ...DONE,
    aliases: [
      'first-row.ignore-delete',
      'deduplicate.ignore-delete',
      'partial-update.ignore-delete',
    ],
  }),
  'ignore-update-before': write(boolean, 'false', 'Whether rows of kind -U are dropped.', DONE),
  'sequence.field': both(
    names,
    null,
    'Columns by which rows of one key are ordered, instead of by their arrival.',
    { ...DONE, ...KEYED },
  ),
  'sequence.field.sort-order': both(
    oneOf('ascending', 'descending'),
    'ascending',
    'Whether the greatest or the least sequence wins.',
    { ...DONE, ...KEYED },
  ),
  'sequence.snapshot-ordering': both(
    boolean,
    'false',
    'Whether rows of one key are ordered by their snapshot; since Paimon 2.0.',
    KEYED,
  ),
  'rowkind.field': write(text, null, 'Column that holds the kind of a row: +I, -U, +U or -D.', {
    ...DONE,
    ...IMMUTABLE,
  }),
  'partial-update.remove-record-on-delete': both(
    boolean,
    'false',
    'Whether -D deletes the whole row in a partial update.',
    { ...DONE, ...IMMUTABLE, ...KEYED },
  ),
  'partial-update.remove-record-on-sequence-group': both(
    text,
    null,
    'Sequence groups whose -D deletes the whole row.',
    { ...DONE, ...IMMUTABLE, ...KEYED },
  ),
  'aggregation.remove-record-on-delete': both(
    boolean,
    'false',
    'Whether -D deletes the whole row in an aggregation.',
    { ...DONE, ...IMMUTABLE, ...KEYED },
  ),
  'fields.default-aggregate-function': both(
    text,
    null,
    'Aggregate function of columns that name none.',
    { ...DONE, ...KEYED },
  ),
  'changelog-producer': write(
    oneOf('none', 'input', 'full-compaction', 'lookup'),
    'none',
    'How the changes that a stream reads are made.',
    DONE,
  ),
  'changelog-producer.row-deduplicate': write(
    boolean,
    'false',
    'Whether updates that change nothing are left out of the changelog.',
    DONE,
  ),
  'changelog-producer.row-deduplicate-ignore-fields': write(
    names,
    null,
    'Columns whose changes do not count for that.',
    DONE,
  ),
  'delete.force-produce-changelog': none(
    boolean,
    'false',
    'Whether a SQL DELETE writes rows even where it could drop files.',
  ),
  'deletion-vectors.enabled': both(
    boolean,
    'false',
    'Whether deleted rows are marked in index files, so that reads need not merge.',
    DONE,
  ),
  'deletion-vectors.modifiable': none(
    boolean,
    'false',
    'Whether deletion-vectors.enabled may change on a table with data.',
  ),
  'deletion-vectors.bitmap64': write(
    boolean,
    'false',
    'Whether deletion vectors have the 64-bit form that Iceberg v3 reads.',
    DONE,
  ),
  'deletion-vectors.merge-on-read': read(
    boolean,
    'false',
    'Whether reads with deletion vectors merge level 0; since Paimon 2.0.',
    DONE,
  ),
  'deletion-vector.index-file.target-size': none(
    memorySize,
    '2 mb',
    'Size at which a new file of deletion vectors is started.',
    DONE,
  ),
  'table-read.sequence-number.enabled': read(
    boolean,
    'false',
    'Whether changelog system tables show the sequence number.',
    DONE,
  ),
  'key-value.sequence_number.enabled': read(
    boolean,
    'false',
    'Whether reads add the sequence number; set by system tables.',
  ),
  'pk-clustering-override': both(
    boolean,
    'false',
    'Whether files are clustered by clustering.columns instead of the primary key.',
    IMMUTABLE,
  ),
} as const
