import { loadKinds } from '../catalogue.ts'
import { readConfig } from '../config.ts'
import { runBody } from './body.ts'
import type { FromChild, Run, StopReason, ToChild } from './protocol.ts'

/**
 * The other side of the worker's pipe: runs one body at a time, knows no database. It leads a process group of its
 * own, so that everything a body starts can be ended with it.
 */
const kinds = await loadKinds(readConfig())

let running: AbortController | undefined

process.on('message', (message: ToChild) => {
  if (message.type === 'run') void run(message)
  else stop(message.reason)
})

// The worker sends this to the whole group, ffmpeg included; a body that listens to its signal can tidy up.
process.on('SIGTERM', () => {
  if (running) stop('cancelled')
  else process.exit(0)
})

// Without a worker nobody would take the outcome: nothing of this group may live on.
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'))

say({ type: 'ready' })

async function run({ id, task, args, attempt }: Run) {
  const controller = new AbortController()
  running = controller
  const kind = kinds.get(task)
  say({ type: 'started', at: Date.now() })
  if (!kind) {
    // A newer worker may know it.
    const error = { type: 'UnknownTask', message: `This worker does not know the task "${task}"` }
    running = undefined
    say({ type: 'failure', error, retry: true, peak_memory: 0 })
    return
  }
  const finished = await runBody(kind, args, {
    id,
    attempt,
    signal: controller.signal,
    progress: (fraction, detail) => say({ type: 'progress', fraction, detail }),
    log: line => say({ type: 'log', line: String(line).slice(0, 10_000) })
  })
  running = undefined
  say(finished)
}

function stop(reason: StopReason) {
  running?.abort(new DOMException(`The task is to stop: ${reason}`, 'AbortError'))
}

function say(message: FromChild) {
  // The pipe can break under our hands; the disconnect handler ends the process then.
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}
