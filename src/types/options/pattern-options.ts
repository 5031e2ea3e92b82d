/** Options whose names are made of columns, indexes or formats. */
import { boolean, integer, oneOf, text } from './codec.ts'
import { both, DONE, none, type OptionSpec, write } from './spec.ts'

/** A family of options that are named by a pattern. */
export interface OptionPattern {
  /** As the documentation prints it: `fields.<column>.stats-mode`. */
  readonly shown: string
  /** Matches the whole name; the group `columns`, where there is one, holds names of columns with commas between. */
  readonly pattern: RegExp
  readonly spec: OptionSpec
}

/** What only merge engines honour. */
const KEYED = { ...DONE, keyedOnly: true } as const

/** What follows `fields.<column>.`; the type of a schema definition's options has the same words. */
export const FIELD_SUFFIXES = {
  'aggregate-function': both(text, null, 'Aggregate function of the column.', KEYED),
  'ignore-retract': both(
    boolean,
    'false',
    'Whether the aggregate ignores rows that take back.',
    KEYED,
  ),
  distinct: both(boolean, 'false', 'Whether collect and listagg keep each value once.', KEYED),
  'list-agg-delimiter': both(text, ',', 'What listagg puts between values.', KEYED),
  'nested-key': both(text, null, 'Key of the rows that nested_update merges.', KEYED),
  'nested-sequence-field': both(
    text,
    null,
    'Fields that order the rows of a nested key; since Paimon 2.0.',
    KEYED,
  ),
  'nested-key-null-strategy': both(
    oneOf('merge', 'ignore', 'error'),
    null,
    'What a null in a nested key does: it is a value as others, leaves out its row, or is an error; since Paimon 2.0.',
    KEYED,
  ),
  'count-limit': both(integer(), null, 'Most rows that nested_update keeps.', KEYED),
  'ts-field': both(text, null, 'Field that tells merge_map the newer value.', KEYED),
  'sequence-group': both(
    text,
    null,
    'Columns of a partial update that are ordered by this one.',
    KEYED,
  ),
  'stats-mode': write(
    text,
    null,
    'Statistics of the column: none, counts, full or truncate(N).',
    DONE,
  ),
} as const

export type FieldSuffix = keyof typeof FIELD_SUFFIXES

export const TABLE_PATTERNS: readonly OptionPattern[] = [
  ...Object.entries(FIELD_SUFFIXES).map(([suffix, spec]) => ({
    shown: `fields.<column>.${suffix}`,
    pattern: new RegExp(String.raw`^fields\.(?<columns>.+)\.${suffix}$`),
    spec,
  })),
  family(
    'file-index.<type>.columns',
    /^file-index\.(?:bloom-filter|bitmap|bsi|range-bitmap|token-bloom-filter)\.columns$/,
    write(text, null, 'Columns that get a file index of the type.', DONE),
  ),
  family(
    'file-index.<type>.<column>.<setting>',
    /^file-index\.(?:bloom-filter|bitmap|bsi|range-bitmap|token-bloom-filter)\.(?!columns$).+$/,
    write(
      text,
      null,
      'Setting of a file index: items and fpp of bloom-filter, version of bitmap.',
      DONE,
    ),
  ),
  family(
    'commit.callback.<class>.param',
    /^commit\.callback\..+\.param$/,
    none(text, null, 'What a commit callback is given.'),
  ),
  family(
    'tag.callback.<class>.param',
    /^tag\.callback\..+\.param$/,
    none(text, null, 'What a tag callback is given.'),
  ),
  family(
    'parquet.<setting>#<column>',
    /^parquet\.(?:enable\.dictionary|bloom\.filter\.(?:enabled|fpp|expected\.ndv))#.+$/,
    write(text, null, 'Setting of the Parquet writer for one column.'),
  ),
  family('orc.<setting>', /^orc\..+$/, write(text, null, 'Setting of the ORC writer.')),
  family('avro.<setting>', /^avro\..+$/, write(text, null, 'Setting of the Avro writer.')),
  family('csv.<setting>', /^csv\..+$/, write(text, null, 'Setting of CSV files.')),
  family('json.<setting>', /^json\..+$/, write(text, null, 'Setting of JSON files.')),
  family(
    'metadata.iceberg.rest.<setting>',
    /^metadata\.iceberg\.rest\..+$/,
    none(
      text,
      null,
      "Setting of the Iceberg REST catalog that is committed to, by its name in Iceberg's client: `uri`, `warehouse`, `prefix`, `credential`, `token`, `scope`, `oauth2-server-uri`, `audience`, `resource`, `header.<name>`, `rest.auth.type`.",
      DONE,
    ),
  ),
  family(
    'file.format.per.level.<level>',
    /^file\.format\.per\.level\.\d+$/,
    write(text, null, 'Format of the data files of one LSM level.', DONE),
  ),
  family(
    'file.compression.per.level.<level>',
    /^file\.compression\.per\.level\.\d+$/,
    write(text, null, 'Compression of the data files of one LSM level.', DONE),
  ),
  family(
    'metadata.stats-mode.per.level.<level>',
    /^metadata\.stats-mode\.per\.level\.\d+$/,
    write(text, null, 'Statistics of the data files of one LSM level.', DONE),
  ),
]

/** What the S3 storage reads, under every name that it takes. */
const S3_SETTING = new RegExp(
  `^(?:fs\\.)?s3a?\\.(?:${[
    'endpoint(?:[.-]region)?',
    'region',
    'access[.-]key',
    'accessKeyId',
    'secret[.-]key',
    'accessKeySecret',
    '(?:session|security)[.-]token',
    'securityToken',
    'path[.-]style[.-]access',
    'connection[.-](?:ssl[.-]enabled|maximum)',
    'multipart[.-]size',
    'allow[.-]unconditional[.-]commit',
  ].join('|')})$`,
)

export const CATALOG_PATTERNS: readonly OptionPattern[] = [
  family(
    'table-default.<option>',
    /^table-default\..+$/,
    none(text, null, 'Option of new tables that do not set it.'),
  ),
  family(
    'dlf.<setting>',
    /^dlf\..+$/,
    none(text, null, 'Setting of the REST catalog of Alibaba Cloud.'),
  ),
  family('header.<name>', /^header\..+$/, none(text, null, 'Header that a REST catalog is sent.')),
  family(
    'io-cache.<setting>',
    /^io-cache\..+$/,
    none(text, null, 'Setting of the cache of files.'),
  ),
  family(
    's3.<setting>',
    S3_SETTING,
    none(
      text,
      null,
      'Setting of S3 storage under the names of other engines too: prefixes `s3.`, `s3a.`, `fs.s3.` and `fs.s3a.`, dots or dashes.',
      DONE,
    ),
  ),
  family('fs.<setting>', /^(?:fs|hadoop|hive|dfs)\..+$/, none(text, null, 'Setting of Hadoop.')),
]

function family(shown: string, pattern: RegExp, spec: OptionSpec<string, string>): OptionPattern {
  return { shown, pattern, spec }
}
