/** The storage, and what the test server claims to be, against a second real S3 store. */
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3'
import { describe } from 'vitest'

import { openS3 } from '../../src/io/s3.ts'
import { fileIoSuite } from '../support/file-io-suite.ts'
import { s3Conformance } from '../support/s3-conformance.ts'
import { findVersitygw, startVersitygw } from './support/versitygw.ts'

const binary = await findVersitygw()

describe.skipIf(binary === null)('versitygw', () => {
  s3Conformance('versitygw', () => startVersitygw(binary ?? ''), { raceRounds: 20 })

  fileIoSuite(
    'S3FileIO on versitygw',
    async () => {
      const server = await startVersitygw(binary ?? '')
      await server.createBucket('lake')
      const io = openS3({
        's3.endpoint': server.endpoint,
        's3.access-key': server.accessKey,
        's3.secret-key': server.secretKey,
      })
      const client = new S3Client({
        endpoint: server.endpoint,
        region: 'us-east-1',
        forcePathStyle: true,
        credentials: { accessKeyId: server.accessKey, secretAccessKey: server.secretKey },
      })
      return {
        io,
        root: 's3://lake/wh',
        leftovers: async () => {
          const { Uploads = [] } = await client.send(
            new ListMultipartUploadsCommand({ Bucket: 'lake' }),
          )
          return Uploads.map(({ Key = '' }) => Key)
        },
        close: async () => {
          client.destroy()
          await io.close()
          await server.close()
        },
      }
    },
    { bigBytes: 20_000_000, raceRounds: 50 },
  )
})
