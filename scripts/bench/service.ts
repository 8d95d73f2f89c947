import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { findEmbedded } from '../../src/database/embedded.ts'

const root = path.resolve(import.meta.dirname, '../..')

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
  const server = spawn(process.execPath, [path.join(root, 'src/cli.ts'), 'server'], {
    env: { ...process.env, DATABASE_URL: '', DATA_DIR: dataDir, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  const address = await readiness(server)
  const database = new pg.Client({ connectionString: await findEmbedded(dataDir) })
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

async function readiness(server: ChildProcess) {
  const lines = createInterface(server.stdout!)
  for await (const line of lines) {
    const [, address] = /is ready: (http\S+?)"?[,}]/.exec(line) ?? []
    if (address) {
      // Nobody reads the rest; it must not fill the pipe.
      server.stdout!.resume()
      return address
    }
  }
  throw new Error('The server ended before it was ready')
}

/** Bytes that a process has in memory now, and had at most. */
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
