import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../service.ts'
import type { Contender } from './contender.ts'

/** BullMQ on a Redis of its own that syncs each write to the disk, as Postgres does. */
export async function startBullmq(): Promise<Contender> {
  const folder = await mkdtemp(path.join(tmpdir(), 'darkroom-peer-'))
  const [redisPort, port] = [await freePort(), await freePort()]
  const program = path.join(import.meta.dirname, 'bullmq.ts')
  const settings = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
  const start = (command: string, args: string[]) => spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const running: ChildProcess[] = [
    start('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--dir', folder, ...settings]),
    start(process.execPath, [program, 'api', String(redisPort), String(port)]),
    start(process.execPath, [program, 'worker', String(redisPort)])
  ]
  const address = `http://127.0.0.1:${port}`
  const read = async <T>(where: string) => (await (await fetch(`${address}${where}`)).json()) as T
  async function stop() {
    for (const each of running.toReversed()) {
      each.kill('SIGTERM')
      if (each.exitCode === null && each.signalCode === null) await once(each, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  }
  for (let tries = 300; !(await fetch(`${address}/open`).catch(() => undefined))?.ok; tries--) {
    if (tries > 0) await delay(100)
    else {
      await stop()
      throw new Error('BullMQ was not ready within 30 s')
    }
  }
  const submission = { path: '/api/tasks/process', body: { data: 'hello' } }
  return {
    address,
    usual: submission,
    stamp: submission,
    pids: running.map(({ pid }) => pid!),
    async result(id) {
      for (let tries = 3_000; tries > 0; tries--) {
        const { result } = await read<{ result: { at: number } | null }>(`/api/tasks/${id}`)
        if (result) return result.at
        await delay(10)
      }
      throw new Error('BullMQ did not run a task within 30 s')
    },
    async lastEnd() {
      if ((await read<{ open: number }>('/open')).open > 0) return
      return (await read<{ finished_at: number }>('/last')).finished_at
    },
    stop
  }
}
