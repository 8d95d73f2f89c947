import { flushCompileCache } from 'node:module'
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { loadKind } from '#catalogue/catalogue.ts'
import { provideDatabaseUrl } from '../../calling/database-url.ts'
import { readConfig } from '../../config.ts'
import type { Kind } from '../../tasks/define.ts'
import { hearPrograms } from '../../telemetry/programs.ts'
import { abortReason, failure, runBody } from './body.ts'
import { takeTypeboxFrom } from './one-file.ts'
import { afterAttempt, beforeAttempt } from './own-memory.ts'
import type { Finished, FromChild, Run, Source, StopReason, ToChild } from './protocol.ts'
import { reporter } from './reporter.ts'

/**
 * The child's end of the worker's pipe: runs bodies one at a time, has no database connection. It leads a process group
 * of its own, so that all processes of a body can be ended with it. Startup must be fast, because each child is
 * replaced after a number of tasks: a kind is loaded at its first run, or preloaded when other children have run it
 * recently.
 */
const config = readConfig()

// The pipe is this program's: a message sent by a body would be taken for the end of an attempt, or worse. A body that
// checks for a parent process, as programs do that also run under a process manager, finds none.
const sendToWorker = process.send?.bind(process)
delete process.send

const kinds = new Map<string, Kind>()
if (process.env.DARKROOM_TYPEBOX) takeTypeboxFrom(process.env.DARKROOM_TYPEBOX)

// Milliseconds. A module that waits, for a server of its own, say, must not delay the others.
const longestWarming = 1_000
// Milliseconds for the stop reason, which the worker sends before its SIGTERM, to arrive.
const reasonArrives = 500

// Milliseconds for the worker to read what a body has printed.
const longestFlush = 5_000

// Milliseconds for which bodies run without a look at the worker's messages, which may drop the next one.
const longestDeaf = 5

/** Attempts that the worker has sent and that have not begun. */
let line: Run[] = []
let running: { number: number; abort: AbortController; isTraced: boolean } | undefined
let going = false
/** An attempt is loading, running or reporting its end. */
let busy = false
let waiting: PromiseWithResolvers<void> | undefined
let heardAt = performance.now()
const outputs = [process.stdout, process.stderr]
const printed = () => outputs.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0)

// Requested when a body first needs it: it is a secret, and most bodies have no use for it.
const databaseUrl = Promise.withResolvers<string>()
provideDatabaseUrl(() => {
  send({ type: 'database' })
  return databaseUrl.promise
})

process.on('message', (message: ToChild) => {
  if (message.type === 'run') take(message.runs, message.goOn)
  else if (message.type === 'goOn') goOn()
  else if (message.type === 'drop') drop(message.numbers)
  else if (message.type === 'abort') stop(message.number, message.reason)
  else if (message.type === 'database') databaseUrl.resolve(message.url)
  else void warm(message.kinds)
})

// The worker sends SIGTERM to the whole group, ffmpeg included; a body that handles its abort signal can clean up. The
// stop reason is in a message that SIGTERM may overtake; without a message, SIGTERM came from elsewhere.
process.on('SIGTERM', () => {
  dropAll()
  const told = running?.abort
  if (told) setTimeout(() => told.abort(abortReason('shutdown')), reasonArrives)
  else process.exit(0)
})

// What an earlier attempt has left running may end this process. No attempt that waits here is at fault.
process.on('exit', () => {
  if (!busy) send({ type: 'leaving' })
})

// Without a worker no outcome can be delivered: the whole group must end.
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'))

hearPrograms(run => {
  if (running?.isTraced) send({ type: 'program', run })
})

async function warm(sources: Source[]) {
  // A module that fails to load is reported at its run; a slow one goes on loading meanwhile.
  await Promise.race([Promise.allSettled(sources.map(load)), delay(longestWarming)])
  send({ type: 'ready' })
  // Node.js writes the cache at a process's exit, but a child is ended by SIGKILL.
  flushCompileCache()
}

async function load({ task, file }: Source): Promise<Kind> {
  const kind = await loadKind(config, task, file)
  kinds.set(task, kind)
  return kind
}

function take(runs: Run[], mayGoOn: boolean) {
  line.push(...runs)
  if (mayGoOn) goOn()
  if (!going) void runAll()
}

function goOn() {
  waiting?.resolve()
}

/** One after the other. The worker's messages are read in between if the last body took so long that there may be some. */
async function runAll() {
  going = true
  for (let next = line.shift(); next; next = line.shift()) {
    busy = true
    const end = await run(next)
    send(end)
    busy = false
    if (end.waits) await waitForWord()
    else if (performance.now() - heardAt > longestDeaf) await listen()
  }
  going = false
}

async function waitForWord() {
  waiting = Promise.withResolvers<void>()
  await waiting.promise
  waiting = undefined
}

/** The second turn reads what came while the body ran. */
async function listen() {
  await nextTurn()
  await nextTurn()
  heardAt = performance.now()
}

function dropAll() {
  if (line.length > 0) drop(line.map(({ number }) => number))
}

function drop(asked: number[]) {
  const dropped = line.filter(({ number }) => asked.includes(number)).map(({ number }) => number)
  line = line.filter(({ number }) => !asked.includes(number))
  send({ type: 'dropped', asked, dropped })
}

async function run({ number, id, task, file, args, attempt, traceparent }: Run): Promise<Finished> {
  beforeAttempt()
  const known = kinds.get(task)
  if (!known) send({ type: 'loading' })
  let kind: Kind
  try {
    kind = known ?? (await load({ task, file }))
  } catch (error) {
    return { ...failure(error), ...afterAttempt(), number, took: 0, waits: true }
  }
  const abort = new AbortController()
  running = { number, abort, isTraced: traceparent !== undefined }
  const at = Date.now()
  const since = performance.now()
  const before = printed()
  const reports = reporter(send, at)
  if (!known) reports.started()
  const { signal } = abort
  const { progress, log } = reports
  const end = await runBody(kind, args, { id, attempt, signal, progress, log, traceparent })
  running = undefined
  const took = performance.now() - since
  const hasPrinted = printed() > before
  if (hasPrinted) await flush()
  const isStartKnown = reports.finish()
  const waits = hasPrinted || end.type === 'failure'
  return { ...end, ...afterAttempt(), number, took, ...(!isStartKnown && { started_at: at }), ...(waits && { waits }) }
}

/** What a body has printed is in its log, and not in that of the next attempt. */
async function flush() {
  // A body may have closed one: a write to it would end this process.
  const open = outputs.filter(({ writable }) => writable)
  const written = open.map(output => new Promise(resolve => output.write('', resolve)))
  await Promise.race([Promise.all(written), delay(longestFlush, undefined, { ref: false })])
}

function stop(number: number, reason: StopReason) {
  // The worker ends this process, unless it is a warning.
  if (reason !== 'soft_time_limit') dropAll()
  if (running?.number === number) running.abort.abort(abortReason(reason))
}

function send(message: FromChild) {
  // The pipe may break at any moment; the disconnect handler ends the process then.
  if (process.connected) sendToWorker?.(message, undefined, undefined, () => {})
}
