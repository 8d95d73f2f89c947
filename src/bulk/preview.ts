import { createHash } from 'node:crypto'
import type { Database } from '#database/connect.ts'
import { PreviewRefused } from '#errors.ts'
import { type Count, countTasks } from '#tasks/counts/counts.ts'
import { readOn } from '#tasks/listing/by-time.ts'
import type { Asked } from '#tasks/listing/filters.ts'
import { greatestId } from '#tasks/listing/ways.ts'
import { findTasks } from '#tasks/read/find.ts'
import { stateOf } from '#tasks/words.ts'
import { fitting, freeze, matching, type Sight, visible } from './matching.ts'
import type { NewBulk } from './schemas.ts'

// Milliseconds for which a preview holds.
const validity = 600_000
// Share by which the number of tasks may differ from it.
const drift = 0.2
const samples = 5

export interface Expectation {
  count: number
  exact: boolean
}

/** What an operation would do, and a word by which the request that does it says: to these. */
export async function dryRun(db: Database, request: NewBulk, sight: Sight) {
  const { action, filter } = request
  const moment = new Date()
  const frozen = freeze(filter, moment)
  const { counts } = await countTasks(db.pool, visible(frozen, sight))
  const fits = ({ status }: Count) => fitting[action].includes(stateOf(status))
  const by = counts.filter(each => each.count > 0 && fits(each))
  const expectation = sumOf(by)
  const asked = matching(frozen, action, sight)
  return {
    ...expectation,
    by,
    skipped: counts.filter(each => each.count > 0 && !fits(each)),
    samples: asked ? await newestOf(db, asked) : [],
    preview: encode({ of: fingerprint(request), at: moment.toISOString(), ...expectation })
  }
}

/** How many tasks an operation will look at. */
export async function expect(
  db: Database,
  { action }: NewBulk,
  frozen: NewBulk['filter'],
  sight: Sight
): Promise<Expectation> {
  const asked = matching(frozen, action, sight)
  return asked ? sumOf((await countTasks(db.pool, asked)).counts) : { count: 0, exact: true }
}

/** The moment of a preview. Throws where it is too old, of another request, or no longer true. */
export function momentOf(request: NewBulk, now = new Date()): Date {
  if (request.preview === undefined) return now
  const preview = decode(request.preview)
  if (preview?.of !== fingerprint(request)) throw new PreviewRefused('The preview is not of this action and filter')
  const moment = new Date(preview.at)
  const age = now.getTime() - moment.getTime()
  if (!(age >= 0 && age <= validity)) throw new PreviewRefused('The preview is more than ten minutes old')
  return moment
}

/** A plan that was made for ten tasks must not be carried out on a thousand. */
export function checkDrift({ preview }: NewBulk, { count }: Expectation) {
  const seen = preview === undefined ? undefined : decode(preview)
  if (!seen || Math.abs(count - seen.count) <= Math.max(1, seen.count * drift)) return
  throw new PreviewRefused(`${count} tasks match now, and ${seen.count} matched at the preview`)
}

async function newestOf(db: Database, asked: Asked) {
  const start = ['infinity', greatestId] as const
  const { rows } = await readOn(db.pool, asked, { way: 'toOlder', start, limit: samples - 1, limits: undefined })
  const found = new Map(
    (
      await findTasks(
        db,
        rows.map(({ id }) => id)
      )
    ).map(task => [task.id, task])
  )
  return rows.map(({ id }) => found.get(id)).filter(task => task !== undefined)
}

function sumOf(counts: Count[]): Expectation {
  return {
    count: counts.reduce((all, { count }) => all + count, 0),
    exact: counts.every(({ exact }) => exact)
  }
}

function fingerprint({ action, filter, queue, over }: NewBulk) {
  const parts = [action, Object.entries(filter).sort(), queue ?? null, over ?? null]
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 16)
}

interface Preview extends Expectation {
  of: string
  at: string
}

function encode(preview: Preview) {
  return Buffer.from(JSON.stringify(preview)).toString('base64url')
}

function decode(text: string): Preview | undefined {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString())
  } catch {
    return undefined
  }
}
