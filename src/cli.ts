#!/usr/bin/env node
// First: a Node.js that can read TypeScript may still be too old.
import './node-version.js'
import { enableCompileCache } from 'node:module'
import path from 'node:path'
import { takePackages } from './bundle/packages.ts'
import { exitCodeOf, exitCodes } from './commands/failures.ts'
import { findCommand } from './commands/parsing/find.ts'
import { parse } from './commands/parsing/parse.ts'
import { endWithReader, print, remark, thrownText, written } from './commands/screen/print.ts'
import { table } from './commands/table.ts'
import { ConfigError } from './config.ts'
import { version } from './version.ts'

// As scripts/prepare does, for a start without it; child processes inherit it. If the folder is not writable, nothing
// is cached.
process.env.NODE_COMPILE_CACHE ??= path.resolve(import.meta.dirname, '../node_modules/.cache/compile')
enableCompileCache(process.env.NODE_COMPILE_CACHE)
takePackages()
endWithReader()

process.exitCode = await main(process.argv.slice(2))
await written()
// Parts that still keep the event loop alive have been asked to stop.
process.exit()

async function main(args: string[]): Promise<number> {
  try {
    const [first = 'help'] = args
    if (['--version', '-v'].includes(first)) return tell(version)
    if (['--help', '-h', 'help'].includes(first)) return tell((await import('./commands/help.ts')).overview(table))
    const found = findCommand(table, args)
    const given = found.command && parse(found.name, found.command, found.rest)
    if (!given) return tell((await import('./commands/help.ts')).helpOf(found))
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
