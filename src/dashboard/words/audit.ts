import type { AuditLine } from '../state/service/shapes.ts'

const minute = 60_000

/** Ages that a user chooses, in minutes, by how they are written in the address. */
export const ages: Record<string, [minutes: number, text: string]> = {
  '-1h': [60, 'the last hour'],
  '-24h': [1440, 'the last day'],
  '-7d': [10_080, 'the last week'],
  '-30d': [43_200, 'the last 30 days']
}

/** What the API is asked. An age counts from the full minute, so that a page that looks again asks the same. */
export function filtersOf(address: URLSearchParams, now: number): URLSearchParams {
  const asked = new URLSearchParams()
  for (const name of ['actor', 'action', 'target', 'outcome', 'cursor']) {
    const value = address.get(name)
    if (value) asked.set(name, value)
  }
  const since = address.get('since')
  const age = since ? ages[since] : undefined
  if (age) asked.set('since', new Date(Math.floor(now / minute) * minute - age[0] * minute).toISOString())
  else if (since) asked.set('since', since)
  return asked
}

/** "anna", "sql: postgres", "system": a key and its session by their name alone. */
export function actorText({ kind, id, name }: AuditLine['actor']): string {
  const called = name ?? id
  if (called === null) return kind
  return kind === 'key' || kind === 'session' ? called : `${kind}: ${called}`
}

export const targetText = ({ type, id }: AuditLine['target']): string => (id === null ? type : `${type} ${id}`)
