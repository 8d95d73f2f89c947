import { isCancelled, isOutage } from '#database/outage.ts'

/** Reads one thing for all pages that show it, and only while one does. */
export interface News<Value> {
  /** Tells the value, and again after each change; returns a function that stops it. */
  follow(listener: NewsListener<Value>): () => void
}

export interface NewsListener<Value> {
  hear(value: Value): void
  /** The database is away: what was told may be old. */
  lose(): void
}

interface NewsOptions<Value> {
  read: () => Promise<Value>
  /** Milliseconds between two reads. */
  every: number
}

export function newsOf<Value>({ read, every }: NewsOptions<Value>): News<Value> {
  const listeners = new Set<NewsListener<Value>>()
  let last: { value: Value; text: string } | undefined
  let timer: NodeJS.Timeout | undefined
  let reading = false

  async function look() {
    reading = true
    try {
      const value = await read()
      const text = JSON.stringify(value)
      if (text !== last?.text) {
        last = { value, text }
        for (const { hear } of [...listeners]) hear(value)
      }
    } catch (error) {
      // A statement that took too long is tried again.
      if (isOutage(error) && !isCancelled(error)) for (const { lose } of [...listeners]) lose()
    }
    reading = false
    if (listeners.size > 0) timer = setTimeout(() => void look(), every).unref()
    else last = undefined
  }

  return {
    follow(listener) {
      listeners.add(listener)
      if (last) listener.hear(last.value)
      if (!reading && timer === undefined) void look()
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        clearTimeout(timer)
        timer = undefined
        if (!reading) last = undefined
      }
    }
  }
}
