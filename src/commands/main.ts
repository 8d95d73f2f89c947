import { ConfigError } from '#config.ts'
import { version } from '../version.ts'
import { exitCodeOf, exitCodes } from './failures.ts'
import { findCommand } from './parsing/find.ts'
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
    if (!given) return tell((await import('./help.ts')).helpOf(found))
    return await found.command!.run(given)
  } catch (error) {
    remark(sentenceOf(error))
    return exitCodeOf(error)
  }
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
