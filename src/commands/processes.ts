import type { Command, Option } from './command.ts'
import { flag, text } from './parsing/options.ts'
import { serviceCommand } from './process.ts'

const queues = text('a,b', 'queues to take tasks from (all)', { env: 'WORKER_QUEUES' })
const concurrency = text('N', 'child processes (number of cores)', { env: 'WORKER_CONCURRENCY' })
const host = text('address', 'address to listen on (127.0.0.1)', { env: 'HOST' })
const port = text('N', 'port to listen on (8000)', { env: 'PORT' })
const grace: Option<number> = {
  value: 'seconds',
  about: 'how long running tasks may take to finish at a stop (10)',
  read: ([text]) => {
    const number = Number(text)
    if (number >= 0 && number <= 86_400) return number
    throw new Error(`must be a number of seconds, not "${text}"`)
  }
}

/** The service itself, and what works on its database. */
export const processes: Command[] = [
  serviceCommand({
    name: 'server',
    about: 'API and worker, and an embedded Postgres if DATABASE_URL is not set',
    options: { host, port, queues, concurrency, grace },
    run: async (config, { values: { grace } }) => (await import('../main.ts')).runServer(config, grace)
  }),
  serviceCommand({
    name: 'api',
    about: 'the HTTP API only',
    options: { host, port, grace: { ...grace, about: 'how long requests may take to finish at a stop (10)' } },
    run: async (config, { values: { grace } }) => (await import('../main.ts')).runApi(config, grace)
  }),
  serviceCommand({
    name: 'worker',
    about: 'a worker only; start several, also on other machines',
    options: { queues, concurrency, grace },
    run: async (config, { values: { grace }, isSupervised }) =>
      (await import('../main.ts')).runWorker(config, { grace, isSupervised })
  }),
  serviceCommand({
    name: 'migrate',
    about: 'run the migrations; server, api and worker do that at their start, too',
    options: {},
    run: async config => (await import('../main.ts')).runMigrate(config)
  }),
  serviceCommand({
    name: 'psql',
    about: 'open the database with psql, also the embedded one',
    options: {},
    isWrapper: true,
    notes: ['…  passed on to psql; without psql there is a small prompt that only knows "-c SQL"'],
    run: async (config, { operands }) => (await import('./psql.ts')).runPsql(config, operands)
  }),
  serviceCommand({
    name: 'dump',
    about: 'write a backup of the database while everything runs',
    operands: [{ name: 'FILE', about: 'new file to write; "-" for stdout', isFile: true }],
    options: {},
    run: async (config, { operands: [file] }) => (await import('./dump.ts')).runDump(config, file!)
  }),
  serviceCommand({
    name: 'restore',
    about: 'load a backup into an empty database of the same version',
    operands: [{ name: 'FILE', about: 'file that dump has written', isFile: true }],
    options: { force: flag('replace existing tasks and videos') },
    run: async (config, { operands: [file], values: { force = false } }) =>
      (await import('./restore.ts')).runRestore(config, file!, { force })
  })
]
