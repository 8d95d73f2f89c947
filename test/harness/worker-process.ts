import type { Test } from 'tap'
import { type Program, startProgram } from './program.ts'
import type { Service } from './service.ts'

export interface WorkerProcess extends Program {
  /** The worker's id, from its log. */
  id: string
}

/** For workers that make no films: to try the lock around decoders takes more CPU than all else that a worker starts with. */
export const withoutFilms = { MEDIA_SANDBOX: 'off' }

/** A worker of a service, as an operator starts it: a process of its own. Resolves when it claims tasks. */
export async function spawnWorker(
  t: Test,
  { env }: Pick<Service, 'env'>,
  more: Record<string, string> = {},
  options: string[] = []
): Promise<WorkerProcess> {
  const worker = await startProgram(t, 'worker', {
    env: { ...process.env, ...env, LOG_LEVEL: 'info', ...more },
    options
  })
  const { worker: id } = JSON.parse(await worker.heard('"worker ready"'))
  return { ...worker, id }
}
