import type { Key, Limits } from '../state/service/shapes.ts'
import { bytesText, countText, plural } from './number.ts'
import { durationText, isoText } from './time.ts'

export const scopeTexts: [scope: string, text: string][] = [
  ['read', 'see tasks, films, schedules, queues, workers'],
  ['submit', 'submit tasks, upload films'],
  ['operate', 'cancel, retry, schedules, pause and resume'],
  ['play', 'make links to films'],
  ['original', 'download originals'],
  ['metrics', 'metrics and nothing else'],
  ['admin', 'all of that, keys, webhooks, purge']
]

export const presetTexts: [preset: string, text: string][] = [
  ['viewer', 'viewer: read'],
  ['submitter', 'submitter: submit, and see what it has created'],
  ['operator', 'operator: read, submit, operate, play'],
  ['player', 'player: play'],
  ['scraper', 'scraper: metrics'],
  ['admin', 'admin: everything'],
  ['', 'scopes of your choice']
]

/** Days, as a user chooses them; the API has no longer ones than a year. */
export const expiries: [value: string, text: string][] = [
  ['90', '90 days'],
  ['30', '30 days'],
  ['7', 'a week'],
  ['365', 'a year'],
  ['', 'does not expire'],
  ['at', 'a time of your choice']
]

/** Numbers among the limits, with what they are of. */
export const counts = [
  ['max_pending', 'Unfinished tasks at a time'],
  ['max_priority', 'Highest priority'],
  ['max_retries', 'Most retries of a task'],
  ['max_time_limit', 'Longest time limit, in seconds'],
  ['max_upload_bytes', 'Largest upload, in bytes'],
  ['rate', 'Requests a second'],
  ['burst', 'Requests at once']
] as const

export interface KeyDraft {
  name: string
  preset: string
  scopes: readonly string[]
  expiry: string
  at: string
  kinds: readonly string[]
  queues: readonly string[]
  networks: string
  own: boolean
  counts: Partial<Record<(typeof counts)[number][0], string>>
}

export function newDraft(preset: string): KeyDraft {
  const all = { kinds: [], queues: [], networks: '', own: false, counts: {} }
  return { name: '', preset, scopes: ['read'], expiry: '90', at: '', ...all }
}

/** What is sent. A number that is none is sent as it was written, so that the API says so. */
export function bodyOf(draft: KeyDraft, now: number) {
  const { name, preset, scopes, expiry, at, kinds, queues, own } = draft
  const networks = draft.networks.split(/[\s,]+/).filter(Boolean)
  const numbers = counts.flatMap(([count]) => {
    const written = draft.counts[count]?.trim()
    return written ? [[count, Number.isNaN(Number(written)) ? written : Number(written)]] : []
  })
  const limits = {
    ...(kinds.length > 0 && { kinds }),
    ...(queues.length > 0 && { queues }),
    ...(networks.length > 0 && { networks }),
    ...(own && { own }),
    ...Object.fromEntries(numbers)
  }
  const ends = expiry === 'at' ? isoText(at) : expiry && new Date(now + Number(expiry) * 86_400_000).toISOString()
  return {
    name,
    ...(preset ? { preset } : { scopes }),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(ends && { expires_at: ends })
  }
}

/** What a key may not go beyond, in a few words. */
export function limitsText(limits: Limits): string {
  const { kinds, queues, networks, own } = limits
  const parts = [
    own && 'only what it has created',
    kinds && `kinds ${kinds.join(', ')}`,
    queues && `queues ${queues.join(', ')}`,
    networks && `from ${networks.join(', ')}`,
    limits.max_priority !== undefined && `priority ≤ ${limits.max_priority}`,
    limits.max_pending !== undefined && `${plural(limits.max_pending, 'unfinished task')} at a time`,
    limits.max_retries !== undefined && `${plural(limits.max_retries, 'retry', 'retries')} at most`,
    limits.max_time_limit !== undefined && `${durationText(limits.max_time_limit)} at most`,
    limits.max_upload_bytes !== undefined && `uploads ≤ ${bytesText(limits.max_upload_bytes)}`,
    limits.rate !== undefined && `${countText(limits.rate)} requests a second`,
    limits.burst !== undefined && `${countText(limits.burst)} at once`
  ]
  return parts.filter(Boolean).join(' · ')
}

const soon = 7 * 86_400_000

/** Its state in one word; one that ends within a week says so. */
export function wordOf({ status, expires_at }: Pick<Key, 'status' | 'expires_at'>, now: number): string {
  if (status !== 'active' || expires_at === null) return status
  return new Date(expires_at).getTime() - now < soon ? 'expiring' : status
}
