import t from 'tap'
import { type History, readRuns, type TaskHistory } from '../../scripts/chaos/history/history.ts'
import { describe, summary } from '../../scripts/chaos/history/report.ts'
import { openLedger } from '../../scripts/chaos/ledger.ts'
import { planFor } from '../../scripts/chaos/plan.ts'
import { randomFrom } from '../../scripts/chaos/random.ts'
import { check } from '../../scripts/chaos/rules/checker.ts'
import { rules } from '../../scripts/chaos/rules/tasks.ts'

// A checker that finds nothing may be blind: each of these histories is correct except for one violation to report.

/** A task whose worker was killed at its first attempt, and that failed once before it succeeded. */
function task(): TaskHistory {
  return {
    id: 'a',
    order: '1',
    task: 'flaky',
    queue: 'default',
    state: 'SUCCESS',
    attempts: 3,
    failures: 1,
    crashes: 1,
    max_retries: 3,
    error: null,
    progress: 1,
    progress_attempt: 3,
    expires: false,
    schedule_id: null,
    cancel_requested_at: null,
    cancels: 0,
    retries: 0,
    jobs: [{ name: 'default', state: 'completed', retry_count: 2, output: { order: '1', attempt: 3, pid: 13 } }],
    tries: [
      {
        number: 1,
        worker: 'one',
        started_at: 100,
        finished_at: 900,
        outcome: 'crashed',
        error: { type: 'crashed', message: 'Its worker went away' }
      },
      {
        number: 2,
        worker: 'two',
        started_at: 1_000,
        finished_at: 1_100,
        outcome: 'failure',
        error: { type: 'Error', message: 'failure 2' }
      },
      { number: 3, worker: 'two', started_at: 1_200, finished_at: 1_300, outcome: 'success', error: null }
    ],
    events: [
      { at: 0, state: 'PENDING', attempt: 0 },
      { at: 50, state: 'STARTED', attempt: 1 },
      { at: 60, state: 'PENDING', attempt: 0 },
      { at: 100, state: 'STARTED', attempt: 1 },
      { at: 900, state: 'RETRY', attempt: 1 },
      { at: 1_000, state: 'STARTED', attempt: 2 },
      { at: 1_100, state: 'RETRY', attempt: 2 },
      { at: 1_200, state: 'STARTED', attempt: 3 },
      { at: 1_300, state: 'SUCCESS', attempt: 3 }
    ],
    runs: [
      { attempt: 1, pid: 11, worker: 1, began: 110, last: 1_050, ended: undefined },
      { attempt: 2, pid: 12, worker: 2, began: 1_010, last: 1_090, ended: 'threw' },
      { attempt: 3, pid: 13, worker: 2, began: 1_210, last: 1_290, ended: 'returned' }
    ]
  }
}

/** A task that was revoked, retried by hand, and failed for good. */
function another(): TaskHistory {
  return {
    ...task(),
    id: 'b',
    order: '2',
    task: 'doomed',
    state: 'FAILURE',
    attempts: 1,
    failures: 1,
    crashes: 0,
    max_retries: 0,
    error: { type: 'Error', message: 'as always' },
    progress: null,
    progress_attempt: null,
    cancels: 1,
    retries: 1,
    jobs: [{ name: 'default', state: 'failed', retry_count: 0, output: null }],
    tries: [
      {
        number: 1,
        worker: 'two',
        started_at: 2_000,
        finished_at: 2_100,
        outcome: 'failure',
        error: { type: 'Error', message: 'as always' }
      }
    ],
    events: [
      { at: 0, state: 'PENDING', attempt: 0 },
      { at: 500, state: 'REVOKED', attempt: 0 },
      { at: 1_500, state: 'PENDING', attempt: 0 },
      { at: 2_000, state: 'STARTED', attempt: 1 },
      { at: 2_100, state: 'FAILURE', attempt: 1 }
    ],
    runs: [{ attempt: 1, pid: 21, worker: 2, began: 2_010, last: 2_090, ended: 'threw' }]
  }
}

/** A task of a schedule. */
function scheduled(): TaskHistory {
  return {
    ...task(),
    id: 's',
    order: 'schedule',
    task: 'process_data',
    attempts: 1,
    failures: 0,
    crashes: 0,
    progress_attempt: null,
    schedule_id: 'x',
    jobs: [{ name: 'default', state: 'completed', retry_count: 0, output: { processed_data: 'SCHEDULE' } }],
    tries: [{ number: 1, worker: 'two', started_at: 100, finished_at: 200, outcome: 'success', error: null }],
    events: [
      { at: 0, state: 'PENDING', attempt: 0 },
      { at: 100, state: 'STARTED', attempt: 1 },
      { at: 200, state: 'SUCCESS', attempt: 1 }
    ],
    runs: []
  }
}

/** Of the tasks above to both webhooks; the receiver has taken each once. */
function messages() {
  const ends = [
    ['a', 'task.completed'],
    ['b', 'task.cancelled'],
    ['b', 'task.failed'],
    ['s', 'task.completed']
  ] as const
  return ['plain', 'ordered'].flatMap((webhook, half) =>
    ends.map(([task_id, type], at) => {
      const sequence = 2 * at + half
      return { id: `msg_${sequence}`, webhook, type, task_id, sequence, delivered: true }
    })
  )
}

function truth(): History {
  const ledger = openLedger()
  ledger.orders.push(
    { number: 1, path: '/api/tasks', key: 'order-1', body: {}, names: ['1'], answer: 'accepted', ids: ['a'] },
    { number: 2, path: '/api/tasks', body: {}, names: ['2'], answer: 'unknown', ids: [] },
    { number: 3, path: '/api/tasks', body: {}, names: ['3'], answer: 'unknown', ids: [] }
  )
  ledger.cancelled.add('b')
  ledger.retried.set('b', { accepted: 1, unknown: 1 })
  ledger.received = messages().map(({ id, webhook, type, task_id, sequence }) => {
    return { id, webhook, taken: true, text: JSON.stringify({ type, data: { id: task_id, sequence } }) }
  })
  ledger.blows.push({ at: 300, what: 'kill -9 of a worker', pid: 1, deadly: true })
  return {
    ledger,
    tasks: [task(), another(), scheduled()],
    schedules: [
      {
        id: 'x',
        every: 2,
        occurrences: [
          { due_at: 0, until: null, outcome: 'fired', task_id: 's', count: 1 },
          { due_at: 2_000, until: 6_000, outcome: 'skipped', task_id: null, count: 3 },
          { due_at: 8_000, until: null, outcome: 'coalesced', task_id: null, count: 1 }
        ]
      }
    ],
    messages: messages(),
    workers: new Map([
      ['one', { pid: 1, status: 'lost' }],
      ['two', { pid: 2, status: 'running' }]
    ]),
    tripped: [],
    leftRows: [],
    leftProcesses: []
  }
}

t.test('a correct history has no violations', async t => {
  const history = truth()

  t.strictSame(check(history), [])
  t.match(summary(history), /longest from a kill to running again +0\.7 s/)
})

const forgeries: Record<
  string,
  [forge: (history: History, first: TaskHistory, second: TaskHistory) => void, rule: string]
> = {
  'an accepted task is lost': [history => history.tasks.shift(), 'an accepted task is never lost'],
  'a key has made two tasks': [
    (history, first) => history.tasks.push({ ...first, id: 'c' }),
    'an order makes each task once'
  ],
  'half of a bulk is there': [
    ({ ledger }) => ledger.orders[1]!.names.push('2.1'),
    'a bulk makes all of its tasks or none'
  ],
  'an order that the API never received made a task': [
    ({ ledger }) => {
      ledger.orders[1]!.answer = 'refused'
    },
    'a refused order makes no task'
  ],
  'a proper order is refused': [
    ({ ledger }) => {
      ledger.orders[2]!.complaint = '409'
    },
    'a valid order is not refused'
  ],
  'an order with a key was never answered': [
    ({ ledger }) => {
      ledger.orders[2]!.key = 'order-3'
    },
    'an order with an idempotency key is answered in the end'
  ],
  'a retry has no line in the audit': [
    (_history, _first, second) => {
      second.retries = 0
    },
    'each act has its line in the audit, and each line its act'
  ],
  'a cancel that was rolled back has a line in the audit': [
    (_, first) => {
      first.cancels = 1
    },
    'each act has its line in the audit, and each line its act'
  ],
  'a task belongs to no order': [
    (_, first) => {
      first.order = '9'
    },
    'every task belongs to an order'
  ],
  'an occurrence has fired and its task is missing': [
    ({ schedules }) => {
      schedules[0]!.occurrences[2]!.outcome = 'fired'
    },
    'an occurrence that fired has its task, and no other has one'
  ],
  'two occurrences have the same task': [
    ({ schedules }) => {
      Object.assign(schedules[0]!.occurrences[2]!, { outcome: 'fired', task_id: 's' })
    },
    'a task belongs to one occurrence'
  ],
  'an occurrence was forgotten': [
    ({ schedules }) => schedules[0]!.occurrences.splice(1, 1),
    'every occurrence has a row, once'
  ],
  'a schedule has made a task more': [
    history => history.tasks.push({ ...scheduled(), id: 't' }),
    'a task of a schedule has its occurrence'
  ],
  'a task hangs': [
    (_, first) => {
      first.state = 'STARTED'
      first.events.pop()
    },
    'it is finished'
  ],
  'a final event is there twice': [
    (_, { events }) => events.push({ ...events.at(-1)! }),
    'its events follow the state machine, and it ends once'
  ],
  'an outcome is recorded twice': [
    (_, { tries }) => tries.push({ ...tries.at(-1)! }),
    'its attempts are numbered without gaps or duplicates'
  ],
  'an attempt has no record': [
    (_, { tries }) => tries.splice(1, 1),
    'its attempts are numbered without gaps or duplicates'
  ],
  'an attempt number is skipped': [
    (_, { events }) => {
      for (const event of events.slice(-2)) event.attempt = 4
    },
    'its events follow the state machine, and it ends once'
  ],
  'a cancelled attempt succeeded': [
    (_, { tries }) => {
      tries[2]!.outcome = 'cancelled'
    },
    'each attempt was settled once, with a state that its outcome allows'
  ],
  'task and job disagree': [
    (_, { jobs }) => {
      jobs[0]!.state = 'active'
    },
    'its job has the state and queue of the task'
  ],
  'a finished job waits among the delayed': [
    (_, { jobs }) => {
      jobs[0]!.name = 'delayed'
    },
    'its job has the state and queue of the task'
  ],
  'it was tried too often': [
    (_, first) => {
      first.max_retries = 0
    },
    'it used its retries up, and no more than those'
  ],
  'it was given up too early': [
    (_, __, second) => {
      second.max_retries = 1
    },
    'it used its retries up, and no more than those'
  ],
  'a crash counts as a failure': [
    (_, first) => {
      first.failures = 2
    },
    'failures and crashes are counted since the last manual retry'
  ],
  'what never succeeds has succeeded': [
    (_, first) => {
      first.task = 'doomed'
    },
    'it ended in a state that its kind allows'
  ],
  'it was revoked for no reason': [
    ({ ledger }, _, second) => {
      second.state = 'REVOKED'
      second.events.splice(-2)
      second.tries = second.runs = []
      second.jobs[0]!.state = 'cancelled'
      ledger.cancelled.clear()
    },
    'it ended in a state that its kind allows'
  ],
  'a cancelled task was started once more': [
    (_, first) => {
      first.cancel_requested_at = 1_150
    },
    'no attempt started after the cancel request'
  ],
  'the result is that of another attempt': [
    (_, { jobs }) => {
      jobs[0]!.output = { order: '1', attempt: 2, pid: 12 }
    },
    'its result is that of the attempt that succeeded'
  ],
  'the success is that of another worker': [
    (_, { tries }) => {
      tries[2]!.worker = 'one'
    },
    'an attempt is recorded under the worker that ran it'
  ],
  'the progress is that of an older attempt': [
    (_, first) => {
      first.progress_attempt = 2
    },
    'its progress is that of its last attempt'
  ],
  'an attempt runs twice': [
    (_, { runs }) => runs.push({ ...runs[1]!, pid: 14 }),
    'no attempt runs twice unless Postgres crashed, and none runs without a record'
  ],
  'an attempt runs twice, and Postgres crashed later': [
    ({ ledger }, { runs }) => {
      runs.push({ ...runs[1]!, pid: 14 })
      ledger.blows.push({ at: 5_000, what: 'kill -9 of Postgres', crash: true })
    },
    'no attempt runs twice unless Postgres crashed, and none runs without a record'
  ],
  'an attempt of a task that may run only once runs twice, as Postgres crashed': [
    ({ ledger }, task) => {
      task.max_retries = 0
      task.runs.push({ ...task.runs[1]!, pid: 14 })
      ledger.blows.push({ at: task.runs[1]!.began, what: 'kill -9 of Postgres', crash: true })
    },
    'no attempt runs twice unless Postgres crashed, and none runs without a record'
  ],
  'a failure is recorded and no body threw': [
    (_, { runs }) => runs.splice(1, 1),
    'an attempt that failed or timed out has run'
  ],
  'two attempts overlap, and no worker was lost': [
    ({ workers }) => {
      workers.get('one')!.status = 'running'
    },
    'no two attempts run at the same time'
  ],
  'two attempts overlap, and the first has written': [
    (_, { tries, runs }) => {
      runs[1]!.last = 1_250
      tries[1]!.finished_at = 1_250
    },
    'no two attempts run at the same time'
  ],
  'a body runs on after its attempt is finished': [
    (_, { runs }) => {
      runs[2]!.last = 1_400
    },
    'no body runs on after its attempt was recorded as finished'
  ],
  'a task restarted without a manual retry': [
    ({ ledger }) => ledger.retried.clear(),
    'it restarted once for each manual retry'
  ],
  'a worker is marked lost although nothing was done to it': [
    ({ ledger }) => ledger.blows.pop(),
    'only a worker that was killed or frozen is marked lost'
  ],
  'a commit left task and job in different states': [
    ({ tripped }) => tripped.push({ task_id: 'a', what: 'the task was STARTED and its job completed' }),
    'at each commit task, job and attempt agree'
  ],
  'an end has no message': [({ messages }) => messages.splice(1, 1), 'each end of a task has its message'],
  'a message is given up': [
    ({ messages }) => {
      messages[0]!.delivered = false
    },
    'no message is lost'
  ],
  'a message is noted as delivered, and its receiver has refused it': [
    ({ ledger }) => {
      ledger.received[0]!.taken = false
    },
    'no message is lost'
  ],
  'a message came a second time under another id': [
    ({ ledger }) => ledger.received.push({ ...ledger.received[0]!, id: 'msg_9' }),
    'nothing is told that did not happen'
  ],
  'a message came a second time with another text': [
    ({ ledger }) => ledger.received.push({ ...ledger.received[0]!, text: ledger.received[1]!.text }),
    'a message is the same each time'
  ],
  'an ordered webhook was told the second end of a task before the first': [
    ({ ledger }) => ledger.received.reverse(),
    'an ordered webhook is told in order'
  ],
  'a row is left': [({ leftRows }) => leftRows.push('a deadline'), 'no row or session is left behind'],
  'a process is left': [
    ({ leftProcesses }) => leftProcesses.push({ pid: 7, parent: 1, command: 'sleep 3600' }),
    'no process is left'
  ],
  'a process ended by itself': [
    ({ ledger }) => ledger.surprises.push('worker-1 ended by itself with 1'),
    'a process ends when it is told to, and only then'
  ]
}

for (const [title, [forge, rule]] of Object.entries(forgeries)) {
  t.test(`the checker reports when ${title}`, async t => {
    const history = truth()
    forge(history, history.tasks[0]!, history.tasks[1]!)

    const violations = check(history)

    t.ok(
      violations.some(violation => violation.rule === rule),
      violations.map(({ rule }) => rule).join('; ')
    )
    t.match(describe(violations[0]!, 0), /^NOT TRUE: /)
  })
}

t.test('each rule has a history that breaks it', async t => {
  const caught = new Set(Object.values(forgeries).map(([, rule]) => rule))

  t.strictSame(
    Object.keys(rules).filter(rule => !caught.has(rule)),
    []
  )
})

t.test("the bodies' journal is read as runs, each from its start to its last entry", async t => {
  const line = (what: string, at: number, pid = 5) =>
    `${JSON.stringify({ id: 'a', attempt: 1, pid, worker: 2, what, at })}\n`

  const runs = readRuns(line('began', 1) + line('began', 2, 6) + line('lives', 3) + line('returned', 4, 6))

  t.strictSame(runs.get('a'), [
    { attempt: 1, pid: 5, worker: 2, began: 1, last: 3, ended: undefined },
    { attempt: 1, pid: 6, worker: 2, began: 2, last: 4, ended: 'returned' }
  ])
})

t.test('the same seed plans the same blows at the same times, another seed does not', async t => {
  const plan = (seed: number) => planFor(randomFrom(seed), 120).map(({ at, blow }) => `${at} ${blow}`)

  t.strictSame(plan(1), plan(1))
  t.not(plan(1).join(), plan(2).join())
  t.ok(plan(1).length > 30)
})
