import { ConfigError } from '#config.ts'
import { version } from '../version.ts'
import { exitCodeOf, exitCodes } from './failures.ts'
import { type Found, findCommand } from './parsing/find.ts'
import { parse } from './parsing/parse.ts'
import { endWithReader, print, remark, thrownText, written } from './screen/print.ts'
import { table } from './table.ts'

/** Runs the command that these words name, and answers the exit code. */
export async function runCommand(args: string[]): Promise<number> {
  endWithReader()
  const code = await main(args)
  await written()
  return code
}

async function main(args: string[]): Promise<number> {
  try {
    const [first = 'help'] = args
    if (['--version', '-v'].includes(first)) return tell(version)
    if (['--help', '-h', 'help'].includes(first)) return tell((await import('./help.ts')).overview(table))
    const found = findCommand(table, args)
    const given = found.command && parse(found.name, found.command, found.rest)
    if (!given) return help(found)
    return await found.command!.run(given)
  } catch (error) {
    remark(sentenceOf(error))
    return exitCodeOf(error)
  }
}

/** Help that was asked for is the answer; a group alone is a mistake, which a script must notice. */
async function help(found: Found) {
  const text = (await import('./help.ts')).helpOf(found)
  if (found.command || found.rest.length > 0) return tell(text)
  remark(`"darkroom ${found.name}" needs the name of a command behind it\n\n${text}`)
  return exitCodes.wrongUse
}

function tell(text: string) {
  print(text)
  return 0
}

function sentenceOf(error: unknown) {
  if (error instanceof ConfigError) return `The settings do not fit:\n  ${error.problems.join('\n  ')}`
  const { stack } = error as Error
  return process.env.LOG_LEVEL === 'debug' && exitCodeOf(error) === exitCodes.failed && stack
    ? stack
    : thrownText(error)
}
