import type { Command, Group } from '../command.ts'
import { WrongUse } from '../failures.ts'
import { print } from '../screen/print.ts'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import { pathsOf } from './paths.ts'
import { zshScript } from './zsh.ts'

const scripts: Record<string, typeof bashScript> = { bash: bashScript, zsh: zshScript, fish: fishScript }

export async function printCompletion(shell: string, table: (Command | Group)[]): Promise<number> {
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
  if (!script) throw new WrongUse(`SHELL must be one of ${Object.keys(scripts).join(', ')}, not "${shell}"`)
  print(script(pathsOf(table)))
  return 0
}
