import { randomUUID } from 'node:crypto'
import t from 'tap'
import { type Random, randomFrom } from '../../scripts/chaos/random.ts'
import { readInterest } from '../../src/live/interest.ts'
import { matcher } from '../../src/live/matches.ts'
import { listTasks } from '../../src/tasks/listing/list.ts'
import type { TaskFilters } from '../../src/tasks/listing/schemas.ts'
import { findTasks } from '../../src/tasks/read/find.ts'
import { openService } from '../harness/service.ts'

const service = await openService(t)
const internal = ['sweep']
const seed = Number(process.env.SEED ?? 12)
const random = randomFrom(seed)

const ids = [randomUUID(), randomUUID(), randomUUID()]
const kinds = ['add', 'sleep', 'a,b', '-c', 'sweep']
const queues = ['default', 'media', 'a\\b', '']
const tags = ['red', 'blue', 'x,y', '-z', 'RED']
const texts = ['Odos ΟΔΟΣ', 'a needle, 50%', 'under_score', 'back\\slash', 'ÉTÉ', ids[0]!, `of ${ids[0]}`, '-', ' ']
const states = ['PENDING', 'STARTED', 'RETRY', 'SUCCESS', 'FAILURE', 'REVOKED']
const statuses = ['SCHEDULED', 'PENDING', 'PROCESSING', 'RETRYING', 'COMPLETED', 'FAILED', 'CANCELLED']
// Seconds before now. Spans between them are whole minutes, and limits are not: nothing is decided by the time of a test.
const moments = [3600, 1800, 1200, 600, 300, 120]
const limits = [0, 90, 390, 1000, 2500]
const begun = Date.now()

function maybe<T>(random: Random, list: readonly T[], probability = 0.6): T | null {
  return random.chance(probability) ? random.pick(list) : null
}

function at(seconds: number | null) {
  // The same millisecond for many, apart by microseconds.
  return seconds === null ? null : new Date(begun - seconds * 1000).toISOString().replace('Z', '500Z')
}

/** Any combination that the tables allow, whether or not a life leads to it. */
function randomTask(random: Random) {
  const state = random.pick(states)
  const isOver = ['SUCCESS', 'FAILURE', 'REVOKED'].includes(state)
  return {
    id: randomUUID(),
    task: random.pick(kinds),
    queue: random.pick(queues),
    state,
    name: maybe(random, texts),
    description: maybe(random, texts),
    tags: tags.filter(() => random.chance(0.3)),
    worker: maybe(random, ids),
    attempts: random.whole(0, 3),
    schedule_id: maybe(random, ids),
    video_id: maybe(random, ids),
    error: state !== 'SUCCESS' && random.chance(0.7) ? { type: 'Error', message: random.pick(texts) } : null,
    eta: at(random.chance(0.3) ? -3600 : maybe(random, moments)),
    created_at: at(random.pick(moments)),
    started_at: at(maybe(random, moments)),
    finished_at: at(isOver ? random.pick(moments) : null)
  }
}

/** Words of a filter: some of a list, some of them negated, written with their backslashes. */
function words(random: Random, list: readonly string[]) {
  const chosen = Array.from({ length: random.whole(1, 3) }, () => random.pick(list))
  return chosen
    .map(word => `${random.chance(0.3) ? '-' : ''}${word.replaceAll(/[\\,]|^-/g, found => `\\${found}`)}`)
    .join(',')
}

function inAnyCase(random: Random, text: string) {
  return random.chance(0.3) ? text.toUpperCase() : random.chance(0.3) ? text.toLowerCase() : text
}

function randomFilter(random: Random): TaskFilters {
  const piece = () => {
    const text = random.pick(texts)
    const start = random.whole(0, Math.min(3, text.length))
    return inAnyCase(random, random.chance(0.3) ? text : text.slice(start, start + random.whole(0, 4)))
  }
  const all: { [Name in keyof TaskFilters]?: () => TaskFilters[Name] } = {
    state: () => words(random, states),
    status: () => words(random, statuses),
    task: () => words(random, kinds),
    queue: () => words(random, queues),
    worker: () => inAnyCase(random, words(random, [...ids, 'garbage'])),
    tag: () => words(random, tags),
    q: piece,
    error: () => words(random, [piece(), piece(), '']),
    schedule_id: () => words(random, ids),
    video_id: () => inAnyCase(random, words(random, ids)),
    created_after: () =>
      random.chance(0.1) ? '1970-01-01T00:00:00Z' : at(random.pick(moments) - random.pick([0, 30]))!,
    created_before: () =>
      random.chance(0.1) ? '1970-01-01T00:00:00Z' : at(random.pick(moments) - random.pick([0, 30]))!,
    attempts_min: () => random.whole(0, 3),
    ran_min: () => random.pick(limits),
    waited_min: () => random.pick(limits)
  }
  const names = random.shuffled(Object.keys(all) as (keyof TaskFilters)[]).slice(0, random.whole(1, 4))
  return Object.fromEntries(names.map(name => [name, all[name]!()]))
}

t.test('a page is told of the same tasks that its list finds, whatever the filter', async t => {
  const tasks = Array.from({ length: 300 }, () => randomTask(random))
  await service.db.pool.query(
    `insert into darkroom.tasks (
      id, task, queue, state, result_expires, name, description, tags, worker, attempts, schedule_id, video_id, error, eta,
      created_at, started_at, finished_at
    )
    select id, task, queue, state, 60, name, description, tags, worker, attempts, schedule_id, video_id, error, eta,
      created_at, started_at, finished_at
    from json_populate_recordset(null::darkroom.tasks, $1)`,
    [JSON.stringify(tasks)]
  )
  // The first attempt began as long before the latest one as there were attempts.
  await service.db.pool.query(
    `insert into darkroom.attempts (task_id, number, started_at, finished_at, outcome)
    select id, number, started_at - (attempts - number) * interval '5 minutes', started_at, 'failure'
    from darkroom.tasks, generate_series(1, attempts) number where started_at is not null`
  )
  const bodies = await findTasks(
    service.db,
    tasks.map(({ id }) => id)
  )
  const byId = new Map(bodies.map(body => [body.id, body]))
  let found = 0
  let inDoubt = 0
  for (let run = 0; run < 800; run++) {
    const filter = randomFilter(random)
    const read = readInterest(JSON.stringify({ filter }))
    if (!('interest' in read)) throw new Error(`${JSON.stringify(filter)}: ${read.problem}`)
    const { items } = await listTasks(service.db, { ...filter, limit: 1000 }, internal)
    const fits = matcher(read.interest.filter!, internal)
    const listed = new Set(items.map(({ id }) => id))
    found += listed.size
    for (const { id } of tasks) {
      const body = byId.get(id)!
      if (fits(body) === listed.has(id)) continue
      const edges = [filter.created_after, filter.created_before].map(time => time && Date.parse(time))
      const mayBe =
        edges.includes(Date.parse(body.created_at)) || (filter.waited_min !== undefined && body.attempts > 1)
      if (mayBe && !listed.has(id)) inDoubt++
      else t.fail(`listed: ${listed.has(id)}`, { seed, filter, body })
      if (t.counts.fail > 3) return
    }
  }
  t.ok(found > 5_000, `${found} tasks fitted`)
  t.ok(inDoubt < found / 20, `${inDoubt} were in doubt`)
})
