import { statuses } from '../../state/service/shapes.ts'

export interface Known {
  kinds: string[]
  queues: string[]
  workers: { id: string; host: string }[]
}

export interface Completion {
  /** Instead of the last word. */
  text: string
  hint: string
}

const names: [text: string, hint: string][] = [
  ['status:', 'FAILED, or several with commas'],
  ['task:', 'a kind'],
  ['queue:', 'a queue'],
  ['worker:', 'a worker'],
  ['tag:', 'a tag'],
  ['error:', 'part of the message'],
  ['from:', 'since: -1h, -7d or a time'],
  ['to:', 'until: -1h or a time'],
  ['attempts:>', 'tries, at least'],
  ['ran:>', 'ran longer than 10s, 5m, 2h'],
  ['waited:>', 'waited longer than 10s, 5m, 2h']
]

const most = 12

/** What may come next in the bar, for the word at its end. */
export function completionsOf(text: string, known: Known): Completion[] {
  const last = /\S*$/.exec(text)![0]
  const [, minus = '', name = '', typed = ''] = /^(-?)([a-z_]+):(.*)$/.exec(last) ?? []
  if (name === '') {
    return names
      .filter(([text]) => text.startsWith(last.replace(/^-/, '').toLowerCase()))
      .map(([text, hint]) => ({ text: (last.startsWith('-') ? '-' : '') + text, hint }))
  }
  const before = typed.includes(',') ? typed.slice(0, typed.lastIndexOf(',') + 1) : ''
  const start = typed.slice(before.length).toLowerCase()
  return valuesOf(name, known)
    .filter(([value, hint]) => `${value} ${hint}`.toLowerCase().includes(start))
    .slice(0, most)
    .map(([value, hint]) => ({ text: `${minus}${name}:${before}${/\s/.test(value) ? `"${value}"` : value}`, hint }))
}

function valuesOf(name: string, { kinds, queues, workers }: Known): [string, string][] {
  if (name === 'status') return statuses.map(status => [status, ''])
  if (name === 'task' || name === 'kind') return kinds.map(kind => [kind, ''])
  if (name === 'queue') return queues.map(queue => [queue, ''])
  if (name === 'worker') return workers.map(({ id, host }) => [id, host])
  if (name === 'from' || name === 'to') return ['-15m', '-1h', '-24h', '-7d', '-30d'].map(span => [span, ''])
  return []
}
