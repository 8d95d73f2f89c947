import { setTimeout as delay } from 'node:timers/promises'
import type { AttemptLog, TaskLog, Wanted } from './read.ts'

export interface LogLimits {
  /** Milliseconds between looks. */
  every: number
  /** Milliseconds without news, after which a comment keeps the connection open. */
  quiet: number
  /** A client that reads nothing for so many milliseconds is disconnected. */
  patience: number
}

export const logLimits: LogLimits = { every: 1_000, quiet: 15_000, patience: 30_000 }

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
  cut(): void
}

/** What a task says as Server-Sent Events: what is there, then each second what is new, until nothing can follow. */
export async function* streamLog({ read, first, attempt, after, limits, signal, cut }: StreamOptions) {
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
      yield* served(`id: ${place.attempt}:${place.position}\ndata: ${JSON.stringify(news.message)}\n\n`)
    }
    const isBehind = log.items.some(item => item.isBehind) && looks-- > 0
    if (isOver(log, attempt) && !isBehind) return yield* served('event: end\ndata: {}\n\n')
    if (performance.now() - heard > limits.quiet) {
      heard = performance.now()
      yield* served(':\n\n')
    }
    await delay(limits.every, undefined, { signal }).catch(() => {})
    if (signal.aborted) return
    // The database does not answer: looked again. Undefined: the task was forgotten.
    log = await read({ attempt, since: place.attempt }).catch(() => ({ items: [], final: false }))
  }

  function* served(text: string) {
    const timer = setTimeout(cut, limits.patience)
    try {
      yield text
    } finally {
      clearTimeout(timer)
    }
  }
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
