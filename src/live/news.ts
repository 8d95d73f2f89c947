/** Reads one thing for all pages that show it, and only while one does. */
export interface News<Value> {
  /** Calls back with the value, and again after each change; returns a function that stops it. */
  follow(hear: (value: Value) => void): () => void
}

interface NewsOptions<Value> {
  read: () => Promise<Value>
  /** Milliseconds between two reads. */
  every: number
}

export function newsOf<Value>({ read, every }: NewsOptions<Value>): News<Value> {
  const listeners = new Set<(value: Value) => void>()
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
        for (const hear of [...listeners]) hear(value)
      }
    } catch {
      // The database does not answer: the next look asks again.
    }
    reading = false
    if (listeners.size > 0) timer = setTimeout(() => void look(), every).unref()
    else last = undefined
  }

  return {
    follow(hear) {
      listeners.add(hear)
      if (last) hear(last.value)
      if (!reading && timer === undefined) void look()
      return () => {
        listeners.delete(hear)
        if (listeners.size > 0) return
        clearTimeout(timer)
        timer = undefined
        if (!reading) last = undefined
      }
    }
  }
}
