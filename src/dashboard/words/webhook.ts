import type { Delivery, Webhook } from '../state/service/shapes.ts'
import { plural } from './number.ts'

export const messageTypes = [
  'task.completed',
  'task.failed',
  'task.cancelled',
  'video.ready',
  'video.failed',
  'video.deleted',
  'queue.paused',
  'webhook.disabled',
  'problem.opened',
  'problem.closed'
]

export interface HookDraft {
  url: string
  types: readonly string[]
  /** None: all. */
  queues: readonly string[]
  tasks: readonly string[]
  results: boolean
  ordered: boolean
  description: string
}

export function draftOf(webhook: Webhook | undefined): HookDraft {
  return {
    url: webhook?.url ?? '',
    types: webhook?.types ?? messageTypes.slice(0, 5),
    queues: webhook?.queues ?? [],
    tasks: webhook?.tasks ?? [],
    results: webhook?.include.includes('result') ?? false,
    ordered: webhook?.ordered ?? false,
    description: webhook?.description ?? ''
  }
}

/** What is sent, of a new webhook and of one that is changed. */
export function bodyOf({ url, types, queues, tasks, results, ordered, description }: HookDraft) {
  return {
    url: url.trim(),
    types,
    queues: queues.length > 0 ? queues : null,
    tasks: tasks.length > 0 ? tasks : null,
    include: results ? ['result'] : [],
    ordered,
    description: description || null
  }
}

/** The state of a webhook in one word. */
export function wordOf({ enabled, disabled_reason, failures }: Webhook): string {
  if (enabled) return failures > 0 ? 'failing' : 'enabled'
  return disabled_reason === 'request' ? 'paused' : 'disabled'
}

const reasons: Record<string, string> = {
  request: 'It was paused: nothing is sent, and what happens meanwhile is not kept.',
  gone: 'It answered 410 Gone, so nothing is sent to it any more.',
  failing: 'It has failed for five days, so nothing is sent. Messages are kept: resume it, then replay them.'
}

/** Why nothing, or nothing useful, is sent. */
export function troubleOf({ enabled, disabled_reason, failures }: Webhook): string | undefined {
  if (!enabled) return reasons[disabled_reason ?? 'request']
  if (failures === 0) return undefined
  return `The last ${failures === 1 ? 'attempt' : plural(failures, 'attempt')} failed. Each message is tried eight times in 27 hours.`
}

/** What its receiver said to the latest attempt. */
export function answerText({ attempts: [last] }: Pick<Delivery, 'attempts'>): string {
  if (!last) return ''
  return last.error ?? `${last.status}, ${last.ms} ms`
}

/** What is sent to it, in a few words. */
export function toldOf({ types, queues, tasks }: Webhook): string {
  const of = [...(tasks ?? []), ...(queues ?? []).map(queue => `queue ${queue}`)]
  const what = types.length === 0 ? 'tasks that name it' : types.join(', ')
  return of.length > 0 ? `${what} · ${of.join(', ')}` : what
}

export const verifySnippet = `import { Webhook } from 'standardwebhooks'

// The text of the body as it came, before it is parsed.
const message = new Webhook(process.env.WEBHOOK_SECRET).verify(body, headers)`
