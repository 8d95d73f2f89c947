import { secretNames, settings } from '../config.ts'

const known = [...new Set([...Object.keys(settings), ...secretNames])]
// Names that other programs rarely use. `HOST` and `PORT` resemble too much: `HOME` is two letters away.
const prefixes = ['WORKER_', 'TASK_', 'TASKS_', 'RESULT_', 'HISTORY_', 'MAX_UPLOAD']
const shortest = 8
const farthest = 2

/** A sentence for each variable that looks like a setting and is none. A warning: other programs have variables, too. */
export function misspeltSettings(environment: Record<string, string | undefined>): string[] {
  return Object.keys(environment)
    .filter(name => !known.includes(name) && !name.startsWith('DATABASE_URL_'))
    .flatMap(name => {
      const near = nearest(name.toUpperCase())
      const alike = near.distance <= farthest && Math.min(near.setting.length, name.length) >= shortest
      if (!alike && !prefixes.some(prefix => name.startsWith(prefix))) return []
      const hint = near.distance <= name.length / 2 ? `did you mean ${near.setting}?` : '"--help" lists the settings'
      return `${name} is not a setting and does nothing; ${hint}`
    })
}

function nearest(name: string) {
  return known
    .map(setting => ({ setting, distance: distanceOf(name, setting) }))
    .reduce((best, next) => (next.distance < best.distance ? next : best))
}

/** Levenshtein's, row by row. */
function distanceOf(from: string, to: string) {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1]
    for (let at = 1; at <= to.length; at++) {
      const replaced = row[at - 1]! + (letter === to[at - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[at]! + 1, next[at - 1]! + 1))
    }
    row = next
  }
  return row[to.length]!
}
