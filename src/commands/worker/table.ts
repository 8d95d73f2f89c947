import { client, watch } from '../client.ts'
import type { Group } from '../command.ts'
import { flag } from '../parsing/options.ts'

const workers = { name: 'WORKER', about: 'id of the worker, its host, or host:pid', isMany: true }

export const workerGroup: Group = {
  name: 'worker',
  about: 'what workers run, pause, stop',
  commands: [
    client({
      name: 'list',
      about: 'workers, newest first; for a day also those that have ended',
      options: { watch },
      run: async (service, { values }) => (await import('./list.ts')).listWorkers(service, values)
    }),
    client({
      name: 'pause',
      about: 'let workers take no more tasks; running ones finish',
      operands: [workers],
      options: {},
      run: async (service, { operands, values }) =>
        (await import('./steer.ts')).pauseWorkers(service, operands, true, values)
    }),
    client({
      name: 'resume',
      about: 'let workers take tasks again',
      operands: [workers],
      options: {},
      run: async (service, { operands, values }) =>
        (await import('./steer.ts')).pauseWorkers(service, operands, false, values)
    }),
    client({
      name: 'stop',
      about: 'end workers once their running tasks have finished',
      operands: [workers],
      options: { cold: flag('at once: hands running tasks back to their queue') },
      run: async (service, { operands, values }) => (await import('./steer.ts')).stopWorkers(service, operands, values)
    })
  ]
}
