import { openEmbedded } from '#database/embedded.ts'

// A server of its own for test/database/embedded.test.ts, to be killed, or stopped by closing its input.
const embedded = await openEmbedded({ dataDir: process.argv[2]!, durable: false, log: () => {} }).catch(error => {
  process.stdout.write(`${JSON.stringify({ refused: error.message })}\n`)
  process.exit(1)
})
process.stdout.write(`${JSON.stringify({ url: embedded.url })}\n`)
process.stdin.resume().once('end', () => embedded.stop())
