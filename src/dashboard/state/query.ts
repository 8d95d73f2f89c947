import { type Signal, signal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { ApiError, request } from './api.ts'
import { heard, missed } from './connection.ts'
import { readSetting } from './settings.ts'

/** An answer that is shown somewhere, asked for again while it is. */
export interface Query<T> {
  data: Signal<T | undefined>
  error: Signal<ApiError | undefined>
  loading: Signal<boolean>
  refresh(): Promise<void>
}

interface Entry extends Query<any> {
  path: string
  /** Seconds between questions; the shortest that any user of it wants. */
  every: number
  askedAt: number
  users: number
  pushed: boolean
}

const entries = new Map<string, Entry>()
// Answers that are no longer shown, for the way back.
const mostKept = 60

function entryOf(path: string): Entry {
  const known = entries.get(path)
  if (known) return known
  const entry: Entry = {
    path,
    every: Number.POSITIVE_INFINITY,
    askedAt: 0,
    users: 0,
    pushed: false,
    data: signal(undefined),
    error: signal(undefined),
    loading: signal(false),
    refresh: () => ask(entry)
  }
  entries.set(path, entry)
  if (entries.size > mostKept) {
    for (const [key, { users }] of entries) {
      if (users > 0 || key === path) continue
      entries.delete(key)
      break
    }
  }
  return entry
}

const asking = new Map<Entry, Promise<void>>()

/** One question at a time for each entry: a slow server is not asked again before it has answered. */
function ask(entry: Entry): Promise<void> {
  const running = asking.get(entry)
  if (running) return running
  const asked = put(entry).finally(() => asking.delete(entry))
  asking.set(entry, asked)
  return asked
}

async function put(entry: Entry) {
  entry.askedAt = Date.now()
  entry.loading.value = true
  try {
    entry.data.value = await request('GET', entry.path)
    entry.error.value = undefined
    heard()
  } catch (error) {
    const failure = error instanceof ApiError ? error : new ApiError(undefined, { detail: String(error) })
    entry.error.value = failure
    if (failure.isOutage) missed()
    else heard()
  } finally {
    entry.loading.value = false
  }
}

// Every tab that is hidden, and every entry that is not shown, asks nothing.
setInterval(lookAround, 500)
document.addEventListener('visibilitychange', lookAround)

function lookAround() {
  if (document.hidden || !readSetting('live')) return
  const now = Date.now()
  for (const entry of entries.values()) {
    if (entry.users === 0) continue
    // An outage is looked for each 2 s, whatever the pace; a refusal stays one.
    const failed = entry.error.peek()
    const every = failed?.isOutage ? (failed.retryAfter ?? 2) : entry.every
    if (entry.pushed && !failed) continue
    if (now - entry.askedAt >= every * 1000) void ask(entry)
  }
}

/** What `path` answers, again every so many seconds while it is shown. No path: nothing is asked. */
export function useQuery<T>(path: string | undefined, every = Number.POSITIVE_INFINITY): Query<T> {
  const entry = path === undefined ? undefined : entryOf(path)
  useEffect(() => {
    if (!entry) return
    entry.users++
    entry.every = Math.min(entry.every, every)
    const isStale = Date.now() - entry.askedAt > Math.min(every, 5) * 1000
    if (entry.data.peek() === undefined || isStale) void ask(entry)
    return () => {
      entry.users--
      if (entry.users === 0) entry.every = Number.POSITIVE_INFINITY
    }
  }, [entry, every])
  return entry ?? nothing
}

const nothing: Query<any> = {
  data: signal(undefined),
  error: signal(undefined),
  loading: signal(false),
  refresh: async () => {}
}

/** After an act everything that is shown may have changed. */
export async function refreshAll() {
  await Promise.all([...entries.values()].filter(({ users }) => users > 0).map(ask))
}

/** Answers that a socket pushes are not polled. */
export function push(path: string, data: unknown) {
  const entry = entryOf(path)
  entry.pushed = true
  entry.data.value = data
  entry.error.value = undefined
  heard()
}

export function pushesEnded() {
  for (const entry of entries.values()) entry.pushed = false
}
