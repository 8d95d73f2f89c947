import { presetNames } from '#access/scopes.ts'
import type { Group } from '../command.ts'
import { choice, flag, json as jsonObject, text, whole, words } from '../parsing/options.ts'
import { serviceCommand } from '../process.ts'

const json = flag('one JSON document instead of text')
const id = { name: 'ID', about: 'id of the key, which "key list" shows' }

/** These work on the database itself, so that there can be a first key. */
export const keyGroup: Group = {
  name: 'key',
  about: 'make, list, rotate and revoke keys of the API',
  commands: [
    serviceCommand({
      name: 'create',
      about: 'make a key, which is printed once, to stdout; the first one closes a service that was open',
      options: {
        preset: choice(presetNames, 'what the key may do'),
        scopes: words('a,b', 'the same as a list, instead of --preset'),
        name: text('NAME', 'whose key it is'),
        limits: jsonObject('what it may not go beyond, as in POST /api/keys'),
        expires: whole('days', 'days until it ends, at most 365', [1, 365]),
        json
      },
      examples: ['darkroom key create --preset admin --name anna'],
      run: async (config, { values }) => (await import('./create.ts')).createOne(config, values)
    }),
    serviceCommand({
      name: 'list',
      about: 'keys, newest first; never the keys themselves',
      options: { json },
      run: async (config, { values }) => (await import('./list.ts')).listAll(config, values)
    }),
    serviceCommand({
      name: 'rotate',
      about: 'make a second key with the same rights, which replaces this one',
      operands: [id],
      options: { overlap: whole('seconds', 'how long the old key still works (86400)', [0, 31_536_000]), json },
      run: async (config, { operands: [id], values }) => (await import('./rotate.ts')).rotateOne(config, id!, values)
    }),
    serviceCommand({
      name: 'revoke',
      about: 'end a key, with all that it has open',
      operands: [id],
      options: { json },
      run: async (config, { operands: [id], values }) => (await import('./revoke.ts')).revokeOne(config, id!, values)
    })
  ]
}
