import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { link, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Account, asAccount } from './account.ts'
import type { Binaries } from './binaries.ts'
import { clusterFolder, refuseForeign, writeSettings } from './cluster.ts'
import { EmbeddedError } from './error.ts'

/** The running server, as its own postmaster.pid tells it. */
export interface Postmaster {
  pid: number
  port: number
  status: string
}

export interface Launch {
  dataDir: string
  binaries: Binaries
  account: Account
  durable: boolean
  log: (message: string) => void
  /** Taken if it is free; a fixed one is waited for. */
  port?: number
  signal?: AbortSignal | undefined
}

const limit = 60_000
const largestLog = 8 * 1024 ** 2
// pg_ctl looks ten times a second; looking is one small read, and people wait for it.
const pause = 10

export async function findPostmaster(dataDir: string): Promise<Postmaster | undefined> {
  const folder = clusterFolder(dataDir)
  const text = await readFile(path.join(folder, 'postmaster.pid'), 'utf8').catch(refuseForeign(folder))
  const [pid, , , port, , , , status] = text?.split('\n') ?? []
  if (!pid || !(await isPostmaster(Number(pid), folder))) return undefined
  return { pid: Number(pid), port: Number(port), status: status?.trim() ?? 'starting' }
}

/**
 * A pid alone proves nothing: after a crash of the machine, and in containers all the time, it is soon somebody else's;
 * and where nobody reaps orphans a dead server keeps its pid. But a live one works in its data folder.
 */
async function isPostmaster(pid: number, folder: string) {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  if (process.platform !== 'linux') return true

  try {
    const [theirs, ours] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(folder)])
    return theirs.dev === ours.dev && theirs.ino === ours.ino
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return false
    // Root in a container may not look there; the command line is for everyone, and empty for the dead.
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return path.basename(command.split('\0')[0]!) === 'postgres'
  }
}

/** Ends with a server that accepts connections: the one that is there, after a crash of ours perhaps, or a new one. */
export async function ensurePostmaster(launch: Launch): Promise<Postmaster> {
  const deadline = performance.now() + limit
  const wait = waiting(launch)
  let port = launch.port ?? (await lastPort(launch.dataDir))

  while (performance.now() < deadline) {
    launch.signal?.throwIfAborted()
    const running = await findPostmaster(launch.dataDir)
    if (running?.status === 'ready') return running

    const free = await freePort(port)
    if (running || (launch.port && free !== launch.port)) {
      await wait()
      continue
    }

    const reason = await start(launch, { port: free, wait, deadline })
    if (reason === undefined) continue
    const lockFile = /lock file "(?:\.\/)?([^"/]+)" (?:already exists|is empty)/.exec(reason)?.[1]
    if (lockFile) await discardStale(launch.dataDir, lockFile)
    else if (/Address already in use/.test(reason)) port = launch.port
    // Orphans of a killed server finish what they were doing first.
    else if (!/pre-existing shared memory block/.test(reason)) throw refusal(reason, launch.dataDir)
    await wait()
  }

  const where = logFile(launch.dataDir)
  if (await findPostmaster(launch.dataDir)) {
    throw new EmbeddedError(
      `Postgres is still recovering after ${limit / 1000} s; it goes on by itself, so try again in a while ` +
        `(${where} says how far it is)`
    )
  }
  throw new EmbeddedError(`Postgres did not start within ${limit / 1000} s; ${where} says:\n${await lastLines(where)}`)
}

/**
 * The server is a child of ours in a session of its own, so that a Ctrl-C on our terminal does not reach it and we can
 * stop it last; and should we die it lives on, to be found by the next of us. That is what pg_ctl does too, but pg_ctl
 * would open the log as the account, which may not write to DATA_DIR, and looks only every 100 ms.
 *
 * Ends when the server is ready, or with what it wrote when it gave up.
 */
async function start(
  { dataDir, binaries, account, durable }: Launch,
  { port, wait, deadline }: { port: number; wait: () => Promise<void>; deadline: number }
) {
  await writeSettings(dataDir, account)
  const log = await openLog(dataDir)
  const { size } = await log.stat()

  const [file, args, how] = asAccount(account, binaries.postgres, [
    '-D',
    clusterFolder(dataDir),
    ...flag('port', port),
    ...flag('listen_addresses', '127.0.0.1'),
    // A relative path, to the data folder: an absolute one is soon longer than the 107 bytes that a socket's may have.
    ...flag('unix_socket_directories', '.'),
    ...(durable ? [] : ['fsync', 'full_page_writes'].flatMap(name => flag(name, 'off')))
  ])
  const server = spawn(file, args, { ...how, detached: true, stdio: ['ignore', log.fd, log.fd] })
  let exited = false
  server.once('exit', () => (exited = true))
  await once(server, 'spawn').finally(() => log.close())
  server.unref()

  try {
    while (!exited && performance.now() < deadline) {
      const running = await findPostmaster(dataDir)
      if (running?.pid === server.pid && running?.status === 'ready') return undefined
      await wait()
    }
  } catch (error) {
    // Nobody else knows of this one: left alone it would run for good.
    await end(server)
    throw error
  }
  return exited ? readFrom(logFile(dataDir), size) : undefined
}

/** Of a server that is not up yet; as a child of ours it can be stopped before it has written down that it is there. */
async function end(server: ChildProcess) {
  server.ref()
  for (const [signal, seconds] of stopping) {
    if (server.exitCode !== null || server.signalCode !== null) return
    server.kill(signal)
    await Promise.race([once(server, 'exit'), sleep(seconds * 1000, undefined, { ref: false })])
  }
}

function flag(name: string, value: string | number) {
  return ['-c', `${name}=${value}`]
}

/** Fast: whoever is connected is disconnected, and what is committed is on disk. The rest is for when that hangs. */
const stopping = [
  ['SIGINT', 30],
  ['SIGQUIT', 10],
  ['SIGKILL', 5]
] as const

export async function stopPostmaster(dataDir: string, pid: number) {
  const folder = clusterFolder(dataDir)
  for (const [signal, seconds] of stopping) {
    if (!(await isPostmaster(pid, folder))) return
    process.kill(pid, signal)
    const deadline = performance.now() + seconds * 1000
    while (performance.now() < deadline && (await isPostmaster(pid, folder))) await sleep(pause)
  }
}

/**
 * Postgres trusts a live pid in its lock files, and an empty file, and gives up; we know better whether that process is a
 * server of this data, and that a file which has been empty for seconds is not about to be written.
 */
async function discardStale(dataDir: string, lockFile: string) {
  const folder = clusterFolder(dataDir)
  const file = path.join(folder, lockFile)
  const { size, mtimeMs } = await stat(file).catch(() => ({ size: 0, mtimeMs: Date.now() }))
  if ((await findPostmaster(dataDir)) || (size === 0 && Date.now() - mtimeMs < 2_000)) return

  const aside = `${file}.${randomBytes(4).toString('hex')}`
  try {
    await rename(file, aside)
    const pid = Number((await readFile(aside, 'utf8')).split('\n')[0])
    // Somebody else may have started one since we looked: then the file is theirs, and goes back.
    if (await isPostmaster(pid, folder)) await link(aside, file)
    await rm(aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

/** The port that it had before, so that what people have noted down stays true. */
async function lastPort(dataDir: string) {
  const options = await readFile(path.join(clusterFolder(dataDir), 'postmaster.opts'), 'utf8').catch(() => '')
  const port = /"port=(\d+)"/.exec(options)?.[1]
  return port ? Number(port) : undefined
}

async function freePort(wanted = 0): Promise<number> {
  const server = createServer()
  try {
    server.listen(wanted, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as { port: number }).port
  } catch (error) {
    if (wanted === 0) throw error
    return freePort()
  } finally {
    server.close()
  }
}

export function logFile(dataDir: string) {
  return path.join(dataDir, 'postgres.log')
}

async function openLog(dataDir: string) {
  const file = logFile(dataDir)
  try {
    const { size } = await stat(file).catch(() => ({ size: 0 }))
    if (size > largestLog) await rename(file, `${file}.1`)
    return await open(file, 'a', 0o600)
  } catch (cause) {
    throw new EmbeddedError(`DATA_DIR ${dataDir} is not a folder that we may write to`, { cause })
  }
}

async function readFrom(file: string, position: number) {
  const text = await readFile(file)
  return text.subarray(position).toString()
}

async function lastLines(file: string) {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.trim().split('\n').slice(-10).join('\n')
}

function refusal(reason: string, dataDir: string) {
  if (/No space left on device/.test(reason)) {
    return new EmbeddedError(`There is no space left in ${dataDir} for the database to start`)
  }
  const lines = reason.trim().split('\n').slice(-10).join('\n')
  return new EmbeddedError(`Postgres does not start on ${clusterFolder(dataDir)}; its last words:\n${lines}`)
}

/** Waits a moment; says every few seconds that, and on what. */
function waiting({ dataDir, log, signal }: Launch) {
  let next = performance.now() + 3_000
  return async () => {
    await sleep(pause, undefined, { signal })
    if (performance.now() < next) return
    next = performance.now() + 5_000
    const line = (await lastLines(logFile(dataDir))).split('\n').at(-1)
    log(`Waiting for Postgres to get ready: ${line}`)
  }
}
