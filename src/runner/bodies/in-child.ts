import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Claim } from '#tasks/attempts/claim.ts'
import type { Ending } from '#tasks/attempts/ending.ts'
import type { Kind } from '#tasks/define.ts'
import type { Child } from '../children/child-process.ts'
import type { Exit } from '../children/exit.ts'
import type { Place } from '../children/line.ts'
import type { ChildPool } from '../children/pool.ts'
import type { Finished, StopReason } from '../children/protocol.ts'
import type { Attempt, AttemptOptions } from './attempt.ts'
import { endingOf } from './ending-of.ts'
import { misfit } from './fit.ts'
import type { End } from './judge.ts'
import { stopper } from './limits.ts'

interface RunInChildOptions extends AttemptOptions {
  children: ChildPool
}

const notBegun: Exit = { type: 'exit', exit_code: null, signal: null, peak_memory: null, stderr: '' }
// Children that end before the attempt has begun, each by the fault of another.
const mostChildren = 10

/** The end of an attempt that was taken back. */
const never = new Promise<never>(() => {})

/** Runs a claimed task in a child process, until the last of its processes has ended. */
export function runInChild(
  claim: Claim,
  kind: Kind,
  { worker, children, limits, tail, onBegin, onProgress, onLog }: RunInChildOptions
): Attempt {
  const source = { task: claim.task, file: kind.file }
  let child: Child | undefined
  let place: Place | undefined
  let begun = false
  let recalled = false
  const waiting = new AbortController()
  let startedAt = new Date()
  const stops = stopper({
    limits,
    abort(reason) {
      if (begun && place) child?.abort(place, reason)
    },
    cut(reason) {
      waiting.abort(reason)
      void cut(reason)
    }
  })

  async function cut(reason: StopReason) {
    if (!child || !place) return
    const [mine, where] = [child, place]
    // Beside it another attempt runs, which must not end with it.
    if (!begun && (await mine.drop(where))) return
    mine.abort(where, reason)
    await mine.stop({ target: where })
  }

  async function recall() {
    if (begun || stops.reason() !== undefined) return false
    recalled = true
    if (!child || !place) waiting.abort('recalled')
    else recalled = await child.drop(place)
    return recalled
  }

  async function live(): Promise<Ending> {
    const wrong = misfit(claim, kind)
    if (wrong) return ending(wrong)
    for (let left = mostChildren; left > 0; ) {
      try {
        child = await children.take(waiting.signal, claim.task)
      } catch (error) {
        if (recalled) return never
        tail.add(String(error))
        break
      }
      const end = recalled || stops.reason() !== undefined ? undefined : await runIn(child)
      if (!end) children.give(child)
      if (recalled) return never
      if (end) return ending(end)
      if (stops.reason() !== undefined) break
      place = undefined
      if (!child.usable) left--
    }
    return ending(notBegun)
  }

  /** Undefined where the attempt has not begun. */
  async function runIn(child: Child): Promise<Finished | Exit | undefined> {
    place = child.run({ ...source, id: claim.id, args: claim.args, attempt: claim.attempt }, listener, tail)
    const end = await place.ended
    stops.clear()
    if (end.type === 'unbegun') {
      begun = false
      return
    }
    if (end.type === 'exit') children.crashed(claim.task)
    else {
      children.ended(source, end.took)
      if (end.started_at !== undefined) startedAt = new Date(end.started_at)
    }
    // Output comes through another pipe: it is read in the next turn of the event loop, and kept in the one after that.
    if (end.type !== 'exit' && end.waits) for (let turns = 3; turns > 0; turns--) await nextTurn()
    // All processes of the attempt must be gone before its end is reported.
    const left = end.type === 'failure' && (await child.hasLeftovers())
    const cut = stops.reason() !== undefined && stops.reason() !== 'soft_time_limit'
    if (left || cut || end.type === 'exit') await child.stop({ target: place })
    else if (end.waits) child.goOn(place)
    children.give(child)
    return end
  }

  const listener = {
    begins() {
      begun = true
      // For a body that blocks its child before the child can report a start; overwritten by that report.
      startedAt = new Date()
      onBegin()
      stops.begin()
    },
    loading: stops.loading,
    started(at: Date) {
      startedAt = at
      stops.begin()
    },
    progress(fraction: number, detail: unknown) {
      stops.progressed()
      onProgress(fraction, detail)
    },
    log: onLog
  }

  function ending(end: End) {
    return endingOf(end, { claim, kind, worker, tail, startedAt, reason: stops.reason() })
  }

  return { claim, since: performance.now(), ended: live(), stop: stops.stop, recall }
}
