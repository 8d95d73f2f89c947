import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Ending } from '#tasks/attempts/ending.ts'
import type { Kind } from '#tasks/define.ts'
import type { Child, Exit } from '../children/child-process.ts'
import type { ChildPool } from '../children/pool.ts'
import type { Finished } from '../children/protocol.ts'
import type { Attempt, AttemptOptions } from './attempt.ts'
import { endingOf } from './ending-of.ts'
import { misfit } from './fit.ts'
import { type Stopper, stopper } from './limits.ts'

interface RunInChildOptions extends AttemptOptions {
  children: ChildPool
}

const notBegun: Exit = { type: 'exit', exit_code: null, signal: null, peak_memory: null, stderr: '' }

/** The end of an attempt that was taken back. */
const never = new Promise<never>(() => {})

/** Runs a claimed task in a child process, until the last of its processes has ended. */
export function runInChild(claim: Claim, kind: Kind, options: RunInChildOptions): Attempt {
  const { worker, children, limits, tail } = options
  let child: Child | undefined
  let recalled = false
  const waiting = new AbortController()
  const claimedAt = new Date()
  const stops = stopper({
    limits,
    abort: reason => child?.abort(reason),
    cut(reason) {
      waiting.abort(reason)
      void child?.stop()
    }
  })

  function recall() {
    if (child || stops.reason() !== undefined) return false
    recalled = true
    waiting.abort('recalled')
    return true
  }

  async function live(): Promise<Ending> {
    const wrong = misfit(claim, kind)
    if (wrong) return ending(wrong)
    try {
      const taken = await children.take(waiting.signal)
      if (recalled) {
        children.give(taken)
        return never
      }
      child = taken
    } catch (error) {
      if (recalled) return never
      tail.add(String(error))
      return ending(notBegun)
    }
    if (stops.reason() !== undefined) {
      children.give(child)
      return ending(notBegun)
    }
    const { end, startedAt } = await runBodyIn(child, stops, claim, kind, options)
    children.give(child)
    return ending(end, startedAt)
  }

  function ending(end: Finished | Exit, startedAt = claimedAt) {
    return endingOf(end, { claim, kind, worker, tail, startedAt, reason: stops.reason() })
  }

  return { claim, since: performance.now(), ended: live(), stop: stops.stop, recall }
}

/** Resolves when the body has ended, its output is read, and all its processes are gone. */
async function runBodyIn(
  child: Child,
  stops: Stopper,
  claim: Claim,
  kind: Kind,
  { children, tail, onBegin, onProgress, onLog }: RunInChildOptions
) {
  // For a body that blocks its child before the child can report a start; overwritten by that report.
  let startedAt = new Date()
  onBegin()
  stops.begin()
  const source = { task: claim.task, file: kind.file }
  const end = await child.run(
    { type: 'run', ...source, id: claim.id, args: claim.args, attempt: claim.attempt },
    {
      loading: stops.loading,
      started(at) {
        startedAt = at
        stops.begin()
      },
      progress(fraction, detail) {
        stops.progressed()
        onProgress(fraction, detail)
      },
      log: onLog
    },
    tail
  )
  stops.clear()
  // A module that crashes its child while loading must not be preloaded by the next child.
  if (end.type !== 'exit') children.remember(source)
  if (end.type !== 'exit' && end.started_at !== undefined) startedAt = new Date(end.started_at)
  // Output comes through another pipe, and is read within the next turn of the event loop. A runtime may also have
  // printed for a body that failed.
  if (end.type === 'failure' || (end.type === 'success' && end.printed)) {
    await nextTurn()
    await nextTurn()
  }
  const left = end.type === 'failure' && (await child.hasLeftovers())
  const cut = stops.reason() !== undefined && stops.reason() !== 'soft_time_limit'
  if (left || cut || end.type === 'exit') await child.stop()
  return { end, startedAt }
}
