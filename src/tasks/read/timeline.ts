import type { Pool } from 'pg'
import type { AttemptOutcome, State, TaskError } from '#database/tables.ts'
import { isUuid } from '#schema/common.ts'

// The newest of a task with very many.
const most = 1_000

/** A task with its attempts, a running one included, and its events. A limit that it does not have is that of its kind. */
export const readTimelineSql = `
select
  t.created_at, t.eta, t.state, t.attempts, t.finished_at, t.request_id, t.schedule_id,
  coalesce(t.time_limit, k.time_limit) as time_limit,
  coalesce(t.soft_time_limit, k.soft_time_limit) as soft_time_limit,
  (
    select coalesce(json_agg(a order by a.number), '[]') from (
      select number, worker, started_at, finished_at, outcome, error from darkroom.attempts
      where task_id = t.id order by number desc limit ${most}
    ) a
  ) as tries,
  case when t.state = 'STARTED' then json_build_object(
    'number', t.attempts, 'worker', t.worker, 'started_at', t.started_at
  ) end as running,
  (
    select coalesce(json_agg(e order by e.id), '[]') from (
      select id, at, state, attempt, error from darkroom.events where task_id = t.id order by id desc limit ${most}
    ) e
  ) as events
from darkroom.tasks t
left join darkroom.kinds k on k.name = t.task
where t.id = $1`

interface Try {
  number: number
  worker: string | null
  started_at: string
  finished_at?: string
  outcome?: AttemptOutcome
  error?: TaskError | null
}

interface Event {
  at: string
  state: State
  attempt: number
  error: TaskError | null
}

interface Row {
  created_at: Date
  eta: Date | null
  state: State
  attempts: number
  finished_at: Date | null
  request_id: string | null
  schedule_id: string | null
  time_limit: number | null
  soft_time_limit: number | null
  tries: Try[]
  running: Try | null
  events: Event[]
}

export interface Actor {
  kind: 'worker' | 'request' | 'schedule'
  id: string
}

export interface TimelineItem {
  type: 'wait' | 'attempt' | 'event'
  at: string
  until: string | null
  /** Of a wait. */
  reason: 'scheduled' | 'queue' | 'retry' | null
  attempt: number | null
  worker: string | null
  outcome: AttemptOutcome | null
  time_limit: number | null
  soft_time_limit: number | null
  /** Of an event. */
  state: State | null
  error: TaskError | null
  by: Actor | null
}

/** What happened to a task, in order; undefined if there is none. */
export async function readTimeline(pool: Pool, id: string): Promise<TimelineItem[] | undefined> {
  if (!isUuid(id)) return undefined
  const { rows } = await pool.query<Row>({ name: 'timeline', text: readTimelineSql, values: [id] })
  if (!rows[0]) return undefined
  const row = rows[0]
  const tries = [...row.tries, ...(row.running ? [row.running] : [])]
  const items = [
    ...waitsOf(row, tries),
    ...tries.map(each => attemptItem(row, each)),
    ...row.events.map(event => eventItem(row, tries, event))
  ]
  return items.sort((one, other) => Date.parse(one.at) - Date.parse(other.at) || orderOf(one) - orderOf(other))
}

const nothing: Omit<TimelineItem, 'type' | 'at'> = {
  ...{ until: null, reason: null, attempt: null, worker: null, outcome: null, time_limit: null, soft_time_limit: null },
  ...{ state: null, error: null, by: null }
}

function orderOf({ type }: TimelineItem) {
  return ['event', 'wait', 'attempt'].indexOf(type)
}

/** Before each attempt, and of a waiting task after the last one. */
function waitsOf({ created_at, eta, state, finished_at, events }: Row, tries: Try[]): TimelineItem[] {
  const waits: TimelineItem[] = []
  let since = created_at.toISOString()
  let retry = false
  const wait = (until: string | null) => {
    // A task that was finished and is retried waits from then on.
    const again = events.find(event => event.state === 'PENDING' && isLater(event.at, since) && retry)
    const from = again && (until === null || !isLater(again.at, until)) ? again.at : since
    waits.push(...parts(iso(from), until === null ? null : iso(until), retry && !again))
  }
  /** A wait for its time, then one for a worker. */
  function parts(from: string, until: string | null, retries: boolean): TimelineItem[] {
    const known = !retries && tries.length <= 1 && eta !== null && isLater(eta.toISOString(), from)
    const due = known || (retries && until === null && state === 'RETRY' && eta) ? eta!.toISOString() : undefined
    if (due === undefined) return [{ ...nothing, type: 'wait', at: from, until, reason: retries ? 'retry' : 'queue' }]
    const reason = retries ? ('retry' as const) : ('scheduled' as const)
    const end = until !== null && !isLater(until, due) ? until : due
    const first = { ...nothing, type: 'wait' as const, at: from, until: end, reason }
    const later = isLater(due, new Date().toISOString()) || end === until
    return later ? [first] : [first, { ...first, at: due, until, reason: 'queue' as const }]
  }

  for (const { started_at, finished_at: ended } of tries) {
    wait(started_at)
    since = ended ?? started_at
    retry = true
  }
  const waiting = state === 'PENDING' || state === 'RETRY'
  if (waiting) wait(null)
  else if (tries.length === 0 && finished_at) wait(finished_at.toISOString())
  return waits
}

function isLater(one: string, other: string) {
  return Date.parse(one) > Date.parse(other)
}

function attemptItem({ time_limit, soft_time_limit }: Row, tried: Try): TimelineItem {
  const { number, worker, started_at, finished_at, outcome, error } = tried
  return {
    ...nothing,
    ...{ type: 'attempt', at: iso(started_at), until: finished_at ? iso(finished_at) : null, attempt: number, worker },
    ...{ outcome: outcome ?? null, time_limit, soft_time_limit, error: said(error) }
  }
}

function eventItem({ request_id, schedule_id, events }: Row, tries: Try[], event: Event): TimelineItem {
  const { at, state, attempt, error } = event
  const worker = tries.find(({ number }) => number === attempt)?.worker
  const ofWorker = state !== 'PENDING' && state !== 'REVOKED' && worker
  const first = event === events[0] && state === 'PENDING'
  const submitter: Actor | null = schedule_id
    ? { kind: 'schedule', id: schedule_id }
    : request_id
      ? { kind: 'request', id: request_id }
      : null
  const by: Actor | null = ofWorker ? { kind: 'worker', id: worker } : first ? submitter : null
  return { ...nothing, type: 'event', at: iso(at), attempt, state, error: said(error), by }
}

/** The stack of an attempt is with the attempts. */
function said(error: TaskError | null | undefined) {
  return error ? { type: error.type, message: error.message } : null
}

function iso(time: string) {
  return new Date(time).toISOString()
}
