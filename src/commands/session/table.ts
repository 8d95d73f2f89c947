import { client, watch } from '../client.ts'
import type { Group } from '../command.ts'
import { text, whole } from '../parsing/options.ts'

export const sessionGroup: Group = {
  name: 'session',
  about: 'browsers that are signed in to the dashboard',
  commands: [
    client({
      name: 'list',
      about: 'sessions, newest first',
      options: {
        key_id: text('ID', 'only those of a key', { as: 'key' }),
        limit: whole('N', 'how many at most (1000)', [1, 1000]),
        watch
      },
      run: async (service, { values }) => (await import('./list.ts')).listSessions(service, values)
    }),
    client({
      name: 'end',
      about: 'sign browsers out, with all that they have open',
      operands: [{ name: 'SESSION', about: 'id of the session, which "session list" shows', isMany: true }],
      options: {},
      run: async (service, { operands, values }) => (await import('./end.ts')).endSessions(service, operands, values)
    })
  ]
}
