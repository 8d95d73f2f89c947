import { client, watch } from '../client.ts'
import type { Group } from '../command.ts'

export const signingKeyGroup: Group = {
  name: 'signing-key',
  about: 'keys with which apps sign links to films',
  commands: [
    client({
      name: 'list',
      about: 'signing keys, newest first; never the keys themselves',
      options: { watch },
      run: async (service, { values }) => (await import('./list.ts')).listSigningKeys(service, values)
    }),
    client({
      name: 'add',
      about: 'make a key, which is printed once, to stdout; it signs links to all films',
      operands: [{ name: 'NAME', about: 'the app that signs with it' }],
      options: {},
      examples: ['darkroom signing-key add shop'],
      run: async (service, { operands: [name], values }) =>
        (await import('./add.ts')).addSigningKey(service, { ...values, name: name! })
    }),
    client({
      name: 'retire',
      about: 'end signing keys; links that they have signed are valid no more',
      operands: [{ name: 'KEY', about: 'id of the key, which "signing-key list" shows', isMany: true }],
      options: {},
      run: async (service, { operands, values }) =>
        (await import('./retire.ts')).retireSigningKeys(service, operands, values)
    })
  ]
}
