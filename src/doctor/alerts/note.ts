import { CompiledQuery } from 'kysely'
import { v7 as uuid } from 'uuid'
import type { Database, InTransaction } from '#database/connect.ts'
import { transact } from '#database/transact.ts'
import type { Problem } from '../problem.ts'
import { isConsequence } from './causes.ts'
import { activeSilencesSql, type Silence, silencedUntil } from './silences.ts'
import { begin, type Standing, type Step, seen, unseen } from './step.ts'
import { flapping } from './times.ts'
import { keepProblemTurnSql } from './turn.ts'

// A rack that dies takes hundreds of workers along. The worst come first.
const most = 500

/** What stands, open or not yet, and what has closed so recently that it would be flapping. */
export const standingProblemsSql = `
select * from darkroom.problems where closed_at is null
union all
select * from darkroom.problems where closed_at > now() - ${flapping} * interval '1 s'`

export const writeProblemsSql = `
insert into darkroom.problems
select * from jsonb_populate_recordset(null::darkroom.problems, $1::jsonb)
on conflict (id) do update set
  sentence = excluded.sentence, severity = excluded.severity, since = excluded.since, actions = excluded.actions,
  first_seen_at = excluded.first_seen_at, severity_at = excluded.severity_at, last_seen_at = excluded.last_seen_at,
  opened_at = excluded.opened_at, gone_at = excluded.gone_at, closed_at = excluded.closed_at,
  told_at = excluded.told_at, told_severity = excluded.told_severity, flaps = excluded.flaps`

/** Those that were gone before they opened. */
export const forgetProblemsSql = `
delete from darkroom.problems where id = any($1::uuid[])`

export const tellProblemsSql = `
select darkroom.tell_problem(told.type, found.problem, told.more)
from jsonb_to_recordset($1::jsonb) as told (id uuid, type text, more jsonb)
cross join lateral (select p as problem from darkroom.problems p where p.id = any(array[told.id])) found`

/**
 * Old ones are removed a few at a time: one look in ten seconds has more than enough of them.
 */
export const expireProblemsSql = `
with old as (
  select id from darkroom.problems where closed_at < now() - $1::float8 * interval '1 s' order by closed_at limit 100
), ended as (
  delete from darkroom.problem_silences where until < now()
)
delete from darkroom.problems p using old where p.id = any(array[old.id])`

interface NoteOptions {
  looker: string
  /** Seconds until the next look. */
  pause: number
  /** Seconds that a closed problem stays. */
  historyExpires: number
}

const key = (code: string, type: string, id: string) => JSON.stringify([code, type, id])
const keyOfRow = ({ code, subject_type, subject_id }: Standing) => key(code, subject_type, subject_id)
const keyOfFound = ({ code, subject }: Problem) => key(code, subject.type, subject.id)

/**
 * Writes what was found and the messages about it, in one transaction. False where another process has taken over
 * meanwhile: then nothing is written.
 */
export async function noteProblems(db: Database, found: Problem[], options: NoteOptions): Promise<boolean> {
  const { looker, pause, historyExpires } = options
  return transact(db, async trx => {
    const [turn] = await ask<{ now: Date }>(trx, keepProblemTurnSql, [looker, pause])
    if (!turn) return false
    const rows = await ask<Standing>(trx, standingProblemsSql)
    const silences = await ask<Silence>(trx, activeSilencesSql)
    const { steps, forgotten } = stepAll(rows, found, silences, turn.now)
    await ask(trx, writeProblemsSql, [JSON.stringify(steps.map(({ row }) => row))])
    if (forgotten.length > 0) await ask(trx, forgetProblemsSql, [forgotten])
    const told = steps.flatMap(step => messageOf(step, rows))
    if (told.length > 0) await ask(trx, tellProblemsSql, [JSON.stringify(told)])
    await ask(trx, expireProblemsSql, [historyExpires])
    return true
  })
}

function stepAll(rows: Standing[], found: Problem[], silences: Silence[], now: Date) {
  const standing = new Map(rows.filter(({ closed_at }) => closed_at === null).map(row => [keyOfRow(row), row]))
  const closed = Map.groupBy(
    rows.filter(({ closed_at }) => closed_at !== null),
    keyOfRow
  )
  const there = new Map(found.slice(0, most).map(problem => [keyOfFound(problem), problem]))
  const codes = new Set([...found, ...standing.values()].map(({ code }) => code))
  const steps = [...there].map(([key, problem]): Step => {
    const withheld = isConsequence(problem.code, codes) || silencedUntil(problem, silences) !== null
    const flaps = Math.max(-1, ...(closed.get(key) ?? []).map(({ flaps }) => flaps)) + 1
    return seen(standing.get(key) ?? begin(problem, uuid(), flaps, now), problem, now, withheld)
  })
  const gone = [...standing].filter(([key]) => !there.has(key)).map(([, row]) => ({ row, step: unseen(row, now) }))
  return {
    steps: [...steps, ...gone.flatMap(({ step }) => step ?? [])],
    forgotten: gone.filter(({ step }) => !step).map(({ row }) => row.id)
  }
}

interface Message {
  id: string
  type: 'problem.opened' | 'problem.closed'
  /** What it says besides what every one of them does. */
  more: object
}

function messageOf({ row, tell }: Step, before: Standing[]): Message[] {
  if (tell === undefined) return []
  const { id, opened_at, gone_at } = row
  if (tell === 'problem.closed') {
    const seconds = Math.max(0, (gone_at!.getTime() - opened_at!.getTime()) / 1000)
    return [{ id, type: tell, more: { ended_at: gone_at, seconds } }]
  }
  const was = before.find(row => row.id === id)?.told_severity ?? null
  return [{ id, type: tell, more: { was } }]
}

async function ask<Row>(trx: InTransaction, text: string, values: unknown[] = []) {
  return (await trx.executeQuery<Row>(CompiledQuery.raw(text, values))).rows
}
