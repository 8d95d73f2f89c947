import { CompiledQuery } from 'kysely'
import { fromKysely, type PgBoss } from 'pg-boss'
import type { InTransaction } from '#database/connect.ts'
import { dueQueue } from '#queue/boss.ts'
import { type Enqueued, enqueueIn } from '#tasks/submit/enqueue.ts'
import type { NewTask } from '#tasks/submit/new-task.ts'
import { type Decision, decideDue } from '../occurrences/due.ts'
import { type NewOccurrence, writeOccurrences } from '../occurrences/write.ts'
import { timeOf } from '../queries.ts'
import { ruleOfRow, type Schedule } from '../row.ts'
import { type Alarm, insertAlarms } from './alarms.ts'
import { type TaskNeeds, taskOf } from './task.ts'

export interface FireNeeds extends TaskNeeds {
  boss: PgBoss
}

export interface Fired {
  /** Alarms that have rung. */
  alarms: number
  /** Schedules that were due. */
  schedules: number
  enqueued: Enqueued[]
  /** System schedules whose queue is missing. */
  missing: string[]
}

interface FireOptions {
  /** Schedules at most. */
  limit: number
  /** Left for later. */
  except: string[]
  /** This one alone. */
  only?: string
}

// Tasks that one transaction makes, beyond those of the schedule that reaches it.
const mostTasks = 5_000

/** What is due now. Alarms tell when to look; the schedules' own rows tell what. */
export const lockDueSql = `
select s.* from darkroom.schedules s
where next_run_at <= now() and id <> all($2::uuid[]) and ($3::uuid is null or id = $3)
order by next_run_at limit $1 for update skip locked`

/**
 * One transaction: the alarms that have rung, the occurrences, their tasks, the schedules' next moments and the next
 * alarms. A process that dies in between leaves everything as it was; any number of processes take different schedules.
 */
export async function fireDue(
  needs: FireNeeds,
  trx: InTransaction,
  { limit, except, only }: FireOptions
): Promise<Fired> {
  const { boss } = needs
  const alarms = await boss.fetch<Alarm>(dueQueue, { batchSize: limit, db: fromKysely(trx) })
  const { rows: due } = await trx.executeQuery<Schedule>(CompiledQuery.raw(lockDueSql, [limit, except, only ?? null]))
  const fired: Fired = { alarms: alarms.length, schedules: due.length, enqueued: [], missing: [] }
  if (due.length > 0) Object.assign(fired, await fire(needs, trx, due))
  if (alarms.length > 0) await boss.complete(dueQueue, alarms, { made: fired.enqueued.length }, { db: fromKysely(trx) })
  return fired
}

async function fire(needs: FireNeeds, trx: InTransaction, due: Schedule[]) {
  const now = await timeOf(trx)
  const seen = { now, open: await findOpen(trx, due), queues: await findQueues(trx) }
  const turns: Turn[] = []
  const missing: string[] = []
  let made = 0
  for (const schedule of due) {
    const turn = takeTurn(needs, schedule, seen)
    if (turn.gone && schedule.system) {
      // It stays due until its queue is there again.
      missing.push(turn.gone)
      continue
    }
    turns.push(turn)
    made += turn.tasks.length
    // The others stay due.
    if (made >= mostTasks) break
  }
  const enqueued = await write(trx, turns)
  const next = turns.flatMap(({ schedule, next }) => (next ? [{ id: schedule.id, next_run_at: next }] : []))
  await insertAlarms(needs.boss, trx, next)
  return { schedules: turns.length, enqueued, missing }
}

/** What a batch of schedules needs to know of tasks and queues. */
interface Seen {
  now: Date
  /** Unfinished tasks. */
  open: Set<string>
  queues: Set<string>
}

interface Turn {
  schedule: Schedule
  occurrences: NewOccurrence[]
  tasks: NewTask[]
  next: Date | null
  /** Its queue, if that was removed. */
  gone?: string
}

/** The occurrences of one schedule that are due, and their tasks. */
function takeTurn(needs: FireNeeds, schedule: Schedule, { now, open, queues }: Seen): Turn {
  const { decisions, next } = decideDue(schedule, ruleOfRow(schedule), now)
  const turn: Turn = { schedule, occurrences: [], tasks: [], next }
  let overlaps = schedule.overlap === 'skip' && schedule.last_task_id !== null && open.has(schedule.last_task_id)

  for (const decision of decisions) {
    if (decision.outcome !== 'fired') note(turn, decision, null)
    else if (overlaps) note(turn, { ...decision, outcome: 'skipped', reason: 'overlap' }, null)
    else {
      const task = taskOf(needs, schedule)
      if (!queues.has(task.queue)) {
        turn.gone = task.queue
        note(turn, { ...decision, outcome: 'skipped', reason: 'queue_gone' }, null)
        continue
      }
      turn.tasks.push(task)
      note(turn, decision, task.id)
      overlaps = schedule.overlap === 'skip'
      if (schedule.one_off) return { ...turn, next: null }
    }
  }
  return turn
}

function note(turn: Turn, decision: Decision, task_id: string | null) {
  turn.occurrences.push({ ...decision, schedule_id: turn.schedule.id, task_id, manual: false })
}

export const advanceSchedulesSql = `
update darkroom.schedules s
set
  next_run_at = new.next_run_at, armed_for = new.next_run_at, planned_at = now(), tzdata = $2,
  enabled = new.next_run_at is not null,
  disabled_at = case when new.next_run_at is null then now() end,
  last_run_at = case when new.made > 0 then now() else s.last_run_at end,
  last_task_id = coalesce(new.last_task_id, s.last_task_id),
  total_run_count = s.total_run_count + new.made,
  total_skipped = s.total_skipped + new.skipped
from jsonb_to_recordset($1::jsonb) as new (
  id uuid, next_run_at timestamptz, last_task_id uuid, made int, skipped int
)
where s.id = new.id`

/** An occurrence that has a row already, from before a clock went back, makes no task. */
async function write(trx: InTransaction, turns: Turn[]): Promise<Enqueued[]> {
  const written = await writeOccurrences(
    trx,
    turns.flatMap(({ occurrences }) => occurrences)
  )
  const fresh = new Set(written.map(({ task_id }) => task_id))
  const known = new Set(written.map(keyOf))
  const tasksOf = (turn: Turn) => turn.tasks.filter(({ id }) => fresh.has(id))
  const all = turns.flatMap(tasksOf)
  const enqueued = all.length > 0 ? await enqueueIn(trx, all) : []
  const advanced = turns.map(turn => {
    const made = tasksOf(turn)
    return {
      id: turn.schedule.id,
      next_run_at: turn.next,
      last_task_id: made.at(-1)?.id ?? null,
      made: made.length,
      skipped: turn.occurrences
        .filter(each => each.outcome !== 'fired' && known.has(keyOf(each)))
        .reduce((sum, { count }) => sum + count, 0)
    }
  })
  await trx.executeQuery(CompiledQuery.raw(advanceSchedulesSql, [JSON.stringify(advanced), process.versions.tz]))
  return enqueued
}

function keyOf({ schedule_id, due_at }: Pick<NewOccurrence, 'schedule_id' | 'due_at'>) {
  return `${schedule_id} ${due_at.getTime()}`
}

async function findOpen(trx: InTransaction, due: Schedule[]) {
  const last = due.flatMap(({ overlap, last_task_id }) => (overlap === 'skip' && last_task_id ? [last_task_id] : []))
  if (last.length === 0) return new Set<string>()
  const open = await trx
    .selectFrom('tasks')
    .select('id')
    .where('id', 'in', last)
    .where('finished_at', 'is', null)
    .execute()
  return new Set(open.map(({ id }) => id))
}

/** With a lock: a queue that is removed meanwhile would refuse the tasks of all schedules. */
export const lockQueuesSql = 'select name from pgboss.queue for key share'

async function findQueues(trx: InTransaction) {
  const { rows } = await trx.executeQuery<{ name: string }>(CompiledQuery.raw(lockQueuesSql))
  return new Set(rows.map(({ name }) => name))
}

export const lockOneDueSql = `
select * from darkroom.schedules where id = $1 and next_run_at <= now() for update`

/** The film of a scheduled process_video has an open task: its occurrences that are due count as overlaps. */
export async function skipBusy(needs: FireNeeds, trx: InTransaction, id: string) {
  const { rows } = await trx.executeQuery<Schedule>(CompiledQuery.raw(lockOneDueSql, [id]))
  const schedule = rows[0]
  if (!schedule) return
  const { decisions, next } = decideDue(schedule, ruleOfRow(schedule), await timeOf(trx))
  const turn: Turn = { schedule, occurrences: [], tasks: [], next }
  for (const decision of decisions) {
    const busy = decision.outcome === 'fired'
    note(turn, busy ? { ...decision, outcome: 'skipped', reason: 'overlap' } : decision, null)
  }
  await write(trx, [turn])
  await insertAlarms(needs.boss, trx, next ? [{ id, next_run_at: next }] : [])
}
