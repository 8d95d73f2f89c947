import { openEmbedded } from '../../src/database/embedded.ts'
import { forgetUrls, home } from './cluster.ts'

/** Runs once after all test files. */
const server = await openEmbedded({ dataDir: home, log: () => {}, durable: false })
await server.stop()
await forgetUrls()
process.exit()
