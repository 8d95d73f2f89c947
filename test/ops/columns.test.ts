import t from 'tap'
import { LineBody } from '../../src/audit/schemas.ts'
import { ProblemRecord } from '../../src/doctor/schemas.ts'
import { KindBody } from '../../src/kinds/schemas.ts'
import { OccurrenceBody, ScheduleBody } from '../../src/schedules/schemas.ts'
import { AttemptBody } from '../../src/tasks/attempts/schemas.ts'
import { resetColumns, submittedColumns } from '../../src/tasks/columns.ts'
import { TaskBody } from '../../src/tasks/schemas.ts'
import { TaskChange } from '../../src/tasks/steer/schemas.ts'
import { Submission } from '../../src/tasks/submit/schemas.ts'
import { VideoBody } from '../../src/videos/schemas.ts'
import { DeliveryBody, WebhookBody } from '../../src/webhooks/schemas.ts'
import { WorkerBody } from '../../src/workers/schemas.ts'
import { openService } from '../harness/service.ts'

const service = await openService(t)
const { pool } = service.db

async function columnsOf(view: string) {
  const { rows } = await pool.query<{ attname: string }>(
    'select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 order by attnum',
    [`ops.${view}`]
  )
  return rows.map(({ attname }) => attname)
}

const source = async (name: string) =>
  (await pool.query<{ prosrc: string }>('select prosrc from pg_proc where proname = $1', [name])).rows[0]!.prosrc

t.test('a task, an attempt, a film, a worker and a schedule have the fields of HTTP in SQL', async t => {
  t.strictSame(await columnsOf('tasks'), Object.keys(TaskBody.properties))
  t.strictSame(await columnsOf('attempts'), ['task_id', ...Object.keys(AttemptBody.properties)])
  t.strictSame(await columnsOf('videos'), Object.keys(VideoBody.properties))
  t.strictSame(await columnsOf('workers'), Object.keys(WorkerBody.properties))
  t.strictSame(await columnsOf('audit'), Object.keys(LineBody.properties))
  t.strictSame(await columnsOf('webhooks'), Object.keys(WebhookBody.properties))
  const { subject, ...ofProblem } = ProblemRecord.properties
  t.strictSame(
    (await columnsOf('problems')).toSorted(),
    [...Object.keys(ofProblem), 'subject_id', 'subject_type'].sort()
  )
  const ofDelivery = await columnsOf('deliveries')
  t.strictSame(
    Object.keys(DeliveryBody.properties).filter(name => !ofDelivery.includes(name)),
    []
  )
  t.strictSame((await columnsOf('schedules')).toSorted(), Object.keys(ScheduleBody.properties).sort())
  t.strictSame(
    (await columnsOf('occurrences')).toSorted(),
    ['schedule_id', 'schedule', ...Object.keys(OccurrenceBody.properties)].sort()
  )
  const { limits, retries, ...rest } = KindBody.properties
  t.strictSame(
    (await columnsOf('kinds')).toSorted(),
    [...Object.keys(rest), ...Object.keys(limits.properties), ...Object.keys(retries.properties)].sort()
  )
})

t.test('a retry by either way resets the columns of the one list', async t => {
  const assignments = (text: string) => text.replaceAll(/\s+/g, ' ').trim()

  t.ok(assignments(await source('request_retry')).includes(assignments(resetColumns)))
})

t.test('a submission by SQL writes the columns of the one list', async t => {
  const [, inserted] = /insert into darkroom\.tasks \(([^)]*)\)/.exec(await source('enqueue'))!
  const names = (text: string) => text.split(/,\s*/).map(name => name.trim())
  // Only HTTP has requests, traces and keys, and only a schedule has its id.
  const elsewhere = ['request_id', 'traceparent', 'created_by', 'owner', 'schedule_id']

  t.strictSame(
    names(inserted!).sort(),
    names(submittedColumns)
      .filter(name => !elsewhere.includes(name))
      .sort()
  )
})

/** A schema without what it says to people. */
function rules(schema: Record<string, unknown>) {
  const { description: _, default: __, items, ...rest } = schema
  return items === undefined ? rest : { ...rest, items }
}

t.test('what can be changed of a task that waits is what PATCH changes, with the same limits', async t => {
  const { rows } = await pool.query(
    `select darkroom.change_schema() as schema, proargnames as names from pg_proc
    where oid = 'ops.change_task'::regproc`
  )
  const { eta: _, ...rest } = JSON.parse(JSON.stringify(TaskChange.properties))

  const theirs = Object.fromEntries(Object.entries<any>(rest).map(([name, schema]) => [name, rules(schema)]))
  t.strictSame(rows[0].schema.properties, theirs)
  t.strictSame(rows[0].names, ['id', ...Object.keys(TaskChange.properties)])
})

t.test('the options of a submission are those of HTTP, with the same limits', async t => {
  const { rows } = await pool.query('select darkroom.submission_schema() as schema')
  const ours = rows[0].schema.properties
  // Times are of Postgres's own type; expires is in seconds, expires_at a time.
  const { args, eta: _, scheduled_time: __, expires, ...rest } = JSON.parse(JSON.stringify(Submission.properties))

  const theirs = Object.fromEntries(Object.entries<any>(rest).map(([name, schema]) => [name, rules(schema)]))
  t.strictSame(ours, { ...theirs, args: { type: 'object' }, expires: rules(expires.anyOf[0]) })
  t.equal(args.type, 'object')
})
