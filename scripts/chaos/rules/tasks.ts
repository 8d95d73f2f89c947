import { isDeepStrictEqual } from 'node:util'
import { endings } from '../clients/orders.ts'
import type { History, Run, TaskHistory, Try } from '../history/history.ts'
import { type Life, livesOf } from './lives.ts'

/** What must hold for each task, whatever was done to the service. Each rule returns its violations. */
export const rules: Record<string, (task: TaskHistory, history: History, lives: Life[]) => string[]> = {
  'it is finished': ({ state }) => (isFinal(state) ? [] : [`it is still ${state}`]),

  'its events follow the state machine, and it ends once': task => {
    const { wrong } = livesOf(task)
    const last = task.events.at(-1)
    if (last?.state !== task.state) wrong.push(`it is ${task.state}, and its last event ${last?.state}`)
    return wrong
  },

  'its job has the state and queue of the task': ({ jobs, state, queue, attempts }) => {
    if (jobs.length !== 1) return [`it has ${jobs.length} jobs`]
    const [job] = jobs
    const wrong = []
    if (taskState[job!.state] !== state) wrong.push(`it is ${state}, and its job ${job!.state}`)
    if (isFinal(state) && job!.name !== queue)
      wrong.push(`it is finished, and its job is in ${job!.name} instead of ${queue}`)
    if (job!.retry_count !== Math.max(0, attempts - 1)) {
      wrong.push(`it had ${attempts} attempts, and its job counts ${job!.retry_count} retries`)
    }
    return wrong
  },

  'its attempts are numbered without gaps or duplicates': ({ attempts, tries }) => {
    const numbers = tries.map(({ number }) => number).sort((one, other) => one - other)
    const expected = Array.from({ length: attempts }, (_, index) => index + 1)
    return isDeepStrictEqual(numbers, expected)
      ? []
      : [`of ${attempts} attempts these have a record: ${numbers.join(', ')}`]
  },

  'each attempt was settled once, with a state that its outcome allows': ({ tries }, _, lives) => {
    const settled = lives.flatMap(life => life.settled)
    return tries.flatMap(({ number, outcome }) => {
      const found = settled.filter(({ attempt }) => attempt === number)
      if (found.length !== 1) return [`attempt ${number} was settled ${found.length} times`]
      const [{ state }] = found as [Life['settled'][number]]
      return becomes[outcome]!.includes(state)
        ? []
        : [`attempt ${number} ended with ${outcome}, and the task was ${state}`]
    })
  },

  'it used its retries up, and no more than those': (task, _, lives) => lives.flatMap(life => budget(task, life)),

  'failures and crashes are counted since the last manual retry': ({ failures, crashes }, _, lives) => {
    const counted = lives.at(-1)?.settled ?? []
    const expected = {
      failures: counted.filter(({ entry }) => isFailure(entry)).length,
      crashes: counted.filter(({ entry }) => entry?.outcome === 'crashed').length
    }
    return isDeepStrictEqual(expected, { failures, crashes })
      ? []
      : [`it counts ${JSON.stringify({ failures, crashes })}, and it was ${JSON.stringify(expected)}`]
  },

  'it ended in a state that its kind allows': (task, { ledger }) => {
    const { state, id, error, crashes } = task
    if (state === 'FAILURE' && error?.type === 'poisoned' && crashes === 3) return []
    if (state === 'REVOKED') {
      const asked = ledger.cancelled.has(id) || (task.expires && error?.type === 'expired')
      return asked ? [] : ['it was revoked without a cancel request or a deadline']
    }
    const may = endings[task.task] ?? []
    return !isFinal(state) || may.includes(state) ? [] : [`it is ${state}: ${JSON.stringify(error)}`]
  },

  'no attempt started after the cancel request': ({ cancel_requested_at: asked }, _, lives) => {
    const late = lives.at(-1)?.events.find(({ state, at }) => asked !== null && state === 'STARTED' && at > asked)
    return late ? [`attempt ${late.attempt} started after it`] : []
  },

  'each act has its line in the audit, and each line its act': (task, _, lives) => {
    const { cancel_requested_at: asked, cancels, retries } = task
    const wrong = []
    if (retries !== lives.length - 1) wrong.push(`it was retried ${lives.length - 1} times, and has ${retries} lines`)
    if (asked !== null && cancels === 0) wrong.push('it was cancelled, and has no line')
    if (asked === null && cancels > 0 && retries === 0) wrong.push('it has a line, and was not cancelled')
    return wrong
  },

  'its result is that of the attempt that succeeded': ({ state, attempts, order, task, jobs, runs }) => {
    if (state !== 'SUCCESS') return []
    const output = jobs[0]?.output
    if (task === 'process_data') {
      return isDeepStrictEqual(output, { processed_data: order?.toUpperCase() })
        ? []
        : [`its result is ${JSON.stringify(output)}`]
    }
    // More than one where Postgres forgot a claim: the rule below has its say about that.
    const returned = runs.filter(({ attempt, ended }) => attempt === attempts && ended === 'returned')
    if (returned.length === 0) return [`attempt ${attempts} has succeeded, and no body has returned`]
    const pids = returned.map(({ pid }) => pid)
    return pids.some(pid => isDeepStrictEqual(output, { order, attempt: attempts, pid }))
      ? []
      : [`its result is ${JSON.stringify(output)}, and attempt ${attempts} ran in process ${pids.join(', ')}`]
  },

  'an attempt is recorded under the worker that ran it': (task, { workers }) =>
    task.runs.flatMap(run => {
      const entry = tryOf(task, run)
      const pid = entry && workers.get(entry.worker)?.pid
      // A child that was started as its worker died already has another parent.
      return pid === undefined || pid === run.worker || run.worker === 1
        ? []
        : [`attempt ${run.attempt} is that of worker process ${pid}, and ran in one of ${run.worker}`]
    }),

  'its progress is that of its last attempt': ({ state, progress, progress_attempt, attempts }) => {
    const wrong = []
    if (state === 'SUCCESS' && progress !== 1) wrong.push(`it has succeeded, and its progress is ${progress}`)
    if (progress_attempt !== null && progress_attempt !== attempts) {
      wrong.push(`it shows the progress of attempt ${progress_attempt} of ${attempts}`)
    }
    return wrong
  },

  // Postgres forgets a claim if it crashes soon after it: then the attempt runs again, if its task may be retried at all.
  'no attempt runs twice unless Postgres crashed, and none runs without a record': (task, { ledger }) => {
    const crashes = ledger.blows.filter(({ crash }) => crash)
    const inOrder = task.runs.toSorted((one, other) => one.began - other.began)
    return inOrder.flatMap(({ attempt, began }, place) => {
      const before = inOrder.slice(0, place).findLast(run => run.attempt === attempt)
      const isForgotten =
        before &&
        task.max_retries > 0 &&
        crashes.some(({ at }) => at > before.began - longestStart && at < began + clocks)
      if (before && !isForgotten) return [`attempt ${attempt} ran more than once`]
      return attempt > task.attempts ? [`attempt ${attempt} ran, and there were ${task.attempts}`] : []
    })
  },

  'an attempt that failed or timed out has run': ({ task, tries, runs }) =>
    tries
      .filter(({ outcome, number }) => {
        const run = runs.find(({ attempt }) => attempt === number)
        if (outcome === 'failure') return task in endings && task !== 'process_data' && run?.ended !== 'threw'
        return ['time_limit', 'soft_time_limit', 'stalled'].includes(outcome) && !run
      })
      .map(({ number, outcome }) => `attempt ${number} ended with ${outcome}, and no body says so`),

  'no two attempts run at the same time': (task, { workers }) => {
    const runs = task.runs.toSorted((one, other) => one.began - other.began)
    return runs.flatMap((run, place) =>
      runs
        .slice(place + 1)
        .filter(
          next => next.attempt !== run.attempt && run.last > next.began && !wasTakenAway(tryOf(task, run), workers)
        )
        .map(next => `attempt ${run.attempt} ran on for ${run.last - next.began} ms beside attempt ${next.attempt}`)
    )
  },

  'no body runs on after its attempt was recorded as finished': (task, { workers }) =>
    task.runs.flatMap(run => {
      const entry = tryOf(task, run)
      if (!entry || wasTakenAway(entry, workers)) return []
      const late = run.last - entry.finished_at
      return late > clocks
        ? [`attempt ${run.attempt} ran on for ${late.toFixed(0)} ms after it was recorded as finished`]
        : []
    }),

  'it restarted once for each manual retry': ({ id }, { ledger }, lives) => {
    const { accepted, unknown } = ledger.retried.get(id) ?? { accepted: 0, unknown: 0 }
    const times = lives.length - 1
    return times >= accepted && times <= accepted + unknown
      ? []
      : [`it restarted ${times} times after ${accepted} accepted retries and ${unknown} without an answer`]
  }
}

/** Milliseconds by which two clocks of one machine may differ. */
const clocks = 50
/** Milliseconds from a claim to the first line of its body, on a busy machine. */
const longestStart = 1_000

const taskState: Record<string, string> = {
  created: 'PENDING',
  active: 'STARTED',
  retry: 'RETRY',
  completed: 'SUCCESS',
  failed: 'FAILURE',
  cancelled: 'REVOKED'
}

const becomes: Record<string, string[]> = {
  success: ['SUCCESS'],
  cancelled: ['REVOKED'],
  crashed: ['RETRY', 'FAILURE', 'REVOKED'],
  shutdown: ['RETRY', 'REVOKED'],
  failure: ['RETRY', 'FAILURE', 'REVOKED'],
  time_limit: ['RETRY', 'FAILURE', 'REVOKED'],
  soft_time_limit: ['RETRY', 'FAILURE', 'REVOKED'],
  stalled: ['RETRY', 'FAILURE', 'REVOKED']
}

const crashBudget = 3

/** Checks both ways: no retry beyond the budget, and no failure before it is used up. */
function budget({ max_retries }: TaskHistory, { settled }: Life): string[] {
  const wrong: string[] = []
  let failures = 0
  let crashes = 0
  for (const { attempt, state, entry } of settled) {
    if (isFailure(entry)) failures++
    if (entry?.outcome === 'crashed') crashes++
    const spent = failures > max_retries || crashes >= crashBudget
    if (spent && state === 'RETRY') {
      wrong.push(`after attempt ${attempt}, with ${failures} failures and ${crashes} crashes, it was to be tried again`)
    }
    if (crashes >= crashBudget && entry?.outcome === 'crashed' && entry.error?.type !== 'poisoned') {
      wrong.push(`crash ${crashes} did not poison it`)
    }
    if (state === 'FAILURE' && !spent && entry?.error?.type !== 'GiveUp') {
      wrong.push(`after attempt ${attempt}, with ${failures} failures and ${crashes} crashes, it was given up`)
    }
  }
  return wrong
}

function isFinal(state: string) {
  return ['SUCCESS', 'FAILURE', 'REVOKED'].includes(state)
}

function isFailure(entry: Try | undefined) {
  return ['failure', 'soft_time_limit', 'time_limit', 'stalled'].includes(entry?.outcome ?? '')
}

function tryOf({ tries }: TaskHistory, { attempt }: Run) {
  return tries.find(({ number }) => number === attempt)
}

/** Its worker was marked lost and another one settled it; a body that ran on there wrote nothing. */
function wasTakenAway(entry: Try | undefined, workers: History['workers']) {
  return (
    entry !== undefined &&
    ['crashed', 'shutdown'].includes(entry.outcome) &&
    workers.get(entry.worker)?.status === 'lost'
  )
}
