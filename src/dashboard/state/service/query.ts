import { type Signal, signal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { readSetting } from '../browser/settings.ts'
import { ApiError, request } from './api.ts'
import { heard, missed } from './connection.ts'
import { closed } from './door.ts'

/** An answer that is shown somewhere, asked for again while it is. */
export interface Query<T> {
  data: Signal<T | undefined>
  error: Signal<ApiError | undefined>
  loading: Signal<boolean>
  refresh(): Promise<void>
}

/** Seconds between questions, which may depend on the last answer. */
type Pace<T> = number | ((data: T | undefined) => number)

interface Entry extends Query<any> {
  path: string
  /** One for each place that shows it. */
  paces: { pace: Pace<any> }[]
  askedAt: number
  answeredAt: number
  /** How many pushes were taken. */
  pushes: number
  pushed: boolean
}

const entries = new Map<string, Entry>()
// Answers that are no longer shown, for the way back.
const mostKept = 60
// Milliseconds that have passed at most since the API read what it pushes.
const oldest = 500

function entryOf(path: string): Entry {
  const known = entries.get(path)
  if (known) return known
  const entry: Entry = {
    path,
    paces: [],
    askedAt: 0,
    answeredAt: 0,
    pushes: 0,
    pushed: false,
    data: signal(undefined),
    error: signal(undefined),
    loading: signal(false),
    refresh: () => askAnew(entry)
  }
  entries.set(path, entry)
  if (entries.size > mostKept) {
    for (const [key, { paces }] of entries) {
      if (paces.length > 0 || key === path) continue
      entries.delete(key)
      break
    }
  }
  return entry
}

const asking = new Map<Entry, Promise<void>>()
const askingAnew = new Map<Entry, Promise<void>>()

/** One question at a time for each entry: a slow server is not asked again before it has answered. */
function ask(entry: Entry): Promise<void> {
  const running = asking.get(entry)
  if (running) return running
  const asked = put(entry).finally(() => asking.delete(entry))
  asking.set(entry, asked)
  return asked
}

/** The answer is read after this call: that of a running question may be older than the change that is looked for. */
function askAnew(entry: Entry): Promise<void> {
  const running = asking.get(entry)
  if (!running) return ask(entry)
  const known = askingAnew.get(entry)
  if (known) return known
  const asked = running.then(() => {
    askingAnew.delete(entry)
    return ask(entry)
  })
  askingAnew.set(entry, asked)
  return asked
}

async function put(entry: Entry) {
  entry.askedAt = Date.now()
  entry.loading.value = true
  const { pushes } = entry
  try {
    const answer = await request('GET', entry.path)
    entry.answeredAt = Date.now()
    // Which of the two is older is not known. A slow server is not asked twice: its next push tells.
    if (entry.pushes === pushes) entry.data.value = answer
    else if (entry.answeredAt - entry.askedAt < oldest) void askAnew(entry)
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
  if (document.hidden || !readSetting('live') || closed.peek()) return
  const now = Date.now()
  for (const entry of entries.values()) {
    if (entry.paces.length === 0) continue
    const failed = entry.error.peek()
    const every = failed ? paceAfter(failed, paceOf(entry)) : paceOf(entry)
    if (entry.pushed && !failed) continue
    if (now - entry.askedAt >= every * 1000) void ask(entry)
  }
}

/** The shortest that any place wants. */
function paceOf({ paces, data }: Entry) {
  const known = data.peek()
  return Math.min(...paces.map(({ pace }) => (typeof pace === 'number' ? pace : pace(known))))
}

/** An outage is looked for each 2 s, whatever the pace; a refusal is likely to stay one. */
function paceAfter(failed: ApiError, every: number) {
  return failed.isOutage ? (failed.retryAfter ?? 2) : Math.max(every, 15)
}

/** What `path` answers, again every so many seconds while it is shown. No path: nothing is asked. */
export function useQuery<T>(path: string | undefined, pace: Pace<T> = Number.POSITIVE_INFINITY): Query<T> {
  const entry = path === undefined ? undefined : entryOf(path)
  // At the first drawing: effects run after the page is painted.
  useMemo(() => entry?.askedAt === 0 && void ask(entry), [entry])
  useEffect(() => {
    if (!entry) return
    const mine = { pace }
    entry.paces.push(mine)
    const isStale = Date.now() - entry.askedAt > Math.min(paceOf(entry), 5) * 1000
    if (entry.data.peek() === undefined || isStale) void ask(entry)
    return () => {
      entry.paces.splice(entry.paces.indexOf(mine), 1)
    }
  }, [entry])
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
  await Promise.all([...entries.values()].filter(({ paces }) => paces.length > 0).map(askAnew))
}

/** Answers that a socket pushes are not polled. */
export function push(path: string, data: unknown) {
  const entry = entryOf(path)
  entry.pushed = true
  const isDoubtful = Date.now() - entry.answeredAt < oldest
  if (isDoubtful && JSON.stringify(data) !== JSON.stringify(entry.data.peek())) {
    void askAnew(entry)
    return
  }
  entry.pushes++
  entry.data.value = data
  entry.error.value = undefined
  heard()
}

/** Addresses whose answers are shown now. */
export function asked() {
  return [...entries.values()].flatMap(({ path, paces }) => (paces.length > 0 ? [path] : []))
}

/** Asks again, if the answer is shown. */
export function refresh(path: string) {
  const entry = entries.get(path)
  if (entry && entry.paces.length > 0) void askAnew(entry)
}

export function pushesEnded() {
  for (const entry of entries.values()) entry.pushed = false
}
