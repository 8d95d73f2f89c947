import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { interestText } from '../../src/dashboard/words/interest.ts'

// Milliseconds: the page looks at its list once a second at most, and asks for counts and the histogram at these paces.
const lookEvery = 1_000
const countsEvery = 3_000
const histogramEvery = 15_000
const rowsInSight = 40
const topics = ['problems', 'queues', 'workers']

export interface Viewers {
  close(): void
}

/** Clients that ask for what the page of tasks asks for, without a browser; open as soon as each was told something. */
export async function openViewers(address: string, count: number): Promise<Viewers> {
  const viewers = await Promise.all(Array.from({ length: count }, () => openViewer(address)))
  return {
    close() {
      for (const { close } of viewers) close()
    }
  }
}

async function openViewer(address: string): Promise<Viewers> {
  const socket = new WebSocket(`${address.replace('http', 'ws')}/ws/live`)
  let looking = false
  let closed = false

  /** The newest page, and what is in sight now. */
  async function look() {
    if (looking || closed) return
    looking = true
    const page = await read('/api/tasks?limit=100')
    if (!closed && page) {
      const ids = page.items.slice(0, rowsInSight).map(({ id }) => id)
      socket.send(interestText({ ids, topics, search: '' }))
      await delay(lookEvery)
    }
    looking = false
  }

  async function read(path: string) {
    const answer = await fetch(address + path).catch(() => undefined)
    return answer?.ok ? ((await answer.json()) as { items: { id: string }[] }) : undefined
  }

  await once(socket, 'open')
  const told = once(socket, 'message')
  socket.addEventListener('message', ({ data }) => {
    if (JSON.parse(String(data)).new) void look()
  })
  const timers = [
    setInterval(() => void read('/api/tasks/counts?by=status'), countsEvery),
    setInterval(() => void read('/api/tasks/histogram'), histogramEvery)
  ]
  await look()
  await told
  return {
    close() {
      closed = true
      for (const timer of timers) clearInterval(timer)
      socket.close()
    }
  }
}
