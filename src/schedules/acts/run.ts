import { CompiledQuery } from 'kysely'
import { refuseBeyond } from '#access/limits.ts'
import type { Principal } from '#access/principal.ts'
import type { InTransaction } from '#database/connect.ts'
import { refuse } from '#schema/check.ts'
import { type Enqueued, enqueueIn } from '#tasks/submit/enqueue.ts'
import { type TaskNeeds, taskOf } from '../firing/task.ts'
import { refireOccurrences, writeOccurrences } from '../occurrences/write.ts'
import { lockSchedule, timeOf } from '../queries.ts'
import type { Schedule } from '../row.ts'
import type { Backfill } from '../schemas.ts'
import { ruleOfSaved } from '../settings/check.ts'

/** Counts tasks that a request made: the cursor of the schedule stays where it is. */
export const countRunsSql = `
update darkroom.schedules
set last_run_at = now(), last_task_id = $2, total_run_count = total_run_count + $3
where id = $1`

/** A task now, in the caller's transaction; its occurrence is `manual`. */
export async function runNow(needs: TaskNeeds, trx: InTransaction, named: string, principal?: Principal) {
  const schedule = await lockSchedule(trx, named)
  const task = taskOf(needs, schedule)
  refuseBeyond(principal?.limits, { task: task.task, queue: task.queue })
  const now = await timeOf(trx)
  await writeOccurrences(trx, [
    {
      schedule_id: schedule.id,
      due_at: await freeMoment(trx, schedule, now),
      outcome: 'fired',
      reason: null,
      until: null,
      count: 1,
      task_id: task.id,
      manual: true
    }
  ])
  const enqueued = await enqueueIn(trx, [task])
  await trx.executeQuery(CompiledQuery.raw(countRunsSql, [schedule.id, task.id, 1]))
  return { schedule, task_id: task.id, enqueued }
}

/** This moment, or the next one of which no occurrence speaks. */
async function freeMoment(trx: InTransaction, { id }: Schedule, now: Date): Promise<Date> {
  const taken = await trx
    .selectFrom('occurrences')
    .select('due_at')
    .where('schedule_id', '=', id)
    .where('due_at', '>=', now)
    .where('due_at', '<', new Date(now.getTime() + 1_000))
    .execute()
  const times = new Set(taken.map(({ due_at }) => due_at.getTime()))
  let at = now.getTime()
  while (times.has(at)) at++
  return new Date(at)
}

const mostAtOnce = 1_000

/** Tasks for occurrences of the past that made none, in the caller's transaction. */
export async function backfill(
  needs: TaskNeeds,
  trx: InTransaction,
  named: string,
  { from, to }: Backfill,
  principal?: Principal
) {
  const schedule = await lockSchedule(trx, named)
  const { task, queue } = taskOf(needs, schedule)
  refuseBeyond(principal?.limits, { task, queue })
  const times = occurrencesBetween(schedule, new Date(from), new Date(to), await timeOf(trx))
  const planned = times.map(due_at => ({ due_at, task: taskOf(needs, schedule), schedule_id: schedule.id }))
  const written = await refireOccurrences(
    trx,
    planned.map(({ due_at, schedule_id, task }) => ({ due_at, schedule_id, task_id: task.id }))
  )
  const made = new Set(written.map(({ task_id }) => task_id))
  const fresh = planned.filter(({ task }) => made.has(task.id))
  let enqueued: Enqueued[] = []
  if (fresh.length > 0) {
    enqueued = await enqueueIn(
      trx,
      fresh.map(({ task }) => task)
    )
    await trx.executeQuery(CompiledQuery.raw(countRunsSql, [schedule.id, fresh.at(-1)!.task.id, fresh.length]))
  }
  const items = fresh.map(({ due_at, task }) => ({ due_at: due_at.toISOString(), task_id: task.id }))
  return { schedule, enqueued, answer: { items, already_fired: times.length - fresh.length } }
}

function occurrencesBetween(schedule: Schedule, from: Date, to: Date, now: Date) {
  if (to < from) throw refuse([{ field: 'to', message: 'must not be before from' }])
  if (to > now) throw refuse([{ field: 'to', message: 'is in the future' }])
  const rule = ruleOfSaved(schedule)
  const times: Date[] = []
  for (let at = rule.next(new Date(from.getTime() - 1)); at && at <= to; at = rule.next(at)) {
    times.push(at)
    if (times.length > mostAtOnce) {
      throw refuse([{ field: 'to', message: `holds more than ${mostAtOnce} occurrences: ask for less at a time` }])
    }
  }
  return times
}
