import { client, watch } from '../client.ts'
import type { Group } from '../command.ts'
import { flag, moment, text } from '../parsing/options.ts'

const queues = { name: 'QUEUE', about: 'name of the queue', isMany: true }

export const queueGroup: Group = {
  name: 'queue',
  about: 'depth of queues, pause, purge',
  commands: [
    client({
      name: 'list',
      about: 'queues, by name',
      options: { watch },
      run: async (service, { values }) => (await import('./list.ts')).listQueues(service, values)
    }),
    client({
      name: 'pause',
      about: 'let workers take no more tasks from queues',
      operands: [queues],
      options: {
        reason: text('TEXT', 'why, for people'),
        until: moment('when they resume by themselves; "2h" is in two hours', 'future')
      },
      examples: ["darkroom queue pause media --reason 'the disk is full' --until 2h"],
      run: async (service, { operands, values }) => (await import('./steer.ts')).pauseQueues(service, operands, values)
    }),
    client({
      name: 'resume',
      about: 'let workers take tasks from queues again',
      operands: [queues],
      options: {},
      run: async (service, { operands, values }) => (await import('./steer.ts')).resumeQueues(service, operands, values)
    }),
    client({
      name: 'purge',
      about: 'revoke all waiting tasks of a queue; asks first on a terminal',
      operands: [{ ...queues, isMany: false }],
      options: { yes: flag('do not ask') },
      run: async (service, { operands: [name], values }) =>
        (await import('./purge.ts')).purgeQueue(service, name!, values)
    })
  ]
}
