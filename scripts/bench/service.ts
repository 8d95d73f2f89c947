import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { findEmbedded } from '../../src/database/embedded.ts'

const root = path.resolve(import.meta.dirname, '../..')
const NODE_COMPILE_CACHE = path.join(root, 'node_modules/.cache/compile')

export interface Service {
  address: string
  database: pg.Client
  dataDir: string
  /** The process that answers requests. */
  pid: number
  stop(): Promise<void>
}

/** A whole server with durable settings, as a user starts it, on a folder of its own beside the project's. */
export async function startService(env: Record<string, string> = {}): Promise<Service> {
  const dataDir = await mkdtemp(path.join(root, 'node_modules/.cache-bench-'))
  const port = await freePort()
  // As scripts/server does, this and the flag.
  spawnSync(process.execPath, [path.join(root, 'src/compile.ts')], {
    env: { ...process.env, NODE_COMPILE_CACHE, ...env }
  })
  const server = spawn(process.execPath, ['--max-semi-space-size=8', path.join(root, 'src/cli.ts'), 'server'], {
    env: { ...process.env, NODE_COMPILE_CACHE, DATABASE_URL: '', DATA_DIR: dataDir, PORT: String(port), ...env },
    stdio: ['ignore', 'ignore', 'inherit']
  })
  const address = `http://127.0.0.1:${port}`
  await readiness(server, address)
  const database = new pg.Client({ connectionString: await findEmbedded(dataDir, 'superuser') })
  database.on('error', () => {})
  await database.connect()
  return {
    address,
    database,
    dataDir,
    pid: server.pid!,
    async stop() {
      await database.end()
      server.kill('SIGTERM')
      if (server.exitCode === null) await once(server, 'exit')
      await rm(dataDir, { recursive: true, force: true })
    }
  }
}

async function readiness(server: ChildProcess, address: string) {
  for (let tries = 600; tries > 0; tries--) {
    if (server.exitCode !== null) throw new Error('The server ended before it was ready')
    const answer = await fetch(`${address}/health/ready`).catch(() => undefined)
    if (answer?.ok) return
    await delay(100)
  }
  throw new Error('The server was not ready within a minute')
}

export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  return port
}

/** Memory of a process now and at its peak, in bytes. */
export async function memoryOf(pid: number) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1])
  return { now: kilobytes('VmRSS') * 1024, peak: kilobytes('VmHWM') * 1024 }
}

export function median(values: number[]) {
  return percentile(values, 50)
}

export function percentile(values: number[], p: number) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * p) / 100))]!
}

export function mebibytes(bytes: number) {
  return `${(bytes / 1024 ** 2).toFixed(0)} MiB`
}
