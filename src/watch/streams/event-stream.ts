import { setTimeout as delay } from 'node:timers/promises'
import type { Watching } from '#tasks/read/watch.ts'
import type { TaskBody } from '#tasks/schemas.ts'
import { isFinal, type Status, statusOf } from '#tasks/words.ts'
import { describe } from '../message.ts'
import type { History, ReadHistory, TaskEvent } from './history.ts'
import { comment } from './open-streams.ts'

// Milliseconds until the database is asked again.
const afterTrouble = 500

interface StreamOptions {
  watching: Watching
  read: ReadHistory
  /** The history that the route has already read. */
  first: History
  /** Id of the last event that the client has; null for a new client. */
  after: string | null
  /** Milliseconds without news, after which a comment is sent. */
  quiet: number
  signal: AbortSignal
}

/**
 * A task's events as text, at the client's reading speed: for a slow client only its position is in memory, and the
 * events wait in the database. Ends after a final event, unless others follow it.
 */
export async function* streamEvents({ watching, read, first, after, quiet, signal }: StreamOptions) {
  const { task, latest } = first
  const bell = ring(watching, task.id, quiet, signal)
  let history = first
  let seen = after
  let last = ''
  try {
    if (seen === null) {
      last = JSON.stringify(describe(task))
      seen = String(latest?.id ?? 0)
      yield frame(last, latest?.id)
    } else if (latest) {
      // The client has this message already; only a different one is sent.
      last = JSON.stringify(asOf(latest, history))
    }

    for (;;) {
      for (const event of history.events) {
        if (signal.aborted) return
        last = JSON.stringify(asOf(event, history))
        seen = String(event.id)
        yield frame(last, event.id)
      }
      if (!history.more) {
        if (isFinal(history.task.state)) return
        const now = JSON.stringify(describe(history.task))
        if (now !== last) yield frame(now)
        last = now
        while (!(await bell.rings())) {
          if (signal.aborted) return
          yield comment
        }
      }
      if (signal.aborted) return
      const next = await readOn(seen)
      // The task was removed meanwhile.
      if (!next) return
      history = next
    }
  } finally {
    bell.stop()
  }

  async function readOn(after: string): Promise<History | undefined> {
    for (;;) {
      try {
        return await read(task.id, after)
      } catch {
        // The database does not answer: polled again.
        await delay(afterTrouble, undefined, { signal }).catch(() => {})
        if (signal.aborted) return undefined
      }
    }
  }
}

function frame(data: string, id?: number) {
  return `${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`
}

/** The message as it was at an event. Progress is known at the last event only. */
function asOf(event: TaskEvent, { task, latest }: History) {
  const { state, error } = event
  const status = statusAt(event, task)
  if (event.id === latest?.id && state !== 'STARTED') return { ...describe(task), status }
  return { task_id: task.id, state, status, progress: state === 'SUCCESS' ? 1 : null, result: null, error }
}

function statusAt({ at, state }: TaskEvent, { eta, attempts, state: now }: TaskBody): Status {
  // The eta of a retry is not the requested one.
  const asked = attempts <= 1 && now !== 'RETRY'
  if (state === 'PENDING' && asked && eta !== null && Date.parse(eta) > Date.parse(at)) return 'SCHEDULED'
  return statusOf({ state, eta: null })
}

/** Wakes the stream when the task may have changed. A ring before `rings` is called is not lost. */
function ring(watching: Watching, id: string, quiet: number, signal: AbortSignal) {
  let known = ''
  let rung = false
  let heard: (() => void) | undefined
  const stop = watching.watch(id, task => {
    const { state, status, attempts, progress, finished_at } = task ?? {}
    const told = JSON.stringify([state, status, attempts, progress, finished_at])
    if (told === known) return
    known = told
    rung = true
    heard?.()
  })
  const wake = () => heard?.()
  signal.addEventListener('abort', wake, { once: true })

  return {
    /** Resolves to false after a quiet interval, or when the stream ends. */
    async rings() {
      if (!rung && !signal.aborted) {
        await new Promise<void>(resolve => {
          const timer = setTimeout(resolve, quiet)
          heard = () => {
            clearTimeout(timer)
            resolve()
          }
        })
        heard = undefined
      }
      const answer = rung
      rung = false
      return answer
    },
    stop() {
      stop()
      signal.removeEventListener('abort', wake)
    }
  }
}
