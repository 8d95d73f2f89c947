#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { type Config, ConfigError, readConfig, settings } from './config.ts'
import { version } from './version.ts'

interface Command {
  about: string
  options: Record<string, { env?: string; value: string; about: string }>
  /** Answers the exit code. */
  run(config: Config, grace: number | undefined): Promise<number>
}

const grace = { value: 'seconds', about: 'how long running tasks may take to finish when it stops (10)' }
const queues = { env: 'WORKER_QUEUES', value: 'a,b', about: 'the queues to take tasks from (all)' }
const concurrency = { env: 'WORKER_CONCURRENCY', value: 'N', about: 'child processes (number of cores)' }
const host = { env: 'HOST', value: 'address', about: 'address to listen on (127.0.0.1)' }
const port = { env: 'PORT', value: 'N', about: 'port to listen on (8000)' }

// What a command needs is loaded when it is run: `--help` should not have to wait for it.
const commands: Record<string, Command> = {
  server: {
    about: 'API and worker, and an embedded Postgres where no DATABASE_URL is set',
    options: { host, port, queues, concurrency, grace },
    run: async (config, grace) => (await import('./main.ts')).runServer(config, grace)
  },
  api: {
    about: 'the HTTP API alone',
    options: { host, port, grace: { ...grace, about: 'how long requests may take to finish when it stops (10)' } },
    run: async (config, grace) => (await import('./main.ts')).runApi(config, grace)
  },
  worker: {
    about: 'a worker alone; start as many as you like, on as many machines',
    options: { queues, concurrency, grace },
    run: async (config, grace) => (await import('./main.ts')).runWorker(config, grace)
  },
  migrate: {
    about: 'brings the database up to date; the others do so too when they start',
    options: {},
    run: async config => (await import('./main.ts')).runMigrate(config)
  }
}

// As scripts/prepare says, for whoever starts this file without it. Processes that we start inherit it; where the folder
// cannot be written to, nothing is kept.
process.env.NODE_COMPILE_CACHE ??= path.resolve(import.meta.dirname, '../node_modules/.cache/compile')
enableCompileCache(process.env.NODE_COMPILE_CACHE)

process.exitCode = await main(process.argv.slice(2))
// Whatever still holds the event loop has been told to stop.
process.exit()

async function main([name, ...rest]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return print(overview())
  if (name === '--version' || name === '-v') return print(version)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) return complain(`There is no command "${name}"; "darkroom --help" lists them`)

  try {
    const { values } = parseArgs({
      args: rest,
      options: {
        help: { type: 'boolean', short: 'h' },
        ...Object.fromEntries(Object.keys(command.options).map(option => [option, { type: 'string' as const }]))
      }
    })
    if (values.help) return print(help(name, command))

    const said = values as Record<string, string | undefined>
    for (const [option, { env }] of Object.entries(command.options)) {
      // As a variable it also reaches the processes that this one starts.
      if (env !== undefined && said[option] !== undefined) process.env[env] = said[option]
    }
    return await command.run(readConfig(), seconds(said.grace))
  } catch (error) {
    if (error instanceof ConfigError) return complain(`The settings do not fit:\n  ${error.problems.join('\n  ')}`)
    const { message, stack } = error as Error
    return complain(process.env.LOG_LEVEL === 'debug' ? (stack ?? message) : message)
  }
}

function seconds(text: string | undefined) {
  if (text === undefined) return undefined
  const number = Number(text)
  if (!(number >= 0 && number <= 86_400)) throw new Error(`--grace must be a number of seconds, not "${text}"`)
  return number
}

function overview() {
  const list = Object.entries(commands).map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`)
  return `Darkroom ${version}: video processing and background tasks that need nothing but Postgres

Usage: darkroom <command> [options]

${list.join('\n')}

"darkroom <command> --help" tells more about each.`
}

function help(name: string, { about, options }: Command) {
  const list = Object.entries(options).map(
    ([option, { value, about }]) => `  ${`--${option} ${value}`.padEnd(22)} ${about}`
  )
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
