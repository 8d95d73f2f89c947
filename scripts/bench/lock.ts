import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { findMediaTools } from '../../src/media/binaries.ts'
import { commandIn, underLock } from '../../src/media/lock/lock.ts'
import { proveLock } from '../../src/media/lock/prove.ts'

/**
 * What the lock around ffmpeg costs: each start of a program, with and without, in turns; and its proof.
 *
 *   node scripts/bench/lock.ts [rounds]
 */
const rounds = Number(process.argv[2] ?? 20)
const run = promisify(execFile)
const tools = await findMediaTools()

const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-bench-'))
const before = performance.now()
const { way, sandbox } = await proveLock(tools, folder)
const proof = performance.now() - before
await rm(folder, { recursive: true, force: true })
if (way === undefined) throw new Error(`No way of locking a program in works here: ${JSON.stringify(sandbox.missing)}`)

const program = '/bin/true'
const commands = { 'without a lock': underLock(program, [], {}), [way]: commandIn(way, program, [], {}) }
const times = new Map(Object.keys(commands).map(name => [name, [] as number[]]))
for (let round = 0; round <= rounds; round++) {
  for (const [name, { file, args, env }] of Object.entries(commands)) {
    const start = performance.now()
    await run(file, args, { env })
    // The first start fills the compile cache.
    if (round > 0) times.get(name)!.push(performance.now() - start)
  }
}

console.log(`The proof of "${way}" (files: ${sandbox.files}, network: ${sandbox.network}): ${Math.round(proof)} ms`)
for (const [name, all] of times) {
  const sorted = all.toSorted((one, other) => one - other)
  const [least, median] = [sorted[0]!, sorted[Math.floor(sorted.length / 2)]!]
  console.log(`A start, ${name}: ${least.toFixed(1)} ms at least, ${median.toFixed(1)} ms in the middle of ${rounds}`)
}
