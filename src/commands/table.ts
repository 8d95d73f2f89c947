import { bulkGroup } from './bulk/table.ts'
import { client, watch } from './client.ts'
import { type Command, command, type Group } from './command.ts'
import { errorGroup } from './error/table.ts'
import { keyGroup } from './key/table.ts'
import { choice, moment, text } from './parsing/options.ts'
import { problemGroup } from './problem/table.ts'
import { processes } from './processes.ts'
import { queueGroup } from './queue/table.ts'
import { scheduleGroup } from './schedule/table.ts'
import { sessionGroup } from './session/table.ts'
import { signingKeyGroup } from './signing-key/table.ts'
import { paging, taskGroup } from './task/table.ts'
import { videoGroup } from './video/table.ts'
import { webhookGroup } from './webhook/table.ts'
import { workerGroup } from './worker/table.ts'

const doctor = client({
  name: 'doctor',
  about: 'ask the running service what is wrong with it, and what mends that',
  options: {},
  run: async (service, { values }) => (await import('./doctor.ts')).runDoctor(service, values)
})

const audit = client({
  name: 'audit',
  about: 'who did what, newest first',
  options: {
    actor: text('WORD', 'kind, id or name of the actor, such as sql or anna'),
    action: text('ACTION', 'one action, or all of a type: queue.pause, "queue.*"'),
    target: text('TARGET', 'id, name or type of the target, or both: media, queue, queue:media'),
    outcome: choice(['done', 'refused'], 'only these'),
    since: moment('lines from this time on; "2h" is two hours ago', 'past'),
    ...paging,
    watch
  },
  examples: ['darkroom audit --action "queue.*" --since 1d'],
  run: async (service, { values }) => (await import('./audit.ts')).listAudit(service, values)
})

const open = client({
  name: 'open',
  about: 'the dashboard in the browser',
  options: {},
  run: async (service, { values }) => (await import('./open.ts')).openDashboard(service, values)
})

const shells = ['bash', 'zsh', 'fish'] as const

const completion = command({
  name: 'completion',
  about: 'a script with which a shell completes these commands',
  operands: [{ name: 'SHELL', about: shells.join(', '), choices: shells }],
  options: {},
  notes: [
    'bash  source <(darkroom completion bash)',
    'zsh   source <(darkroom completion zsh)',
    'fish  darkroom completion fish | source'
  ],
  settings: 'none',
  run: async ({ operands: [shell] }) => (await import('./completion/completion.ts')).printCompletion(shell!, table)
})

/** Every command: parsing, help, shell completion and the README's table come from here. */
export const table: (Command | Group)[] = [
  ...processes,
  keyGroup,
  sessionGroup,
  taskGroup,
  bulkGroup,
  videoGroup,
  signingKeyGroup,
  scheduleGroup,
  queueGroup,
  workerGroup,
  webhookGroup,
  problemGroup,
  errorGroup,
  doctor,
  audit,
  open,
  completion
]
