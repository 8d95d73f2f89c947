import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Config } from '#config.ts'
import { withDatabase } from './database.ts'
import { prompt } from './prompt.ts'

/** Runs the machine's psql, any version of which works with any server; without psql, a prompt of our own. */
export async function runPsql(config: Config, args: string[]) {
  let code = 0
  await withDatabase({ ...config, LOG_LEVEL: 'warn' }, {}, async ({ url, signal }) => {
    code = (await runProgram(url, { args, signal })) ?? (await prompt(url, { args, signal }))
  })
  return code
}

/** Undefined where there is no psql. */
async function runProgram(url: string, { args, signal }: { args: string[]; signal: AbortSignal }) {
  const bare = new URL(url)
  const password = decodeURIComponent(bare.password)
  // Every account of the machine can read a command line; only this one can read the environment.
  bare.password = ''
  const env = { ...process.env, ...(password && { PGPASSWORD: password }) }
  const psql = spawn('psql', [`--dbname=${bare.href}`, ...args], { env, stdio: 'inherit' })
  // Ctrl-C reaches psql by itself; a SIGTERM reaches only us.
  signal.addEventListener('abort', () => psql.kill())
  try {
    const [code, killedBy] = await once(psql, 'exit')
    return killedBy ? 1 : (code as number)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
