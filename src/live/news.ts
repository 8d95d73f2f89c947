import { isCancelled, isOutage } from '#database/outage.ts'

/** Reads one thing for all pages that show it, and only while one does. */
export interface News<Value> {
  /** Tells the value, just read, and again after each change; returns a function that stops it. */
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

// Milliseconds. Pages take what is pushed for half a second old at most: an older value could undo what they know.
const fresh = 250

export function newsOf<Value>({ read, every }: NewsOptions<Value>): News<Value> {
  const listeners = new Set<NewsListener<Value>>()
  const untold = new Set<NewsListener<Value>>()
  let last: { value: Value; text: string; at: number } | undefined
  let timer: NodeJS.Timeout | undefined
  let reading = false

  async function look() {
    clearTimeout(timer)
    reading = true
    const at = performance.now()
    try {
      const value = await read()
      const text = JSON.stringify(value)
      const told = text === last?.text ? untold : listeners
      last = { value, text, at }
      for (const { hear } of [...told]) hear(value)
      untold.clear()
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
      if (last && performance.now() - last.at < fresh) listener.hear(last.value)
      else {
        untold.add(listener)
        if (!reading) void look()
      }
      return () => {
        listeners.delete(listener)
        untold.delete(listener)
        if (listeners.size > 0) return
        clearTimeout(timer)
        if (!reading) last = undefined
      }
    }
  }
}
