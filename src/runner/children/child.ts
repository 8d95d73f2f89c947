import { flushCompileCache } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { provideDatabaseUrl } from '../../calling/database-url.ts'
import { loadKind } from '../../catalogue.ts'
import { readConfig } from '../../config.ts'
import type { Kind } from '../../tasks/define.ts'
import { abortReason, failure, runBody } from './body.ts'
import { takeTypeboxFrom } from './one-file.ts'
import { afterAttempt, beforeAttempt } from './own-memory.ts'
import type { FromChild, Run, Source, StopReason, ToChild } from './protocol.ts'
import { reporter } from './reporter.ts'

/**
 * The other end of the worker's pipe: runs one body at a time, knows no database. It leads a process group of its own,
 * so that everything a body starts can be ended with it.
 *
 * It must be ready soon, for each child is replaced after a number of tasks. So it loads a kind when it first runs it,
 * or when the worker names it at the start, because other children have run it of late.
 */
const config = readConfig()

// The pipe is this program's: what a body sent through it would be taken for the end of an attempt, or worse. A body
// that asks whether it has a parent, as programs do that also run under a process manager, finds that it has none.
const sendToWorker = process.send?.bind(process)
delete process.send

const kinds = new Map<string, Kind>()
if (process.env.DARKROOM_TYPEBOX) takeTypeboxFrom(process.env.DARKROOM_TYPEBOX)

// Milliseconds. A module that waits for a server of its own, say, must not keep the others waiting.
const longestWarming = 1_000
// Milliseconds in which the reason arrives that the worker has sent before its SIGTERM.
const reasonArrives = 500

let running: AbortController | undefined

// Asked for when a body first needs it: it is a secret, and most bodies have no use for it.
const databaseUrl = Promise.withResolvers<string>()
provideDatabaseUrl(() => {
  send({ type: 'database' })
  return databaseUrl.promise
})

process.on('message', (message: ToChild) => {
  if (message.type === 'run') void run(message)
  else if (message.type === 'abort') stop(message.reason)
  else if (message.type === 'database') databaseUrl.resolve(message.url)
  else void warm(message.kinds)
})

// The worker sends this to the whole group, ffmpeg included; a body that listens to its signal can tidy up. The reason
// is in a message that the signal may overtake; without one the signal came from elsewhere.
process.on('SIGTERM', () => {
  const told = running
  if (told) setTimeout(() => told.abort(abortReason('shutdown')), reasonArrives)
  else process.exit(0)
})

// Without a worker no outcome can be delivered: nothing of this group may live on.
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'))

async function warm(sources: Source[]) {
  // A module that does not load is reported when it is run; one that takes long goes on meanwhile.
  await Promise.race([Promise.allSettled(sources.map(load)), delay(longestWarming)])
  send({ type: 'ready' })
  // Node.js writes it when a process exits; a child is ended by SIGKILL.
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
  if (!known) send({ type: 'loading' })
  let kind: Kind
  try {
    kind = known ?? (await load({ task, file }))
  } catch (error) {
    return send({ ...failure(error), ...afterAttempt() })
  }
  const controller = new AbortController()
  running = controller
  const at = Date.now()
  const reports = reporter(send, at)
  if (!known) reports.started()
  const { signal } = controller
  const { progress, log } = reports
  const finished = await runBody(kind, args, { id, attempt, signal, progress, log })
  running = undefined
  const isStartKnown = reports.finish()
  const memory = afterAttempt()
  send(isStartKnown ? { ...finished, ...memory } : { ...finished, ...memory, started_at: at })
}

function stop(reason: StopReason) {
  running?.abort(abortReason(reason))
}

function send(message: FromChild) {
  // The pipe may break at any moment; the disconnect handler ends the process then.
  if (process.connected) sendToWorker?.(message, undefined, undefined, () => {})
}
