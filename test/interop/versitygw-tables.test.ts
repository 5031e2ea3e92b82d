/**
 * Tables on versitygw, a second real S3 store: the golden tables and the model's scenarios, and tables that Java and this
 * library write there in turns.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { openS3 } from '../../src/io/s3.ts'
import { copyGoldenTables } from '../support/golden-expect.ts'
import { type GoldenStorage, goldenSuite } from '../support/golden-suite.ts'
import { checkScenarios } from '../support/model-scenarios.ts'
import { RandomRows } from '../support/random-tables.ts'
import { planTitle, typeTable, typeTablePlans } from '../support/type-tables.ts'
import { findJava, JavaPaimon } from './support/java.ts'
import { SharedTable } from './support/shared-table.ts'
import { findVersitygw, startVersitygw, type Versitygw } from './support/versitygw.ts'

const binary = await findVersitygw()
const classPath = await findJava()

interface Opened {
  readonly server: Versitygw
  readonly io: ReturnType<typeof openS3>
}

async function open(): Promise<Opened> {
  const server = await startVersitygw(binary ?? '')
  await server.createBucket('lake')
  const io = openS3({
    's3.endpoint': server.endpoint,
    's3.access-key': server.accessKey,
    's3.secret-key': server.secretKey,
  })
  return { server, io }
}

async function goldenStorage(): Promise<GoldenStorage> {
  const { server, io } = await open()
  await copyGoldenTables(io, 's3://lake/golden')
  return {
    io,
    warehouse: 's3://lake/golden',
    async [Symbol.asyncDispose]() {
      await io.close()
      await server.close()
    },
  }
}

/** versitygw lists keys as they are, and XML has no U+FFFF; it reads and writes such a key right. */
const asListed = (path: string): string => path.replaceAll('\uffff', '\ufffd')

describe.skipIf(binary === null)('tables on versitygw', () => {
  goldenSuite('versitygw', goldenStorage)

  describe('random tables, and Java', () => {
    let opened: Opened
    let java: JavaPaimon

    beforeAll(async () => {
      opened = await open()
      java = new JavaPaimon(classPath)
    })

    afterAll(async () => {
      await java[Symbol.asyncDispose]()
      await opened.io.close()
      await opened.server.close()
    })

    test('tables hold what the model holds', async () => {
      const checked = checkScenarios(opened.io, 's3://lake/model', 10, asListed)
      await expect(checked).resolves.toBeUndefined()
    })

    const plans = typeTablePlans().filter(({ bucketCount, isThin }) => bucketCount !== 7 && !isThin)
    test.each(plans.map((plan) => [planTitle(plan), plan] as const))(
      'Java reads and compacts %s',
      async (title, plan) => {
        const { server, io } = opened
        const location = 's3://lake/shared'
        const table = await typeTable(plan)
        const rows = new RandomRows(table, title.length, { java: true })
        const warehouse = java.warehouse(location, {
          's3.endpoint': server.endpoint,
          's3.access-key': server.accessKey,
          's3.secret-key': server.secretKey,
          's3.path.style.access': 'true',
          's3.endpoint.region': 'us-east-1',
        })
        const name = `db.t${plans.indexOf(plan)}`
        const shared = await SharedTable.create(
          name,
          table,
          warehouse,
          { io, warehouse: location },
          'we',
        )
        await shared.weWrite(rows.next(60))
        await shared.check()
        await shared.javaWrites(rows.next(40))
        await shared.weWrite(rows.next(40))
        await shared.check()
        await shared.javaCompacts()
        await shared.check()
        expect(await shared.java.read(`${name}$snapshots`)).toHaveLength(4)
      },
    )
  })
})
