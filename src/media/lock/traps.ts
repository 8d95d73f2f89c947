import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Targets } from './attack.ts'

const mode = 0o600

/** Files to read and folders to write into, some of which no program may see. */
async function layFiles(parent: string, opened: AsyncDisposableStack) {
  await mkdir(parent, { recursive: true, mode: 0o700 })
  const root = await mkdtemp(path.join(parent, 'canary-'))
  opened.defer(() => rm(root, { recursive: true, force: true }))
  const [videos, work, elsewhere] = [path.join(root, 'videos'), path.join(root, 'work'), path.join(root, 'elsewhere')]
  for (const folder of [videos, work, elsewhere]) await mkdir(folder)
  const source = path.join(videos, 'source.wav')
  const secret = path.join(videos, 'secret.wav')
  const readable = path.join(videos, 'readable.wav')
  const content = silence()
  const lay = async (...files: string[]) => {
    for (const file of files) await writeFile(file, content)
    for (const file of files) await chmod(file, mode)
  }
  await lay(source, secret, readable)
  return { videos, work, elsewhere, source, secret, readable, content, lay }
}

/** Listeners of this machine, which count who reaches them. */
async function listenAround(opened: AsyncDisposableStack) {
  // A path of a unix socket has at most 107 characters.
  const short = await mkdtemp(path.join(tmpdir(), 'darkroom-'))
  opened.defer(() => rm(short, { recursive: true, force: true }))
  const count = { reached: 0 }
  const listen = async (server: Server, at: { host: string; port: number } | { path: string }) => {
    server.on('connection', socket => {
      count.reached++
      socket.on('error', () => {}).destroy()
    })
    server.listen(at)
    opened.defer(() => void server.close())
    await once(server, 'listening')
    return server
  }
  const tcp = await listen(createServer(), { host: '127.0.0.1', port: 0 })
  const unix = path.join(short, 'socket')
  await listen(createServer(), { path: unix })
  const udp = createSocket('udp4').on('message', () => count.reached++)
  opened.defer(() => void udp.close())
  udp.bind(0, '127.0.0.1')
  await once(udp, 'listening')
  return { count, unix, tcp: (tcp.address() as AddressInfo).port, udp: udp.address().port }
}

/**
 * A source with a secret beside it, a folder to work in, and listeners that no program may reach. What was reached is
 * counted here, whatever the program says that it did.
 */
export async function setTraps(parent: string) {
  await using opened = new AsyncDisposableStack()
  const { videos, work, elsewhere, source, secret, readable, content, lay } = await layFiles(parent, opened)
  const { count, unix, tcp, udp } = await listenAround(opened)
  const targets: Targets = {
    ...{ secret, pid: process.pid, unix, tcp, udp },
    whole: [secret, readable],
    outside: [path.join(elsewhere, 'written'), path.join(videos, 'written')]
  }
  const parts = opened.move()
  return {
    source,
    readable,
    work,
    targets,
    /** What has been reached or written since the last look. */
    async sprung() {
      // A message may be in the socket still.
      await delay(20)
      const written = []
      for (const folder of [elsewhere, videos]) {
        for (const name of await readdir(folder)) if (!/\.wav$/.test(name)) written.push(path.join(folder, name))
      }
      const facts = await Promise.all([secret, readable].map(file => stat(file)))
      const changed = facts.some(fact => fact.size !== content.length || (fact.mode & 0o777) !== mode)
      await lay(secret, readable)
      await Promise.all(written.map(file => rm(file, { recursive: true, force: true })))
      const network = count.reached > 0
      count.reached = 0
      return { network, files: changed || written.length > 0 }
    },
    close: () => parts.disposeAsync()
  }
}

export type Traps = Awaited<ReturnType<typeof setTraps>>

/** A tenth of a second of sound: 8000 samples a second, of one byte each. */
function silence() {
  const samples = Buffer.alloc(800, 128)
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + samples.length, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(8000, 24)
  header.writeUInt32LE(8000, 28)
  header.writeUInt16LE(1, 32)
  header.writeUInt16LE(8, 34)
  header.write('data', 36)
  header.writeUInt32LE(samples.length, 40)
  return Buffer.concat([header, samples])
}
