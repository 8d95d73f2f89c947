import { execFile, spawn } from 'node:child_process'
import { chown, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { until } from './until.ts'

const run = promisify(execFile)
const versions = await readdir('/usr/lib/postgresql').catch(() => [])
const bin = versions.length > 0 ? `/usr/lib/postgresql/${versions.sort().at(-1)}/bin` : undefined

/** The Postgres of Debian's packages: the embedded one comes without pg_dump. */
export const skipWithoutDebian = bin === undefined && 'There is no Postgres in /usr/lib/postgresql'

// Root may not run Postgres; nobody may.
const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

/** A cluster of its own, gone when the test is over. Answers the URL of its superuser. */
export async function openDebian(t: Test): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-debian-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  if (account.uid) await chown(folder, account.uid, account.gid)
  const data = path.join(folder, 'data')
  await run(`${bin}/initdb`, ['-D', data, '-U', 'postgres', '-A', 'trust', '-N'], { ...account, cwd: folder })
  const port = await freePort()
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', `unix_socket_directories=${folder}`, 'fsync=off']
  const server = spawn(`${bin}/postgres`, ['-D', data, ...settings.flatMap(each => ['-c', each])], {
    ...account,
    cwd: folder,
    stdio: 'ignore'
  })
  const ended = new Promise(resolve => server.once('exit', resolve))
  t.teardown(async () => {
    server.kill('SIGINT')
    await ended
  })
  await until(
    () => debian('pg_isready', ['-h', '127.0.0.1', '-p', String(port)]).catch(() => false),
    'Postgres is ready'
  )
  return `postgres://postgres@127.0.0.1:${port}/postgres`
}

/** Runs one of its programs. */
export async function debian(program: string, args: string[]) {
  await run(`${bin}/${program}`, args)
  return true
}

async function freePort() {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
