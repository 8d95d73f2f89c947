import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../service.ts'

export interface Peer {
  address: string
  stop(): Promise<void>
}

/** The peer on a Redis of its own that syncs each write to the disk, as Postgres does. */
export async function startPeer(): Promise<Peer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-peer-'))
  const [redisPort, port] = [await freePort(), await freePort()]
  const program = path.join(import.meta.dirname, 'bullmq.ts')
  const settings = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
  const running: ChildProcess[] = []
  const start = (command: string, args: string[]) => {
    running.push(spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] }))
  }
  start('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--dir', folder, ...settings])
  start(process.execPath, [program, 'api', String(redisPort), String(port)])
  start(process.execPath, [program, 'worker', String(redisPort)])

  const address = `http://127.0.0.1:${port}`
  for (let tries = 300; !(await fetch(`${address}/open`).catch(() => undefined))?.ok; tries--) {
    if (tries === 0) throw new Error('The peer was not ready within 30 s')
    await delay(100)
  }
  return {
    address,
    async stop() {
      for (const each of running.toReversed()) {
        each.kill('SIGTERM')
        if (each.exitCode === null && each.signalCode === null) await once(each, 'exit')
      }
      await rm(folder, { recursive: true, force: true })
    }
  }
}
