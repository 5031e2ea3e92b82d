/** The command that serves tables to Iceberg clients. */
import type { CommandSpec } from '../command.ts'
import { CATALOG_FLAGS } from './common.ts'

export const ICEBERG_SERVE: CommandSpec = {
  name: 'iceberg serve',
  summary: 'Serves the tables with Iceberg metadata as an Iceberg REST catalog, until interrupted.',
  arguments: [],
  flags: ['port', 'host', 'token-file', ...CATALOG_FLAGS],
  notes: [
    "Tables have Iceberg metadata whose option `metadata.iceberg.storage` is set. Clients such as Spark, DuckDB and pyiceberg are given the address that is printed as the catalog's `uri`, and read what was committed last. Databases are namespaces. The catalog is read-only: it tells where files are, and clients read these from the storage themselves, with credentials of their own.",
    'Only this machine is answered unless `--host` names another address. Whoever asks has to send the token of `--token-file`, or of the variable MILLRACE_ICEBERG_TOKEN, where there is one; the connection is not encrypted, so that a server for other machines belongs behind a proxy with TLS. With `--verbose` each request is told on stderr, and with `--json` the address on stdout.',
  ],
  examples: [
    'millrace iceberg serve --port 8181',
    'millrace iceberg serve --host 0.0.0.0 --port 8181 --token-file token.txt',
  ],
  load: async () => (await import('../commands/iceberg-serve.ts')).icebergServeCommand,
}
