import { type Option, type Options, optionName } from '../command.ts'
import { filters } from '../task/filters.ts'

/** Which tasks an act is on, in the words of "task list"; null where the command names them one by one. */
export type Where = Record<string, string | number>

// By the names of the API and by those of the options of "task list".
const fields = new Map(
  Object.entries(filters as Options).flatMap(([field, option]) =>
    [field, optionName(field, option)].map(name => [name, { field, option }] as const)
  )
)

/** Every task. So much must be said. */
const everything = 'all'

export function where(): Option<Where> {
  return {
    about: 'all tasks that match, such as "status=FAILED kind=add"; the words of "task list", or "all"',
    value: 'FILTER',
    read: ([text]) => {
      if (text!.trim() === everything) return {}
      const parts = text!.match(/[^\s&=]+=(?:"[^"]*"|[^\s&]*)|[^\s&]+/g)
      if (!parts) throw new Error(`must name a filter, such as status=FAILED; "${everything}" is every task`)
      return Object.fromEntries(parts.map(readPart))
    }
  }
}

function readPart(part: string): [string, string | number] {
  const at = part.indexOf('=')
  const found = fields.get(part.slice(0, Math.max(0, at)))
  if (!found) {
    const known = Object.entries(filters as Options).map(([field, option]) => optionName(field, option))
    throw new Error(`has "${part}", which is no filter: each is NAME=VALUE, and names are ${known.join(', ')}`)
  }
  const value = part.slice(at + 1).replace(/^"(.*)"$/, '$1')
  if (value === '') throw new Error(`has "${part}" without a value`)
  try {
    return [found.field, found.option.read([value])]
  } catch (error) {
    throw new Error(`has "${part}": it ${(error as Error).message}`)
  }
}
