import { resolve } from 'node:path'

import { expect, test } from 'vitest'

import {
  joinPath,
  localPathOf,
  nameOf,
  parentOf,
  parsePath,
  resolveLocation,
  schemeOf,
} from '../../src/io/path.ts'

const invalid = expect.objectContaining({ code: 'INVALID' })

test.for([
  ['/a/b', 'file', '', '', ['a', 'b']],
  ['/', 'file', '', '', []],
  ['/a/b/', 'file', '', '', ['a', 'b']],
  ['file:/a', 'file', '', 'file:', ['a']],
  ['file:///a/b', 'file', '', 'file://', ['a', 'b']],
  ['s3://bucket', 's3', 'bucket', 's3://bucket', []],
  ['s3://bucket/', 's3', 'bucket', 's3://bucket', []],
  ['S3A://bucket/wh/db.db', 's3a', 'bucket', 'S3A://bucket', ['wh', 'db.db']],
  ['memory://x/%2e%2e/a b?c#d', 'memory', 'x', 'memory://x', ['%2e%2e', 'a b?c#d']],
  ['C:/data/x', 'file', '', 'C:', ['data', 'x']],
] as const)('%s is taken apart', ([path, scheme, authority, prefix, segments]) => {
  expect(parsePath(path)).toEqual({ scheme, authority, prefix, segments })
  expect(schemeOf(path)).toBe(scheme)
})

test.for([
  '',
  'a',
  './a',
  '../a',
  'file:a',
  '/a/../b',
  '/..',
  's3://bucket/a/../../b',
  '/a/./b',
  '/a//b',
  '//a',
  's3://bucket//a',
  '/a\0',
  '/a\\..\\b',
  's3:bucket/a',
])('%j is no absolute path', (path) => {
  expect(() => parsePath(path)).toThrow(invalid)
})

test('names are joined below a base', () => {
  expect(joinPath('/wh', 'db.db', 't')).toBe('/wh/db.db/t')
  expect(joinPath('/', 'a')).toBe('/a')
  expect(joinPath('s3://bucket', 'a', 'b=c')).toBe('s3://bucket/a/b=c')
  expect(joinPath('s3://bucket/', 'a')).toBe('s3://bucket/a')
  expect(joinPath('/wh')).toBe('/wh')
})

test.for(['', '.', '..', '../../x', '/etc/passwd', 'a/b', 's3://other/x', 'a\\b', 'a\0b', '..\\x'])(
  '%j is not joined: a name is one level',
  (name) => {
    expect(() => joinPath('/wh', 't', name)).toThrow(invalid)
    expect(() => joinPath('s3://bucket/wh', name, 't')).toThrow(invalid)
  },
)

test.for(['%2e%2e', '...', 'C:', 'a b', 'é', 'dt=2024-01-01', '..x', 'x..'])(
  '%j is an ordinary name',
  (name) => {
    expect(nameOf(joinPath('/wh', name))).toBe(name)
    expect(parentOf(joinPath('/wh', name))).toBe('/wh')
  },
)

test('parents end at the root', () => {
  expect(parentOf('/a')).toBe('/')
  expect(parentOf('s3://bucket/a')).toBe('s3://bucket')
  expect(parentOf('s3://bucket/a/b/')).toBe('s3://bucket/a')
  expect(parentOf('file:/a/b')).toBe('file:/a')
  expect(() => parentOf('/')).toThrow(invalid)
  expect(() => parentOf('s3://bucket')).toThrow(invalid)
  expect(() => nameOf('s3://bucket')).toThrow(invalid)
})

test.for([
  ['/wh/', '/wh'],
  ['/wh//x/../y', '/wh/y'],
  ['/', '/'],
  ['file:///wh/', '/wh'],
  ['file:/wh', '/wh'],
  ['file://localhost/wh', '/wh'],
  ['wh', resolve('wh')],
  ['./wh', resolve('wh')],
  ['../wh', resolve('../wh')],
  ['s3://bucket/wh/', 's3://bucket/wh'],
  ['s3://bucket', 's3://bucket'],
  ['s3://bucket/', 's3://bucket'],
  ['s3://bucket//a///b', 's3://bucket/a/b'],
  ['s3a://bucket/wh', 's3a://bucket/wh'],
] as const)('the location %s is the path %s', ([location, path]) => {
  expect(resolveLocation(location)).toBe(path)
})

test.for(['', 'file:wh', 'file://elsewhere/wh', 's3://bucket/../x'])(
  'the location %j is refused',
  (location) => {
    expect(() => resolveLocation(location)).toThrow(invalid)
  },
)

test('a path of the file system has one form for the system', () => {
  expect(localPathOf('/a/b/')).toBe('/a/b')
  expect(localPathOf('file:///a/b%20')).toBe('/a/b%20')
  expect(localPathOf('/')).toBe('/')
  expect(() => localPathOf('s3://bucket/a')).toThrow(invalid)
  expect(() => localPathOf('file://host/a')).toThrow(invalid)
})
