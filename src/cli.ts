#!/usr/bin/env node
// First: a Node.js that can read TypeScript may still be too old.
import './node-version.js'
import { enableCompileCache } from 'node:module'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { takePackages } from './bundle/packages.ts'
import { type Config, ConfigError, readConfig, settings, supervised } from './config.ts'
import { misspeltSettings } from './misspelt.ts'
import { version } from './version.ts'

interface Command {
  about: string
  options: Record<string, { env?: string; value?: string; about: string }>
  /** Its only operand, for the help. */
  operand?: { name: string; about: string }
  /** All arguments are passed on to another program. */
  isWrapper?: boolean
  /** Returns the exit code. */
  run(config: Config, given: Given): Promise<number>
}

interface Given {
  grace: number | undefined
  flags: Set<string>
  operand: string | undefined
  args: string[]
}

const grace = { value: 'seconds', about: 'how long running tasks may take to finish at a stop (10)' }
const queues = { env: 'WORKER_QUEUES', value: 'a,b', about: 'queues to take tasks from (all)' }
const concurrency = { env: 'WORKER_CONCURRENCY', value: 'N', about: 'child processes (number of cores)' }
const host = { env: 'HOST', value: 'address', about: 'address to listen on (127.0.0.1)' }
const port = { env: 'PORT', value: 'N', about: 'port to listen on (8000)' }

// A command imports its modules when it runs, so that `--help` is quick.
const commands: Record<string, Command> = {
  server: {
    about: 'API and worker, and an embedded Postgres if DATABASE_URL is not set',
    options: { host, port, queues, concurrency, grace },
    run: async (config, { grace }) => (await import('./main.ts')).runServer(config, grace)
  },
  api: {
    about: 'the HTTP API only',
    options: { host, port, grace: { ...grace, about: 'how long requests may take to finish at a stop (10)' } },
    run: async (config, { grace }) => (await import('./main.ts')).runApi(config, grace)
  },
  worker: {
    about: 'a worker only; start several, also on other machines',
    options: { queues, concurrency, grace },
    run: async (config, { grace }) => (await import('./main.ts')).runWorker(config, { grace, isSupervised })
  },
  migrate: {
    about: 'run the migrations; server, api and worker do that at their start, too',
    options: {},
    run: async config => (await import('./main.ts')).runMigrate(config)
  },
  psql: {
    about: 'open the database with psql, also the embedded one',
    options: {},
    isWrapper: true,
    run: async (config, { args }) => (await import('./commands/psql.ts')).runPsql(config, args)
  },
  dump: {
    about: 'write a backup of the database while everything runs',
    options: {},
    operand: { name: 'FILE', about: 'new file to write; "-" for stdout' },
    run: async (config, { operand }) => (await import('./commands/dump.ts')).runDump(config, operand)
  },
  key: {
    about: 'make, list, rotate and revoke keys of the API',
    options: {},
    isWrapper: true,
    run: async (config, { args }) => (await import('./commands/key.ts')).runKey(config, args)
  },
  doctor: {
    about: 'ask the running service what is wrong with it, and what mends that',
    options: { json: { about: 'print one JSON document' } },
    run: async (config, { flags }) =>
      (await import('./commands/doctor.ts')).runDoctor(config, { json: flags.has('json') })
  },
  restore: {
    about: 'load a backup into an empty database of the same version',
    options: { force: { about: 'replace existing tasks and videos' } },
    operand: { name: 'FILE', about: 'file that dump has written' },
    run: async (config, { operand, flags }) =>
      (await import('./commands/restore.ts')).runRestore(config, operand, { force: flags.has('force') })
  }
}

// As scripts/prepare does, for a start without it; child processes inherit it. If the folder is not writable, nothing
// is cached.
process.env.NODE_COMPILE_CACHE ??= path.resolve(import.meta.dirname, '../node_modules/.cache/compile')
enableCompileCache(process.env.NODE_COMPILE_CACHE)
takePackages()

const isSupervised = process.env[supervised] !== undefined
delete process.env[supervised]

process.exitCode = await main(process.argv.slice(2))
// Parts that still keep the event loop alive have been asked to stop.
process.exit()

async function main([name, ...rest]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return print(overview())
  if (name === '--version' || name === '-v') return print(version)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) return complain(`There is no command "${name}"; "darkroom --help" lists them`)

  try {
    const given = parse(command, rest)
    if (given.flags.has('help')) return print(help(name, command))
    // The server has printed these for its worker.
    if (!isSupervised) for (const sentence of misspeltSettings(process.env)) complain(`Warning: ${sentence}`)
    const config = readConfig()
    // Files of a service are for its account alone; the compile cache that `--help` writes is for all.
    process.umask(0o077)
    return await command.run(config, given)
  } catch (error) {
    if (error instanceof ConfigError) return complain(`The settings do not fit:\n  ${error.problems.join('\n  ')}`)
    const { message, stack } = error as Error
    return complain(process.env.LOG_LEVEL === 'debug' ? (stack ?? message) : message)
  }
}

function parse(command: Command, args: string[]): Given {
  const { options, operand, isWrapper } = command
  if (isWrapper) {
    const isHelp = command !== commands.key && (args[0] === '--help' || args[0] === '-h')
    return { args, flags: new Set(isHelp ? ['help'] : []), grace: undefined, operand: undefined }
  }
  const kinds = Object.entries(options).map(([option, { value }]) => [option, { type: value ? 'string' : 'boolean' }])
  const parsed = parseArgs({
    args,
    allowPositionals: operand !== undefined,
    options: { help: { type: 'boolean', short: 'h' }, ...Object.fromEntries(kinds) }
  })
  const values = parsed.values as Record<string, string | boolean | undefined>
  const { positionals } = parsed
  if (positionals.length > 1) throw new Error(`Unexpected argument "${positionals[1]}": there is one ${operand?.name}`)
  for (const [option, { env }] of Object.entries(options)) {
    const value = values[option]
    // As a variable it also reaches the processes that this one starts.
    if (env !== undefined && typeof value === 'string') process.env[env] = value
  }
  const flags = new Set(Object.keys(values).filter(option => values[option] === true))
  return { args, flags, grace: seconds(values.grace as string | undefined), operand: positionals[0] }
}

function seconds(text: string | undefined) {
  if (text === undefined) return undefined
  const number = Number(text)
  if (!(number >= 0 && number <= 86_400)) throw new Error(`--grace must be a number of seconds, not "${text}"`)
  return number
}

function overview() {
  const list = Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`)
  return `Darkroom ${version}: video processing and background tasks on Postgres alone

Usage: darkroom <command> [options]

${list.join('\n')}

"darkroom <command> --help" describes a command and lists the settings.`
}

function help(name: string, { about, options, operand, isWrapper }: Command) {
  const list = Object.entries(options).map(
    ([option, { value, about }]) => `  ${`--${option}${value ? ` ${value}` : ''}`.padEnd(22)} ${about}`
  )
  if (operand) list.unshift(`  ${operand.name.padEnd(22)} ${operand.about}`)
  if (isWrapper)
    list.unshift(`  ${'…'.padEnd(22)} passed on to psql; without psql there is a small prompt that only knows "-c SQL"`)
  const variables = Object.entries(settings).map(
    ([variable, { fallback, about }]) =>
      `  ${variable.padEnd(28)} ${about}${fallback === undefined ? '' : ` (${fallback})`}`
  )
  return `darkroom ${name}: ${about}
${list.length > 0 ? `\nOptions\n${list.join('\n')}\n` : ''}
Settings, from the environment
${variables.join('\n')}`
}

function print(text: string) {
  console.log(text)
  return 0
}

function complain(text: string) {
  console.error(text)
  return 1
}
