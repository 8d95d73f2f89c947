import { client, watch } from '../client.ts'
import type { Group } from '../command.ts'
import { moment, text, whole } from '../parsing/options.ts'

export const errorGroup: Group = {
  name: 'error',
  about: 'failures that are alike, together',
  commands: [
    client({
      name: 'list',
      about: 'failures by kind, type and message, the most frequent first',
      options: {
        task: text('NAMES', 'only these kinds; "-a" is not', { as: 'kind' }),
        from: moment('failures since this time; "2h" is two hours ago (7d)', 'past'),
        limit: whole('N', 'how many groups at most (100)', [1, 1_000]),
        watch
      },
      run: async (service, { values }) => (await import('./list.ts')).listErrors(service, values)
    }),
    client({
      name: 'show',
      about: 'the tasks of a group, the newest first',
      operands: [{ name: 'FINGERPRINT', about: 'of the group' }],
      options: {
        from: moment('failures since this time; "2h" is two hours ago (7d)', 'past'),
        limit: whole('N', 'how many tasks at most (100)', [1, 1_000])
      },
      run: async (service, { operands: [fingerprint], values }) =>
        (await import('./list.ts')).showError(service, fingerprint!, values)
    })
  ]
}
