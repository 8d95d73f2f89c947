import { openEmbedded } from '../../src/database/embedded.ts'
import { forgetUrl, home } from './cluster.ts'

/** Runs once after all test files. */
const server = await openEmbedded({ dataDir: home, log: () => {}, durable: false })
await server.stop()
await forgetUrl()
process.exit()
