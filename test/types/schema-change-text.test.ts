import { expect, test } from 'vitest'

import { parseSchemaChange } from '../../src/types/schema-change-text.ts'
import type { SchemaChange } from '../../src/types/schema-change.ts'
import { parseTypeText } from '../../src/types/type-text.ts'

test.each<[string, SchemaChange]>([
  [
    `ADD COLUMN note ROW<first STRING, "a b" DECIMAL(10, 2)> COMMENT 'it''s' AFTER id`,
    {
      action: 'addColumn',
      column: ['note'],
      type: 'ROW<first STRING, "a b" DECIMAL(10, 2)>',
      comment: "it's",
      position: { after: 'id' },
    },
  ],
  [
    'add lines.element.price INT',
    { action: 'addColumn', column: ['lines', 'element', 'price'], type: 'INT' },
  ],
  ['drop column `a.b`', { action: 'dropColumn', column: ['a.b'] }],
  ['DROP column', { action: 'dropColumn', column: ['column'] }],
  ['RENAME a TO "b c"', { action: 'renameColumn', column: ['a'], to: 'b c' }],
  [
    'ALTER COLUMN a TYPE BIGINT',
    {
      action: 'updateColumnType',
      column: ['a'],
      type: parseTypeText('BIGINT'),
      keepNullability: true,
    },
  ],
  [
    'ALTER a TYPE INT NOT NULL',
    {
      action: 'updateColumnType',
      column: ['a'],
      type: parseTypeText('INT NOT NULL'),
      keepNullability: false,
    },
  ],
  ['ALTER a SET NOT NULL', { action: 'updateColumnNullability', column: ['a'], nullable: false }],
  ['ALTER a DROP NOT NULL', { action: 'updateColumnNullability', column: ['a'], nullable: true }],
  [
    'ALTER a SET DEFAULT -5',
    { action: 'updateColumnDefaultValue', column: ['a'], defaultValue: '-5' },
  ],
  [
    'ALTER a DROP DEFAULT',
    { action: 'updateColumnDefaultValue', column: ['a'], defaultValue: null },
  ],
  ["ALTER a COMMENT ''", { action: 'updateColumnComment', column: ['a'], comment: '' }],
  ['ALTER a BEFORE b', { action: 'updateColumnPosition', column: 'a', position: { before: 'b' } }],
  ["SET sequence.field = 'a,b'", { action: 'setOption', name: 'sequence.field', value: 'a,b' }],
  ['set target-file-size=1 mb', { action: 'setOption', name: 'target-file-size', value: '1 mb' }],
  ['RESET target-file-size', { action: 'removeOption', name: 'target-file-size' }],
  ["COMMENT 'orders'", { action: 'updateComment', comment: 'orders' }],
  ['DROP COMMENT', { action: 'updateComment', comment: null }],
  ['DROP PRIMARY KEY', { action: 'dropPrimaryKey' }],
])('%s', (text, change) => {
  expect(parseSchemaChange(text)).toEqual(change)
})

test.each([
  ['ADDD COLUMN a INT', 'did you mean "ADD"'],
  ['ADD COLUMN a', 'expected a type, at the end'],
  ['RENAME a b', 'expected TO, at character 10'],
  ['DROP a b', 'did not expect "b"'],
  ['ALTER a.b FIRST', 'only columns can be moved'],
  ["COMMENT 'x", 'expected a text in single quotes'],
  ['', 'begins no change'],
])('%s is refused', (text, message) => {
  expect(() => parseSchemaChange(text)).toThrow(message)
})
