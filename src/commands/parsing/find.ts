import { type Command, type Group, isGroup } from '../command.ts'
import { WrongUse } from '../failures.ts'

export interface Found {
  /** Words of the command, such as "task list". */
  name: string
  /** A group alone where its help is asked for, or the word behind it is missing. */
  command: Command | undefined
  /** Whose help follows that of the command; of `worker`, which is both. */
  group: Group | undefined
  rest: string[]
}

/** What the first words name. */
export function findCommand(table: (Command | Group)[], [first = '', ...rest]: string[]): Found {
  const entries = table.filter(({ name }) => name === first)
  if (entries.length === 0) throw new WrongUse(`There is no command "${first}"; "darkroom --help" lists them`)
  const group = entries.find(isGroup)
  const command = entries.find(entry => !isGroup(entry)) as Command | undefined
  const [second, ...more] = rest
  const inside = group?.commands.find(({ name }) => name === second)
  if (inside) return { name: `${first} ${second}`, command: inside, group: undefined, rest: more }
  const isAsked = second === undefined || ['--help', '-h', 'help'].includes(second)
  if (command || isAsked) return { name: first, command, group, rest }
  throw new WrongUse(`There is no command "${first} ${second}"; "darkroom ${first} --help" lists them`)
}
