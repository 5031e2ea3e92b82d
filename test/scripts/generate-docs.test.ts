import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { GENERATED_PAGES } from '../../scripts/generate-docs.ts'

test.each(Object.entries(GENERATED_PAGES))('docs/%s is what generate-docs writes', (path, page) => {
  const written = readFileSync(join(import.meta.dirname, '../../docs', path), 'utf8')
  expect(written).toBe(page())
})
