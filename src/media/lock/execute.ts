import { execFile } from 'node:child_process'
import type { Command } from './command.ts'
import { failureMark } from './launcher/spec.ts'

/** Milliseconds, on a busy machine. */
const patience = 20_000

/** Runs a command of a proof; its failure is a result. */
export function execute({ file, args, env }: Command): Promise<{ stdout: string; failure: string | undefined }> {
  return new Promise(resolve => {
    execFile(file, args, { env, timeout: patience, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      const said = stderr.trim().split('\n').at(-1)?.replace(failureMark, '')
      resolve({ stdout, failure: error ? said || error.message.split('\n')[0] : undefined })
    })
  })
}
