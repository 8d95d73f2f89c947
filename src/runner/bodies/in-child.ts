import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Ending } from '#tasks/attempts/ending.ts'
import type { Kind } from '#tasks/define.ts'
import type { Child, Exit } from '../children/child-process.ts'
import type { ChildPool } from '../children/pool.ts'
import type { Finished } from '../children/protocol.ts'
import type { Attempt, AttemptOptions } from './attempt.ts'
import { misfit } from './fit.ts'
import { judge } from './judge.ts'
import { stopper } from './limits.ts'

interface RunInChildOptions extends AttemptOptions {
  children: ChildPool
}

const notBegun: Exit = { type: 'exit', exit_code: null, signal: null, peak_memory: null, stderr: '' }

/** The end of an attempt that was taken back. */
const never = new Promise<never>(() => {})

/** Runs a claimed task in a child process, until the last of its processes has ended. */
export function runInChild(
  claim: Claim,
  kind: Kind,
  { worker, children, limits, tail, onBegin, onProgress, onLog }: RunInChildOptions
): Attempt {
  let child: Child | undefined
  let recalled = false
  const waiting = new AbortController()
  let startedAt = new Date()
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
    return runIn(child)
  }

  async function runIn(child: Child): Promise<Ending> {
    // For a body that blocks its child before the child can report a start; overwritten by that report.
    startedAt = new Date()
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
    // All processes of the attempt must be gone before its end is reported.
    const left = end.type === 'failure' && (await child.hasLeftovers())
    const cut = stops.reason() !== undefined && stops.reason() !== 'soft_time_limit'
    if (left || cut || end.type === 'exit') await child.stop()
    children.give(child)
    return ending(end)
  }

  function ending(end: Finished | Exit): Ending {
    return {
      id: claim.id,
      queue: claim.queue,
      place: claim.place,
      attempt: claim.attempt,
      worker,
      started_at: startedAt,
      exit_code: end.type === 'exit' ? end.exit_code : null,
      signal: end.type === 'exit' ? end.signal : null,
      peak_memory: end.peak_memory,
      stderr: tail.text || null,
      ...judge(end, stops.reason(), claim, kind)
    }
  }

  return { claim, since: performance.now(), ended: live(), stop: stops.stop, recall }
}
