import { flushCompileCache } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { loadKind } from '../../catalogue.ts'
import { readConfig } from '../../config.ts'
import type { Kind } from '../../tasks/define.ts'
import { abortReason, failure, runBody } from './body.ts'
import { takeTypeboxFrom } from './one-file.ts'
import { afterAttempt, beforeAttempt } from './own-memory.ts'
import type { FromChild, Run, Source, StopReason, ToChild } from './protocol.ts'

/**
 * The other side of the worker's pipe: runs one body at a time, knows no database. It leads a process group of its
 * own, so that everything a body starts can be ended with it.
 *
 * How soon it is there counts: each is replaced after a number of tasks. So it loads a kind when it first runs it, or
 * when it is told at its start what the others have run of late.
 */
const config = readConfig()

// The pipe is ours alone: a body that says something through it would be heard as the end of an attempt, or worse. What
// asks whether it has a parent, as many programs do that also run under a manager of processes, finds that it has none.
const send = process.send?.bind(process)
delete process.send

const kinds = new Map<string, Kind>()
if (process.env.DARKROOM_TYPEBOX) takeTypeboxFrom(process.env.DARKROOM_TYPEBOX)

// Milliseconds. A module that waits for a server of its own, say, must not keep the others waiting.
const longestWarming = 1_000

let running: AbortController | undefined

process.on('message', (message: ToChild) => {
  if (message.type === 'run') void run(message)
  else if (message.type === 'abort') stop(message.reason)
  else void warm(message.kinds)
})

// The worker sends this to the whole group, ffmpeg included; a body that listens to its signal can tidy up.
process.on('SIGTERM', () => {
  if (running) stop('cancelled')
  else process.exit(0)
})

// Without a worker nobody would take the outcome: nothing of this group may live on.
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'))

async function warm(sources: Source[]) {
  // What does not load says so when it is run, and what takes long goes on meanwhile.
  await Promise.race([Promise.allSettled(sources.map(load)), delay(longestWarming)])
  say({ type: 'ready' })
  // Usually kept at a process' end, which for us is a SIGKILL.
  flushCompileCache()
}

async function load({ task, file }: Source): Promise<Kind> {
  const kind = await loadKind(config, task, file)
  kinds.set(task, kind)
  return kind
}

async function run({ id, task, file, args, attempt }: Run) {
  beforeAttempt()
  const known = kinds.get(task)
  if (!known) say({ type: 'loading' })
  let kind: Kind
  try {
    kind = known ?? (await load({ task, file }))
  } catch (error) {
    return say({ ...failure(error), ...afterAttempt() })
  }
  const controller = new AbortController()
  running = controller
  const at = Date.now()
  // Many are over at once: for them one message less, which is a third of what the worker has to do.
  let soon: NodeJS.Immediate | undefined = setImmediate(begun)
  if (!known) begun()
  function begun() {
    if (!soon) return
    clearImmediate(soon)
    soon = undefined
    say({ type: 'started', at })
  }
  const finished = await runBody(kind, args, {
    id,
    attempt,
    signal: controller.signal,
    progress(fraction, detail) {
      begun()
      say({ type: 'progress', fraction, detail })
    },
    log(line) {
      begun()
      say({ type: 'log', line: String(line).slice(0, 10_000) })
    }
  })
  running = undefined
  if (soon) clearImmediate(soon)
  const memory = afterAttempt()
  say(soon ? { ...finished, ...memory, started_at: at } : { ...finished, ...memory })
}

function stop(reason: StopReason) {
  running?.abort(abortReason(reason))
}

function say(message: FromChild) {
  // The pipe can break under our hands; the disconnect handler ends the process then.
  if (process.connected) send?.(message, undefined, undefined, () => {})
}
