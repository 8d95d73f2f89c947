import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { interestText } from '../../src/dashboard/words/interest.ts'

// Milliseconds: the page looks at its list once a second at most, each ten while a page of new ones waits for a click,
// and asks for counts and the histogram at these paces.
const lookEvery = 1_000
const lookAnyway = 10_000
const countsEvery = 3_000
const histogramEvery = 15_000
const pageSize = 100
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
  let shown: Set<string> | undefined
  let waiting = 0

  /** The newest page; rows that it shows first stay in sight, as no person clicks here. */
  async function look() {
    if (looking || closed) return
    looking = true
    const ids = (await read(`/api/tasks?limit=${pageSize}`))?.items.map(({ id }) => id) ?? []
    if (!closed && !shown) socket.send(interestText({ ids: ids.slice(0, rowsInSight), topics, search: '' }))
    shown ??= new Set(ids)
    waiting = ids.filter(id => !shown!.has(id)).length
    await delay(lookEvery)
    looking = false
  }

  async function read(path: string) {
    const answer = await fetch(address + path).catch(() => undefined)
    return answer?.ok ? ((await answer.json()) as { items: { id: string }[] }) : undefined
  }

  await once(socket, 'open')
  const told = once(socket, 'message')
  socket.addEventListener('message', ({ data }) => {
    if (JSON.parse(String(data)).new && waiting < pageSize) void look()
  })
  const timers = [
    setInterval(() => void look(), lookAnyway),
    setInterval(() => void read('/api/tasks/counts?by=status'), countsEvery),
    setInterval(() => void read('/api/tasks/histogram'), histogramEvery)
  ]
  void look()
  await told
  return {
    close() {
      closed = true
      for (const timer of timers) clearInterval(timer)
      socket.close()
    }
  }
}
