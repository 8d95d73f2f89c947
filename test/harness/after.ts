import { openEmbedded } from '../../src/database/embedded.ts'
import { home, leaveHome } from './cluster.ts'

/** Runs once after all test files. */
const server = await openEmbedded({ dataDir: home, log: () => {}, durable: false })
await server.stop()
await leaveHome()
process.exit()
