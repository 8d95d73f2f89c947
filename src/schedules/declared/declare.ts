import path from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { type Insertable, type Selectable, sql } from 'kysely'
import type { Logger } from 'pino'
import type { Database, InTransaction } from '#database/connect.ts'
import type { DeclaredSchedulesTable, SchedulesTable } from '#database/tables.ts'
import type { Kinds } from '#tasks/define.ts'
import { newId } from '#tasks/submit/id.ts'
import { newTask, type SubmitDefaults } from '#tasks/submit/prepare.ts'
import { timeOf } from '../queries.ts'
import { firstFrom } from '../settings/check.ts'
import { columnsOf, newSettings, type SettingsDefaults } from '../settings/settings.ts'
import { builtIn, type Declared, declaredIn } from './declared.ts'

interface DeclareNeeds {
  db: Database
  kinds: Kinds
  defaults: SubmitDefaults
  scheduleDefaults: SettingsDefaults
  log: Logger
}

type Known = Selectable<DeclaredSchedulesTable>

/**
 * Puts the schedules of task modules into the database. What was changed by API since stays, until the text of that
 * schedule changes; a deleted one stays deleted; one that a module does not state any more is disabled.
 */
export async function declareSchedules(needs: DeclareNeeds) {
  const declared = declaredIn(needs.kinds)
  await needs.db.query.transaction().execute(async trx => {
    // Workers that start together take turns.
    await sql`lock table darkroom.declared_schedules in share row exclusive mode`.execute(trx)
    const known = new Map(
      (await trx.selectFrom('declared_schedules').selectAll().execute()).map(row => [row.name, row])
    )
    const now = await timeOf(trx)
    for (const each of declared) await putIn(needs, trx, each, known.get(each.body.name), now)
    const names = new Set(declared.map(({ body }) => body.name))
    for (const row of known.values()) {
      if (!names.has(row.name) && row.gone_at === null && isOurs(needs.kinds, row)) await disable(trx, row, now)
    }
  })
}

/** Another worker may have modules that this one does not know; it speaks for its own kinds. */
function isOurs(kinds: Kinds, { file, kind }: Known) {
  if (file === builtIn || kinds.has(kind)) return true
  const folders = new Set([...kinds.values()].flatMap(({ file }) => (file === undefined ? [] : [path.dirname(file)])))
  return folders.has(path.dirname(file))
}

async function putIn(needs: DeclareNeeds, trx: InTransaction, declared: Declared, known: Known | undefined, now: Date) {
  const { body, file } = declared
  const declaration = JSON.stringify(body)
  const same = known !== undefined && known.gone_at === null && isEqual(known.declaration, body)
  const exists =
    known && (await trx.selectFrom('schedules').select('id').where('id', '=', known.schedule_id).executeTakeFirst())
  // House-keeping cannot be deleted through the API.
  const missing = !known || (!exists && (known.gone_at !== null || file === builtIn))
  if (same && !missing) return

  let schedule_id = known?.schedule_id ?? newId()
  if (missing) {
    schedule_id = newId()
    if (!(await insert(needs, trx, declared, schedule_id, now))) {
      return needs.log.warn(
        { schedule: body.name, file },
        'a schedule of a module was not put in: its name is taken by another one'
      )
    }
  } else if (exists) {
    const { created_at } = await trx
      .selectFrom('schedules')
      .select('created_at')
      .where('id', '=', schedule_id)
      .executeTakeFirstOrThrow()
    await trx
      .updateTable('schedules')
      .set(columns(needs, declared, schedule_id, created_at, now))
      .where('id', '=', schedule_id)
      .execute()
  }
  const row = { schedule_id, declaration, file, kind: declared.kind.name, declared_at: now, gone_at: null }
  await trx
    .insertInto('declared_schedules')
    .values({ name: body.name, ...row })
    .onConflict(conflict => conflict.column('name').doUpdateSet(row))
    .execute()
}

async function insert(needs: DeclareNeeds, trx: InTransaction, declared: Declared, id: string, now: Date) {
  const values = { ...columns(needs, declared, id, now, now), id, created_at: now, system: declared.file === builtIn }
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('schedules')
    .values(values as Insertable<SchedulesTable>)
    .onConflict(conflict => conflict.column('name').doNothing())
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n
}

function columns(
  { defaults, scheduleDefaults: zone }: DeclareNeeds,
  { body, kind }: Declared,
  id: string,
  anchor: Date,
  now: Date
) {
  const settings = newSettings(body, zone)
  const next = settings.enabled ? firstFrom({ ...settings, id, anchor }, now) : null
  const { id: _, ...template } = newTask(kind, settings.args, defaults, {
    ...(settings.options as object),
    name: settings.name,
    queue: settings.queue ?? undefined,
    priority: settings.priority ?? undefined,
    tags: settings.tags
  })
  return {
    ...columnsOf({ ...settings, enabled: next !== null }),
    template: JSON.stringify(template),
    next_run_at: next,
    disabled_at: next ? null : now,
    planned_at: now,
    armed_for: null,
    updated_at: now,
    tzdata: process.versions.tz
  }
}

async function disable(trx: InTransaction, { name, schedule_id }: Known, now: Date) {
  await trx.updateTable('declared_schedules').set({ gone_at: now }).where('name', '=', name).execute()
  await trx
    .updateTable('schedules')
    .set({ enabled: false, next_run_at: null, disabled_at: now, updated_at: now })
    .where('id', '=', schedule_id)
    .where('enabled', '=', true)
    .execute()
}

/** As jsonb keeps it, which has no order of fields. */
function isEqual(kept: unknown, stated: unknown) {
  return isDeepStrictEqual(kept, JSON.parse(JSON.stringify(stated)))
}
