import { client, watch } from '../client.ts'
import type { Group } from '../command.ts'
import { choice, moment, seconds, text, words, yesOrNo } from '../parsing/options.ts'
import { paging } from '../task/table.ts'

const webhook = { name: 'WEBHOOK', about: 'id of the webhook, or its address' }

const settings = {
  types: words('a,b', 'what it is told of, such as task.failed,video.ready', { as: 'type' }),
  queues: words('a,b', 'only of these queues', { as: 'queue' }),
  tasks: words('a,b', 'only of these kinds', { as: 'kind' }),
  include: words('result', 'send results along', { choices: ['result'] }),
  ordered: yesOrNo('whether a message waits for the one before about the same task'),
  description: text('TEXT', 'what it is for')
}

export const webhookGroup: Group = {
  name: 'webhook',
  about: 'addresses that are told what happens',
  commands: [
    client({
      name: 'list',
      about: 'webhooks, newest first',
      options: { ...paging, watch },
      run: async (service, { values }) => (await import('./list.ts')).listWebhooks(service, values)
    }),
    client({
      name: 'show',
      about: 'a webhook',
      operands: [webhook],
      options: {},
      run: async (service, { operands: [word], values }) =>
        (await import('./show.ts')).showWebhook(service, word!, values)
    }),
    client({
      name: 'add',
      about: 'add a webhook; its secret is shown this once',
      operands: [{ name: 'URL', about: 'where messages are sent to' }],
      options: settings,
      examples: ['darkroom webhook add https://hooks.example/darkroom --type task.failed,video.ready'],
      run: async (service, { operands: [url], values }) => (await import('./edit.ts')).addWebhook(service, url!, values)
    }),
    client({
      name: 'edit',
      about: 'change what is given of a webhook',
      operands: [webhook],
      options: {
        ...settings,
        url: text('URL', 'where messages are sent to'),
        enabled: yesOrNo('whether messages are sent'),
        unset: words('a,b', 'options that go back to their default: queue, kind, description')
      },
      run: async (service, { operands: [word], values }) =>
        (await import('./edit.ts')).editWebhook(service, word!, values)
    }),
    client({
      name: 'remove',
      about: 'delete webhooks; messages that wait are not sent',
      operands: [{ ...webhook, isMany: true }],
      options: {},
      run: async (service, { operands, values }) =>
        (await import('./edit.ts')).removeWebhooks(service, operands, values)
    }),
    client({
      name: 'test',
      about: 'send a test message and wait for the answer',
      operands: [webhook],
      options: { timeout: seconds('to wait for the answer (15)') },
      run: async (service, { operands: [word], values }) =>
        (await import('./send-test.ts')).testWebhook(service, word!, values)
    }),
    client({
      name: 'rotate',
      about: 'give a webhook a new secret, which is shown this once',
      operands: [webhook],
      options: { overlap: seconds('for which messages are signed with the old one, too (1d)') },
      run: async (service, { operands: [word], values }) =>
        (await import('./rotate.ts')).rotateWebhook(service, word!, values)
    }),
    client({
      name: 'deliveries',
      about: 'what became of the messages to a webhook, newest first',
      operands: [webhook],
      options: { status: choice(['pending', 'delivered', 'failed'], 'only these'), ...paging, watch },
      run: async (service, { operands: [word], values }) =>
        (await import('./deliveries.ts')).listDeliveries(service, word!, values)
    }),
    client({
      name: 'replay',
      about: 'send messages again: those --since a time, or one --message',
      operands: [webhook],
      options: {
        since: moment('messages from this time on; "2h" is two hours ago', 'past'),
        until: moment('messages before this time', 'past'),
        message: text('ID', 'this one message, msg_…'),
        only: choice(['failed', 'all'], 'those that were given up, or also those that were delivered (failed)')
      },
      examples: ['darkroom webhook replay https://hooks.example/darkroom --since 2h'],
      run: async (service, { operands: [word], values }) =>
        (await import('./replay.ts')).replayMessages(service, word!, values)
    })
  ]
}
