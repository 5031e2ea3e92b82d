/** The commands on a warehouse, from its first table on. */
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  createReadStream,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'

import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { testWarehouse, type TestWarehouse } from '../support/cli.ts'

const SCHEMA = JSON.stringify({
  fields: [
    { name: 'region', type: 'STRING' },
    { name: 'id', type: 'BIGINT' },
    { name: 'amount', type: 'DECIMAL(10, 2)', description: 'in euros' },
  ],
  partitionKeys: ['region'],
  primaryKeys: ['region', 'id'],
  options: { bucket: 2 },
  comment: 'what was ordered',
})

const ROWS = [
  '{"region":"eu","id":"1","amount":"9.99"}',
  '{"region":"us","id":"2","amount":"5.00"}',
  '{"region":"us","id":"3","amount":null}',
]
const lines = (rows: readonly string[]): string => rows.map((row) => `${row}\n`).join('')
const sorted = (text: string): string[] => text.split('\n').filter(Boolean).toSorted()

const withoutTime = (text: string): unknown => ({ ...(JSON.parse(text) as object), timeMillis: 0 })

let wh: TestWarehouse
beforeEach(async () => {
  wh = testWarehouse()
  await wh.ok(['create', 'shop.orders', '--schema', '-'], { stdin: SCHEMA })
})
afterEach(() => wh[Symbol.dispose]())

const read = async (...flags: string[]): Promise<string[]> =>
  sorted(await wh.ok(['read', 'shop.orders', '--format', 'jsonl', ...flags]))

describe('create', () => {
  test('makes a table once, and leaves it alone where it is told to', async () => {
    const again = ['create', 'shop.orders', '--schema', '-']
    const failed = await wh.run(again, { stdin: SCHEMA })
    expect(failed).toMatchObject({ code: 4, stdout: '' })
    expect(failed.stderr).toMatch(
      /^error EXISTS: there is a table shop\.orders already, in .*\nhint: .+\n$/,
    )
    const left = await wh.run([...again, '--if-not-exists'], { stdin: SCHEMA })
    expect(left).toMatchObject({ code: 0, stdout: '' })
    expect(left.stderr).toContain('there is shop.orders in')
  })

  test('stores the options that are given as flags', async () => {
    await wh.ok(['create', 'shop.b', '--schema', '-', '--option', 'bucket=7'], { stdin: SCHEMA })
    expect(JSON.parse(await wh.ok(['describe', 'shop.b', '--format', 'json']))).toMatchObject({
      options: { bucket: '7' },
    })
  })

  test('takes the schema that describe prints', async () => {
    const schema = await wh.ok(['describe', 'shop.orders', '--format', 'json'])
    await wh.ok(['create', 'shop.copy', '--schema', '-'], { stdin: schema })
    const copy = await wh.ok(['describe', 'shop.copy', '--format', 'json'])
    expect(withoutTime(copy)).toEqual(withoutTime(schema))
  })

  test.each([
    ['no schema', ['create', 'a.b'], '', /create needs --schema/],
    ['no JSON', ['create', 'a.b', '--schema', '-'], '{"fields": [', /is no JSON: .*, in stdin/],
    [
      'a wrong type',
      ['create', 'a.b', '--schema', '-'],
      '{"fields":[{"name":"x","type":"BIGNT"}]}',
      /BIGNT/,
    ],
    [
      'a wrong property',
      ['create', 'a.b', '--schema', '-'],
      '{"fields":[],"primarykeys":[]}',
      /did you mean "primaryKeys"/,
    ],
    [
      'a wrong option',
      ['create', 'a.b', '--schema', '-', '--option', 'buckett=1'],
      SCHEMA,
      /did you mean "bucket"/,
    ],
  ])('is refused with %s', async (_, argv, stdin, message) => {
    const { code, stderr } = await wh.run(argv, { stdin })
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^error INVALID: [^\n]*\nhint: [^\n]+\n$/)
  })

  test('names a schema file that is not there', async () => {
    const { code, stderr } = await wh.run(['create', 'a.b', '--schema', wh.file('none.json')])
    expect(code).toBe(3)
    expect(stderr).toMatch(/^error NOT_FOUND: there is no such file, in .*none\.json/)
  })
})

describe('write and read', () => {
  beforeEach(async () => {
    await wh.ok(['write', 'shop.orders', '-'], { stdin: lines(ROWS) })
  })

  test('give back the rows', async () => {
    expect(await read()).toEqual(ROWS.toSorted())
  })

  test('update and delete by key, with the kind in the row', async () => {
    const changes = ['{"_kind":"-D","region":"us","id":"2"}', '{"region":"eu","id":1,"amount":"1"}']
    const { code, stdout, stderr } = await wh.run(['write', 'shop.orders'], {
      stdin: lines(changes),
    })
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toBe('2 rows in snapshot 2 of shop.orders\n')
    expect(await read()).toEqual(['{"region":"eu","id":"1","amount":"1.00"}', ROWS[2]])
    expect(await read('--option', 'scan.snapshot-id=1')).toEqual(ROWS.toSorted())
  })

  test('read chosen columns, rows and counts', async () => {
    expect(await read('--select', 'id,region', '--where', "region = 'us' AND amount > 1")).toEqual([
      '{"id":"2","region":"us"}',
    ])
    expect(await read('--where', 'amount IS NULL OR id BETWEEN 1 AND 1')).toEqual([
      ROWS[0],
      ROWS[2],
    ])
    expect(await read('--limit', '1')).toHaveLength(1)
    expect(await read('--limit', '0')).toEqual([])
  })

  test('read prints a table for people unless told otherwise', async () => {
    const argv = ['read', 'shop.orders', '--where', "region = 'us'", '--select', 'id,amount']
    const [head, rule, ...rows] = (await wh.ok(argv)).split('\n')
    expect([head, rule]).toEqual(['id  amount', '--  ------'])
    expect(rows.toSorted()).toEqual(['', ' 2    5.00', ' 3    null'])
  })

  test('read writes a file whole, in the format of its name', async () => {
    const file = wh.file('out.csv')
    expect(await wh.ok(['read', 'shop.orders', '-o', file])).toBe('')
    expect(sorted(readFileSync(file, 'utf8'))).toEqual(
      ['eu,1,9.99', 'region,id,amount', 'us,2,5.00', 'us,3,'].toSorted(),
    )
    const { code } = await wh.run([
      'read',
      'shop.orders',
      '-o',
      wh.file('none.csv'),
      '--where',
      'x=1',
    ])
    expect(code).toBe(2)
    expect(readdirSync(join(wh.file('x'), '..')).toSorted()).toEqual(['out.csv', 'warehouse'])
  })

  test('a write of several files is one commit', async () => {
    writeFileSync(wh.file('a1.jsonl'), '{"region":"jp","id":"7"}')
    writeFileSync(wh.file('a2.csv'), 'id,region,_kind\n8,jp,+I\n1,eu,-D\n')
    await wh.ok(['write', 'shop.orders', wh.file('a*.{jsonl,csv}')])
    expect(await read('--select', 'id')).toEqual([
      '{"id":"2"}',
      '{"id":"3"}',
      '{"id":"7"}',
      '{"id":"8"}',
    ])
    const snapshots = await wh.ok(['snapshots', 'shop.orders', '--format', 'jsonl'])
    expect(sorted(snapshots)).toHaveLength(2)
  })

  test('a commit of a user happens once', async () => {
    const argv = ['write', 'shop.orders', '-', '--user', 'job', '--commit-id', '5']
    const stdin = '{"region":"eu","id":"50"}'
    expect((await wh.run(argv, { stdin })).stderr).toContain('snapshot 2')
    const again = await wh.run(argv, { stdin })
    expect(again.code).toBe(0)
    expect(again.stderr).toBe('commit 5 of job had happened before: nothing was written\n')
    expect(sorted(await wh.ok(['snapshots', 'shop.orders', '--format', 'jsonl']))).toHaveLength(2)
    const report = await wh.ok(['check', 'shop.orders', '--format', 'json'])
    expect(JSON.parse(report)).toMatchObject({ damage: [], counts: { orphanFiles: 0 } })
  })

  test('a user without a commit identifier is refused', async () => {
    const { code, stderr } = await wh.run(['write', 'shop.orders', '--user', 'job'], { stdin: '' })
    expect(code).toBe(2)
    expect(stderr).toContain('--user and --commit-id belong together')
  })

  test('writing nothing makes no snapshot', async () => {
    expect((await wh.run(['write', 'shop.orders'])).stderr).toBe('there was nothing to write\n')
  })

  test('options of the table count for one run', async () => {
    const argv = ['write', 'shop.orders', '--option', 'file.format=avro']
    await wh.ok(argv, { stdin: '{"region":"eu","id":"9"}' })
    const files = await wh.ok([
      'files',
      'shop.orders',
      '--format',
      'jsonl',
      '--select',
      'file_format',
    ])
    expect(new Set(sorted(files))).toEqual(
      new Set(['{"file_format":"avro"}', '{"file_format":"parquet"}']),
    )
  })
})

describe('wrong input', () => {
  test.each([
    [
      'a line that is no JSON',
      'jsonl',
      '{"region":"eu","id":"1"}\n\n{"id"',
      /line 3 is no JSON.*, in stdin/,
    ],
    [
      'a wrong value',
      'jsonl',
      '{"region":"eu","id":"1"}\n{"region":"eu","id":"x"}',
      /row 2, column id: expected an integer.*"x", in stdin/,
    ],
    ['an unknown column', 'jsonl', '{"regin":"eu","id":"1"}', /did you mean "region"/],
    ['a missing key', 'jsonl', '{"region":"eu"}', /row 1, column id/],
    ['a wrong kind', 'jsonl', '{"_kind":"+X","region":"eu","id":"1"}', /\+X/],
    ['bytes that are no text', 'jsonl', Buffer.from([0x22, 0xff]), /no UTF-8, in stdin/],
    [
      'a CSV column that is not there',
      'csv',
      'regio,id\n',
      /column "regio" \(did you mean "region"/,
    ],
    ['a CSV line that is short', 'csv', 'region,id\neu,1\neu\n', /line 3 has 1 cells/],
    ['a CSV quote left open', 'csv', 'region,id\n"eu,1\n', /quote is never closed/],
    ['what is no Arrow data', 'arrow', 'region,id,amount,and,so,on', /^error \w+: [^\n]*in stdin/],
    ['what is no Parquet file', 'parquet', 'region,id', /^error CORRUPT: [^\n]*Parquet/],
  ])('%s is refused, and nothing is committed', async (_, format, stdin, message) => {
    const { code, stdout, stderr } = await wh.run(
      ['write', 'shop.orders', '-', '--format', format],
      { stdin },
    )
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('INTERNAL')
    expect(code).toBe(stderr.startsWith('error INVALID') ? 2 : 1)
    expect(stdout).toBe('')
    expect(await read()).toEqual([])
    const report = JSON.parse(await wh.ok(['check', 'shop.orders', '--format', 'json'])) as unknown
    expect(report).toMatchObject({ counts: { orphanFiles: 0 } })
  })

  test('an input that is not there', async () => {
    const { code, stderr } = await wh.run(['write', 'shop.orders', wh.file('no*.csv')])
    expect(code).toBe(3)
    expect(stderr).toMatch(/^error NOT_FOUND: there is no such input file/)
  })

  test('stdin twice, and a directory', async () => {
    expect((await wh.run(['write', 'shop.orders', '-', '-'])).stderr).toContain(
      'stdin is named twice',
    )
    expect((await wh.run(['write', 'shop.orders', wh.directory])).stderr).toContain(
      'is a directory',
    )
  })
})

describe('what is there', () => {
  test('is listed', async () => {
    await wh.ok(['create', 'archive.old', '--schema', '-'], { stdin: SCHEMA })
    expect(await wh.ok(['databases', '--format', 'csv'])).toBe('database\narchive\nshop\n')
    expect(await wh.ok(['tables', '--format', 'csv'])).toBe(
      'database,table\narchive,old\nshop,orders\n',
    )
    expect(await wh.ok(['tables', 'shop'])).toBe(
      'database  table\n--------  ------\nshop      orders\n',
    )
  })

  test('is described', async () => {
    const text = await wh.ok(['describe', 'shop.orders'])
    expect(text).toContain('comment         what was ordered\n')
    expect(text).toContain('primary key     region, id\n')
    expect(text).toContain('snapshot        none yet\n')
    expect(text).toContain('  amount  DECIMAL(10, 2) -- in euros\n')
    await wh.ok(['write', 'shop.orders'], { stdin: ROWS[0] ?? '' })
    expect(await wh.ok(['describe', 'shop.orders'])).toMatch(
      /snapshot {8}1 of 20\S+Z, 1 rows in files/,
    )
  })

  test('is shown as snapshots, schemas, files, partitions and buckets', async () => {
    await wh.ok(['write', 'shop.orders'], { stdin: lines(ROWS) })
    for (const name of ['snapshots', 'schemas', 'files', 'partitions', 'buckets']) {
      const all = await wh.ok([name, 'shop.orders', '--format', 'jsonl'])
      expect(all).toBe(await wh.ok(['read', `shop.orders$${name}`, '--format', 'jsonl']))
      expect(all).not.toBe('')
      expect((await wh.ok([name, 'shop.orders'])).split('\n').length).toBeGreaterThan(3)
    }
    const partitions = ['partitions', 'shop.orders', '--select', 'partition,record_count']
    expect(sorted(await wh.ok([...partitions, '--format', 'csv']))).toEqual(
      ['partition,record_count', 'region=eu,1', 'region=us,2'].toSorted(),
    )
    const many = await wh.ok([...partitions, '--format', 'csv', '--where', 'record_count > 1'])
    expect(sorted(many)).toEqual(['partition,record_count', 'region=us,2'])
  })

  test('is shown with its tags, branches and consumers', async () => {
    await wh.ok(['write', 'shop.orders'], { stdin: lines(ROWS) })
    const root = join(wh.directory, 'shop.db/orders')
    cpSync(join(root, 'snapshot/snapshot-1'), join(root, 'tag/tag-v1'))
    cpSync(join(root, 'schema'), join(root, 'branch/branch-dev/schema'), { recursive: true })
    mkdirSync(join(root, 'consumer'))
    writeFileSync(join(root, 'consumer/consumer-job'), '{"nextSnapshot": 2}')
    const csv = ['shop.orders', '--format', 'csv', '--select']
    expect(await wh.ok(['tags', ...csv, 'tag_name,record_count'])).toBe(
      'tag_name,record_count\nv1,3\n',
    )
    expect(await wh.ok(['branches', ...csv, 'branch_name'])).toBe('branch_name\ndev\n')
    expect(await wh.ok(['consumers', ...csv, 'consumer_id,next_snapshot_id'])).toBe(
      'consumer_id,next_snapshot_id\njob,2\n',
    )
    expect(await wh.ok(['tables', 'sys', '--format', 'csv'])).toContain('sys,all_table_options\n')
    const tables = ['read', 'sys.tables', '--format', 'csv', '--select', 'table_name,partitioned']
    expect(await wh.ok(tables)).toBe('table_name,partitioned\norders,true\n')
  })

  test.each([
    [['read', 'shop.order'], 3, /no table shop\.order \(did you mean "orders"\?\)/],
    [['read', 'shp.orders'], 3, /no database shp \(did you mean "shop"\?\)/],
    [['check', 'shop.nothing'], 3, /no table shop\.nothing/],
    [['tables', 'shp'], 3, /did you mean "shop"/],
    [['read', 'orders'], 2, /"orders" is no name of a table/],
    [['read', 'shop.orders$fils'], 3, /did you mean "files"/],
    [['files', 'shop.orders$files'], 2, /files wants a table/],
    [['write', 'shop.orders$files'], 2, /write wants a table.*is a system table/],
    [['read', 'shop.orders', '--select', 'regio'], 2, /did you mean "region"/],
    [['read', 'shop.orders', '--where', 'amout > 1'], 2, /did you mean "amount"/],
    [['read', 'shop.orders', '--option', 'scan.snapshot=1'], 2, /did you mean "scan\.snapshot-id"/],
    [['read', 'shop.orders', '--option', 'scan.snapshot-id=9'], 3, /snapshot 9/],
    [['read', 'shop.orders', '--option', 'scan.tag-name=v1'], 3, /there is no tag "v1"/],
  ])('%s is told with the way out', async (argv, exitCode, message) => {
    const { code, stdout, stderr } = await wh.run(argv)
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/\nhint: [^\n]+\n$/)
    expect(stderr).not.toMatch(/\n {4}at /)
    expect({ code, stdout }).toEqual({ code: exitCode, stdout: '' })
  })

  test('the stack of an error is told to those who ask', async () => {
    const { stderr } = await wh.run(['read', 'shop.order', '--verbose'])
    expect(stderr).toMatch(/\n {4}at /)
  })
})

describe('check', () => {
  test('says that a table is whole, and finds what is not', async () => {
    await wh.ok(['write', 'shop.orders'], { stdin: lines(ROWS) })
    expect(await wh.ok(['check', 'shop.orders'])).toMatch(
      /^shop\.orders, snapshot 1: is whole; checked 1 schema, 1 snapshot, \d+ manifests, \d data files, 3 rows\n$/,
    )
    const files = await wh.ok([
      'files',
      'shop.orders',
      '--format',
      'jsonl',
      '--select',
      'file_path',
    ])
    const [{ file_path: path }] = [JSON.parse(sorted(files)[0]!) as { file_path: string }]
    rmSync(path)
    const { code, stdout, stderr } = await wh.run(['check', 'shop.orders'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(stdout).toContain(`damaged  ${path}: is missing\n`)
    expect(stdout).toContain('is damaged in 1 place')
    const json = await wh.run(['check', 'shop.orders', '--format', 'json', '--shallow'])
    expect(json.code).toBe(1)
    expect(JSON.parse(json.stdout)).toMatchObject({
      damage: [{ path, what: 'is missing' }],
      counts: { rows: 0 },
    })
  })
})

describe('a run', () => {
  test('tells what was asked of the storage when it is verbose', async () => {
    await wh.ok(['write', 'shop.orders'], { stdin: lines(ROWS) })
    const { stderr } = await wh.run([
      'read',
      'shop.orders',
      '--where',
      "region = 'eu'",
      '--verbose',
    ])
    expect(stderr).toMatch(/^snapshot 1: 1 of 1 data file in 1 split, 1 row in [\d.]+ s\n/)
    expect(stderr).toMatch(
      /\n\d+ requests \([^)]+\), [1-9][\d.]* k?B read, 0 B written, \d+\.\d\d s\n$/,
    )
  })

  test('draws progress only where stderr is a terminal', async () => {
    const argv = ['write', 'shop.orders']
    expect((await wh.run(argv, { stdin: lines(ROWS) })).stderr).not.toContain('\r')
    expect((await wh.run(argv, { stdin: lines(ROWS), terminal: true })).stderr).toContain('\r')
  })

  test('that is interrupted commits nothing and exits with 130', async () => {
    const controller = new AbortController()
    controller.abort()
    const run = await wh.run(['write', 'shop.orders'], {
      stdin: lines(ROWS),
      signal: controller.signal,
    })
    expect(run.code).toBe(130)
    expect(run.stderr).toMatch(/^error ABORTED: /)
    expect(await read()).toEqual([])
  })

  test('without a warehouse says how to name one', async () => {
    const { code, stderr } = await wh.run(['databases'], { env: { MILLRACE_WAREHOUSE: '' } })
    expect(code).toBe(2)
    expect(stderr).toMatch(/no warehouse is named\nhint: .*--warehouse.*MILLRACE_WAREHOUSE/)
  })

  test('takes the warehouse of the flag, else of the catalog file, else of the environment', async () => {
    writeFileSync(wh.file('paimon.yaml'), `metastore: filesystem\nwarehouse: ${wh.directory}\n`)
    const env = { MILLRACE_WAREHOUSE: wh.file('nowhere') }
    expect(await wh.ok(['tables', '--format', 'csv'], { env })).toBe('database,table\n')
    const file = ['--catalog', wh.file('paimon.yaml')]
    expect(await wh.ok(['tables', '--format', 'csv', ...file], { env })).toContain('shop,orders')
    const flag = ['--warehouse', wh.file('nowhere')]
    expect(await wh.ok(['tables', '--format', 'csv', ...file, ...flag], { env })).toBe(
      'database,table\n',
    )
  })

  test('refuses a catalog of another kind', async () => {
    writeFileSync(
      wh.file('paimon.yaml'),
      'metastore: rest\nuri: http://localhost:1\nwarehouse: x\n',
    )
    const { code, stderr } = await wh.run(['databases', '--catalog', wh.file('paimon.yaml')])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error UNSUPPORTED: option metastore/)
  })

  test('shows help and the version', async () => {
    expect(await wh.ok(['--version'])).toMatch(/^millrace \d+\.\d+\.\d+\n$/)
    const help = await wh.ok(['help'])
    expect(await wh.ok(['--help'])).toBe(help)
    expect(await wh.ok(['help', 'read'])).toBe(await wh.ok(['read', '--help']))
    const none = await wh.run([])
    expect(none).toMatchObject({ code: 2, stdout: '', stderr: help })
    for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
  })
})

test('an output that is a directory is refused', async () => {
  const { code, stderr } = await wh.run(['read', 'shop.orders', '-o', wh.directory])
  expect(code).toBe(2)
  expect(stderr).toMatch(/^error INVALID: the output is a directory, in /)
})

test('a pipe in the file system is written to, and stays a pipe', async () => {
  execFileSync('mkfifo', [wh.file('pipe')])
  const printed = textOf(createReadStream(wh.file('pipe')))
  await wh.ok(['read', 'shop.orders', '--format', 'csv', '-o', wh.file('pipe')])
  expect(statSync(wh.file('pipe')).isFIFO()).toBe(true)
  expect(await printed).toBe('region,id,amount\n')
})

describe('rows that are taken away', () => {
  beforeEach(() => wh.ok(['write', 'shop.orders', '-'], { stdin: lines(ROWS) }))

  test('an overwrite replaces the partitions that are written to', async () => {
    const row = '{"region":"us","id":"9","amount":"1.00"}'
    await wh.ok(['write', 'shop.orders', '-', '--overwrite'], { stdin: `${row}\n` })
    expect(await read()).toEqual([ROWS[0], row])
  })

  test('an overwrite replaces a partition that is told', async () => {
    const words = ['write', 'shop.orders', '-', '--overwrite', '--partition', 'region=us']
    await wh.ok(words, { stdin: '' })
    expect(await read()).toEqual([ROWS[0]])
    const alone = await wh.run(
      words.filter((word) => word !== '--overwrite'),
      { stdin: '' },
    )
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringMatching(/add --overwrite/)])
  })

  test('partitions are dropped, and what would be is told first', async () => {
    const words = ['drop-partitions', 'shop.orders', 'region=us', 'region=asia']
    const { stderr } = await wh.run([...words, '--dry-run'])
    expect(stderr).toMatch(/^2 stored rows in \d files? of 1 partition would be taken away/)
    expect(await read()).toHaveLength(3)
    expect((await wh.run(words)).stderr).toMatch(/taken away from shop.orders in snapshot 2\n$/)
    expect(await read()).toEqual([ROWS[0]])
    expect((await wh.run(words.slice(0, 2))).code).toBe(2)
  })

  test('a table is truncated', async () => {
    expect((await wh.run(['truncate', 'shop.orders', '--dry-run'])).stderr).toMatch(
      /^3 stored rows/,
    )
    expect(await read()).toHaveLength(3)
    await wh.ok(['truncate', 'shop.orders'])
    expect(await read()).toEqual([])
  })
})
