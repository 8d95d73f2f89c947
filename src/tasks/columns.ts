import type { TasksTable } from '#database/tables.ts'

interface Column {
  /** The SQL type. */
  type: string
  /** Written by a submission; as SQL where that is not the value of the same name. */
  submitted?: true | string
  /** Read to show the task to an API client, or to know whether its key may see it. */
  shown?: true
  /** Handed to the worker that claims the task, if need be as SQL over the task `t`. */
  claimed?: true | string
  /** What a manual retry sets it to, as SQL. */
  reset?: string
}

const shown = { submitted: true, shown: true } as const
const setting = { submitted: true, claimed: true } as const

/** The columns of `darkroom.tasks`, each once. What the statements and answers hold is derived from this list. */
const columns = {
  id: { type: 'uuid', ...shown, claimed: true },
  task: { type: 'text', ...shown, claimed: true },
  queue: { type: 'text', ...shown, claimed: true },
  state: { type: 'text', shown: true, claimed: true, reset: `'PENDING'` },
  name: { type: 'text', ...shown },
  description: { type: 'text', ...shown },
  priority: { type: 'smallint', ...shown },
  args: { type: 'jsonb', ...shown, claimed: true },

  attempts: { type: 'int', shown: true, claimed: 't.attempts as attempt' },
  failures: { type: 'int', claimed: true, reset: '0' },
  crashes: { type: 'int', claimed: true, reset: '0' },
  outages: { type: 'int', claimed: true, reset: '0' },
  max_retries: { type: 'int', ...shown, claimed: true },
  retry_delay: { type: 'real', ...setting },
  retry_backoff: { type: 'boolean', ...setting },
  retry_backoff_max: { type: 'real', ...setting },
  retry_jitter: { type: 'boolean', ...setting },
  time_limit: { type: 'real', ...setting },
  soft_time_limit: { type: 'real', ...setting },
  result_expires: { type: 'int', ...shown },

  progress: { type: 'real', shown: true, reset: 'null' },
  progress_detail: { type: 'jsonb', shown: true, reset: 'null' },
  error: { type: 'jsonb', shown: true, reset: 'null' },

  eta: {
    type: 'timestamptz',
    submitted: `coalesce(eta, now() + countdown * interval '1 second')`,
    shown: true,
    reset: 'null'
  },
  expires_at: {
    type: 'timestamptz',
    submitted: `coalesce(expires_at, now() + expires_in * interval '1 second')`,
    shown: true,
    reset: 'null'
  },
  created_at: { type: 'timestamptz', shown: true },
  started_at: { type: 'timestamptz', shown: true, reset: 'null' },
  cancel_requested_at: { type: 'timestamptz', reset: 'null' },
  finished_at: { type: 'timestamptz', shown: true, reset: 'null' },

  worker: { type: 'uuid', shown: true, reset: 'null' },
  tags: { type: 'text[]', submitted: `coalesce(tags, '{}')`, shown: true },
  schedule_id: { type: 'uuid', ...shown },
  video_id: { type: 'uuid', ...shown },
  request_id: { type: 'text', ...setting },
  traceparent: { type: 'text', ...shown, claimed: true },
  created_by: { type: 'text', ...shown },
  owner: { type: 'text', ...shown },
  webhook_id: { type: 'uuid', submitted: true }
} as const satisfies Record<keyof TasksTable, Column>

export const taskColumns: Readonly<Record<keyof TasksTable, Column>> = columns

type Having<Use extends keyof Column> = {
  [Name in keyof typeof columns]: (typeof columns)[Name] extends Record<Use, unknown> ? Name : never
}[keyof typeof columns]

export type SubmittedColumn = Having<'submitted'>
export type ShownColumn = Having<'shown'>

const entries = Object.entries(taskColumns)

/** Joins by commas, with line breaks that keep the printed statements readable. */
function list(texts: string[]) {
  const lines: string[] = ['']
  for (const [index, text] of texts.entries()) {
    const piece = index < texts.length - 1 ? `${text},` : text
    const line = lines.at(-1)!
    if (line !== '' && line.length + piece.length > 110) lines.push(piece)
    else lines[lines.length - 1] = line === '' ? piece : `${line} ${piece}`
  }
  return lines.join('\n    ')
}

/** Fields of a submission that are not columns: seconds from now, by the database's clock. */
const relative = { countdown: 'float8', expires_in: 'float8' }
export type RelativeTime = keyof typeof relative

/** The record of a submission, for `jsonb_to_recordset`. */
export const submittedRecord = list([
  ...entries.filter(([, { submitted }]) => submitted).map(([name, { type }]) => `${name} ${type}`),
  ...Object.entries(relative).map(([name, type]) => `${name} ${type}`)
])

/** Columns that a submission inserts, and their values as SQL over that record. */
export const submittedColumns = list(entries.filter(([, { submitted }]) => submitted).map(([name]) => name))
export const submittedValues = list(
  entries.flatMap(([name, { submitted }]) => (submitted ? [submitted === true ? name : submitted] : []))
)

/** Columns of a task `t` that clients see. By name: a prepared `select *` fails once a migration has added a column. */
export const shownColumns = list(entries.filter(([, { shown }]) => shown).map(([name]) => `t.${name}`))

/** Columns of a task `t` that a claim returns, with their names there. */
export const claimedColumns = list(
  entries.flatMap(([name, { claimed }]) => (claimed ? [claimed === true ? `t.${name}` : claimed] : []))
)

/** Assignments of a manual retry. */
export const resetColumns = list(entries.flatMap(([name, { reset }]) => (reset ? [`${name} = ${reset}`] : [])))
