import { type KeyLimits, refuseBeyond } from '#access/limits.ts'
import { marksOf, type Principal } from '#access/principal.ts'
import { KindInternal, UnknownTask } from '#errors.ts'
import { mustBeQueue, type QueueNames } from '#queue/names.ts'
import { checkOf, type FieldProblem, refuse } from '#schema/check.ts'
import { isUuid } from '#schema/common.ts'
import type { Kind, Kinds } from '#tasks/define.ts'
import { isInternal } from '#tasks/internal.ts'
import { currentTrace } from '#telemetry/current.ts'
import { newId } from './id.ts'
import type { NewTask } from './new-task.ts'
import type { Submission } from './schemas.ts'
import type { Webhooks } from './webhooks.ts'

/** Settings of the deployment for kinds that set none of their own. */
export interface SubmitDefaults {
  resultExpires: number
}

interface PrepareNeeds {
  kinds: Kinds
  queues: QueueNames
  /** Where a submission may name one. */
  webhooks?: Webhooks
  defaults: SubmitDefaults
}

// Bytes, as many as for a result: a list of a thousand tasks has all of their arguments in memory at once.
const largestArgs = 1024 * 1024

/**
 * Turns a checked body into a task that can be written, or throws an error that names the invalid fields. The limits of
 * the principal hold, and the task says who has created it.
 */
export async function prepareTask(
  needs: PrepareNeeds,
  submission: Submission,
  principal?: Principal
): Promise<NewTask> {
  const { kinds, queues, webhooks, defaults } = needs
  const kind = kinds.get(submission.task ?? 'process_data')
  if (!kind) {
    throw Object.assign(new UnknownTask(submission.task), {
      errors: [{ field: 'task', message: 'is not a known kind' }]
    })
  }
  if (isInternal(kind.name) && !isAdmin(principal)) {
    throw Object.assign(new KindInternal(kind.name), { errors: [{ field: 'task', message: 'is an internal kind' }] })
  }

  refuseBeyond(principal?.limits, { task: kind.name })

  const args = submission.args ?? {}
  if (Buffer.byteLength(JSON.stringify(args)) > largestArgs) {
    throw refuse([{ field: 'args', message: 'must be at most 1 MiB' }])
  }
  const problems = checkOf(kind.args)(args)
  if (problems.length > 0) throw refuse(problems, 'args')

  const queue = submission.queue ?? kind.queue
  await mustBeQueue(queues, queue)

  const { webhook } = submission
  if (webhook !== undefined && !(await webhooks?.has(webhook))) {
    throw refuse([{ field: 'webhook', message: 'is not a known webhook' }])
  }

  const wrong = contradictions(submission, kind)
  if (wrong.length > 0) throw refuse(wrong)

  const task = newTask(kind, args, defaults, {
    ...submission,
    ...marksOf(principal),
    queue,
    webhook_id: webhook,
    ...times(submission)
  })
  if (!principal?.limits) return task
  refuseBeyond(principal.limits, { ...submission, task: task.task, queue })
  return within(principal.limits, task, kind)
}

/** What a submission leaves open is that of its kind, as far as the key allows it. */
function within({ max_priority, max_retries, max_time_limit }: KeyLimits, task: NewTask, kind: Kind): NewTask {
  if ((max_priority ?? max_retries ?? max_time_limit) === undefined) return task
  const hard = task.time_limit ?? kind.time_limit
  return {
    ...task,
    priority: Math.min(task.priority, max_priority ?? 9),
    max_retries: Math.min(task.max_retries, max_retries ?? Number.POSITIVE_INFINITY),
    ...(max_time_limit !== undefined && { time_limit: Math.min(hard ?? max_time_limit, max_time_limit) })
  }
}

/** With a key: where none is needed a program is not the operator yet. */
function isAdmin(principal: Principal | undefined) {
  return principal !== undefined && principal.kind !== 'anonymous' && principal.scopes.includes('admin')
}

/** A task of a kind with the given options; the others are the kind's. */
export function newTask(
  kind: Kind,
  args: unknown,
  { resultExpires }: SubmitDefaults,
  said: Partial<Omit<NewTask, 'id' | 'task' | 'args'>> = {}
): NewTask {
  return {
    id: newId(),
    task: kind.name,
    args,
    name: said.name,
    description: said.description,
    queue: said.queue ?? kind.queue,
    priority: said.priority ?? kind.priority,
    max_retries: said.max_retries ?? kind.max_retries,
    retry_delay: kept(said.retry_delay),
    retry_backoff: said.retry_backoff,
    retry_backoff_max: kept(said.retry_backoff_max),
    retry_jitter: said.retry_jitter,
    time_limit: said.time_limit,
    soft_time_limit: said.soft_time_limit,
    result_expires: said.result_expires ?? kind.result_expires ?? resultExpires,
    eta: said.eta,
    countdown: said.countdown,
    expires_at: said.expires_at,
    expires_in: said.expires_in,
    tags: said.tags,
    schedule_id: said.schedule_id,
    video_id: said.video_id ?? videoIn(args),
    webhook_id: said.webhook_id,
    traceparent: said.traceparent ?? currentTrace(),
    created_by: said.created_by,
    owner: said.owner
  }
}

function times({ scheduled_time, eta = scheduled_time, countdown, expires }: Submission) {
  return {
    eta: eta && new Date(eta).toISOString(),
    countdown,
    expires_at: typeof expires === 'string' ? new Date(expires).toISOString() : undefined,
    expires_in: typeof expires === 'number' ? expires : undefined
  }
}

function contradictions({ scheduled_time, eta, countdown, time_limit, soft_time_limit }: Submission, kind: Kind) {
  const problems: FieldProblem[] = []
  const starts = Object.entries({ scheduled_time, eta, countdown }).filter(([, value]) => value !== undefined)
  if (starts.length > 1) {
    const names = starts.map(([name]) => name).join(', ')
    problems.push({ field: starts[1]![0], message: `says again when to start: give one of ${names}` })
  }
  const hard = time_limit ?? kind.time_limit
  if (soft_time_limit !== undefined && hard !== undefined && soft_time_limit >= hard) {
    problems.push({ field: 'soft_time_limit', message: `must be less than time_limit, which is ${hard}` })
  }
  return problems
}

/** Postgres refuses values that are too small for a `real`; they are taken for 0. */
function kept(seconds: number | undefined) {
  return seconds !== undefined && seconds < 1e-30 ? 0 : seconds
}

/** The id of the video that a task's arguments name; the task's row has it too, to find the tasks of a video. */
function videoIn(args: unknown) {
  const { video_id } = (args ?? {}) as { video_id?: unknown }
  return typeof video_id === 'string' && isUuid(video_id) ? video_id : undefined
}
