import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { processesAbout, skipWithoutProc } from './processes.ts'
import { until } from './until.ts'

const cli = path.resolve(import.meta.dirname, '../../src/cli.ts')

export interface Program {
  pid: number
  dataDir: string
  stdout: Readable
  /** The lines of its log so far, and its other output. */
  said: string[]
  /** The first line with a text in it, as soon as there is one. Fails when the process ends before. */
  heard(text: string): Promise<string>
  kill(signal: NodeJS.Signals): void
  exited: Promise<{ code: number | null; signal: string | null }>
}

interface Options {
  env?: NodeJS.ProcessEnv
  options?: string[]
}

/** A command as an operator starts it, in a folder of its own, such as `darkroom server`. */
export async function startProgram(t: Test, command: string, { env, options = [] }: Options = {}): Promise<Program> {
  const dataDir = await mkdtemp(path.join(tmpdir(), `darkroom-${command}-`))
  t.teardown(() => rm(dataDir, { recursive: true, force: true }))
  const { PATH, NODE_COMPILE_CACHE } = process.env
  const started = spawn(process.execPath, [cli, command, ...options], {
    // As scripts/prepare starts it, with the modules compiled.
    env: { PATH, NODE_COMPILE_CACHE, DATA_DIR: dataDir, PORT: '0', WORKER_CONCURRENCY: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const closed = once(started, 'close')
  const exited = once(started, 'exit').then(async ([code, signal]) => {
    // Its last output may come after its end, but processes that it has left running may keep the pipe open.
    await Promise.race([closed, delay(1_000)])
    return { code, signal }
  })
  t.teardown(async () => {
    started.kill('SIGKILL')
    await exited
    if (skipWithoutProc) return
    for (const pid of await processesAbout(dataDir)) process.kill(pid, 'SIGKILL')
  })

  const said: string[] = []
  for (const stream of [started.stdout, started.stderr]) {
    createInterface({ input: stream }).on('line', line => said.push(line))
  }
  let over = false
  exited.then(() => {
    over = true
  })

  return {
    pid: started.pid!,
    dataDir,
    stdout: started.stdout,
    said,
    async heard(text) {
      const find = () => said.find(line => line.includes(text))
      await until(() => find() !== undefined || over, `${command} says "${text}"`)
      const line = find()
      if (line === undefined) throw new Error(`${command} ended before it said "${text}":\n${said.join('\n')}`)
      return line
    },
    kill: signal => void started.kill(signal),
    exited
  }
}

/** The address of an API or a server, as soon as it answers. */
export async function addressOf({ heard }: Program): Promise<string> {
  return /http:[^"]+/.exec(await heard(': http:'))![0]
}
