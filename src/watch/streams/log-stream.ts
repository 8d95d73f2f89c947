import { setTimeout as delay } from 'node:timers/promises'
import type { AttemptLog, TaskLog, Wanted } from '#tasks/log/read.ts'
import { comment, type Story, type StreamLimits } from './open-streams.ts'

export interface LogLimits extends StreamLimits {
  /** Milliseconds between looks. */
  every: number
}

// Looks for the last words of an attempt whose worker may be gone.
const lastLooks = 3

/** Where a reader is: the attempt, and the characters of it that it has. */
export interface Place {
  attempt: number
  position: number
}

interface StreamOptions {
  read(wanted: Wanted): Promise<TaskLog | undefined>
  first: TaskLog
  /** Only this attempt. */
  attempt: number | undefined
  after: Place
  limits: LogLimits
  signal: AbortSignal
}

/** What a task says as Server-Sent Events: what is there, then each second what is new, until nothing can follow. */
export async function* streamLog({ read, first, attempt, after, limits, signal }: StreamOptions): Story {
  let place = after
  let log: TaskLog | undefined = first
  let looks = lastLooks
  let heard = performance.now()
  while (log && !signal.aborted) {
    for (const item of log.items) {
      const news = newsOf(item, place)
      if (!news) continue
      place = { attempt: item.attempt, position: news.end }
      heard = performance.now()
      yield `id: ${idOf(place)}\ndata: ${JSON.stringify(news.message)}\n\n`
    }
    const isBehind = log.items.some(item => item.isBehind) && looks-- > 0
    if (isOver(log, attempt) && !isBehind) {
      // With an id, as a browser comes back with it.
      yield `id: ${idOf(place)}:end\nevent: end\ndata: {}\n\n`
      return
    }
    if (performance.now() - heard > limits.quiet) {
      heard = performance.now()
      yield comment
    }
    await delay(limits.every, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    // The database does not answer: looked again. Undefined: the task was forgotten.
    log = await read({ attempt, since: place.attempt }).catch(() => ({ items: [], final: false }))
  }
}

function idOf({ attempt, position }: Place) {
  return `${attempt}:${position}`
}

/** Where the reader is that has an event. */
export function placeIn(id: string): Place {
  const [attempt = 0, position = 0] = (id || '0:0').split(':').map(Number)
  return { attempt, position }
}

/** Whether nothing follows an event, now or later. Of an attempt that is behind only the end tells. */
export function isLast(id: string, log: TaskLog, attempt: number | undefined) {
  const isAll = isOver(log, attempt) && !log.items.some(item => newsOf(item, placeIn(id)))
  return isAll && (id.endsWith(':end') || (id !== '' && !log.items.some(item => item.isBehind)))
}

function isOver({ items, final }: TaskLog, attempt: number | undefined) {
  return final || (attempt !== undefined && items.some(item => item.attempt === attempt && item.ended))
}

/** What the reader does not have yet; `from` tells it of a gap. */
function newsOf({ attempt, from, text, ended }: AttemptLog, { attempt: at, position }: Place) {
  if (attempt < at) return undefined
  const known = attempt === at ? position : 0
  const begin = from ?? 0
  if (begin + text.length <= known) return undefined
  const start = Math.max(begin, known)
  const message = { attempt, from: from === null ? null : start, text: text.slice(start - begin), ended }
  return { message, end: begin + text.length }
}
