import type { Task } from '../state/shapes.ts'

export interface ErrorGroup {
  key: string
  task: string
  type: string
  message: string
  count: number
  first_at: string
  last_at: string
  ids: string[]
}

const blanks: [RegExp, string][] = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '…'],
  [/(?:\/[\w.@-]+){2,}/g, '…'],
  [/\d+(?:[.,:]\d+)*/g, '#']
]

/** The message without what differs each time: ids, paths and numbers. */
export function blanked(message: string): string {
  return blanks.reduce((text, [pattern, sign]) => text.replaceAll(pattern, sign), message)
}

/** Failures of one kind, type and message together, the largest group first. */
export function groupErrors(tasks: readonly Task[]): ErrorGroup[] {
  const groups = new Map<string, ErrorGroup>()
  for (const { id, task, error, finished_at, created_at } of tasks) {
    if (!error) continue
    const message = blanked(error.message)
    const key = `${task}\n${error.type}\n${message}`
    const at = finished_at ?? created_at
    const known = groups.get(key)
    if (!known) {
      groups.set(key, {
        key,
        task,
        type: error.type,
        message: error.message,
        count: 1,
        first_at: at,
        last_at: at,
        ids: [id]
      })
      continue
    }
    known.count++
    known.ids.push(id)
    if (at < known.first_at) known.first_at = at
    if (at > known.last_at) known.last_at = at
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || b.last_at.localeCompare(a.last_at))
}

/** A part of the message that all of the group have, for a search: the longest piece without blanks. */
export function commonPart(message: string): string {
  const parts = blanked(message).split(/[#…]/)
  return parts
    .reduce((longest, part) => (part.trim().length > longest.length ? part.trim() : longest), '')
    .slice(0, 100)
}
