import { s3Conformance } from '../support/s3-conformance.ts'
import { startS3Server } from '../support/s3-server.ts'

s3Conformance('the test server', async () => {
  const server = await startS3Server()
  return { endpoint: server.endpoint, ...server.credentials, close: server.close }
})

s3Conformance(
  'the test server with temporary credentials and short races',
  async () => {
    const server = await startS3Server({ sessionToken: 'a session token' })
    return { endpoint: server.endpoint, ...server.credentials, close: server.close }
  },
  { raceRounds: 1 },
)
