import { client, watch } from '../client.ts'
import type { Group } from '../command.ts'
import { choice, moment, text } from '../parsing/options.ts'
import { paging } from '../task/table.ts'

const subject = text('TYPE:ID', 'only of this queue, worker, …, such as queue:media; without it of any')

export const problemGroup: Group = {
  name: 'problem',
  about: 'what is wrong, what was, and what webhooks are not told of',
  commands: [
    client({
      name: 'list',
      about: 'what is wrong now, worst first; the exit code is 1 where something is critical',
      options: { watch },
      run: async (service, { values }) => (await import('./list.ts')).listProblems(service, values)
    }),
    client({
      name: 'history',
      about: 'problems that are open, and those that were, newest first',
      options: { state: choice(['open', 'closed'], 'only these'), ...paging, watch },
      run: async (service, { values }) => (await import('./history.ts')).listHistory(service, values)
    }),
    client({
      name: 'silence',
      about: 'tell webhooks nothing of a problem until a time; what stands then is told',
      operands: [{ name: 'CODE', about: 'code of the problem, such as queue_old' }],
      options: {
        subject,
        until: moment('when that ends (in an hour); "2h" is in two hours', 'future'),
        reason: text('TEXT', 'why, for people')
      },
      examples: ['darkroom problem silence queue_old --subject queue:media --until 2h'],
      run: async (service, { operands: [code], values }) =>
        (await import('./silence.ts')).silenceProblem(service, code!, values)
    }),
    client({
      name: 'unsilence',
      about: 'end the silences of a problem',
      operands: [{ name: 'CODE', about: 'code of the problem' }],
      options: { subject },
      run: async (service, { operands: [code], values }) =>
        (await import('./silence.ts')).unsilenceProblem(service, code!, values)
    })
  ]
}
