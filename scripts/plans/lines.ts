import { greatestId, leastId } from '../../src/tasks/listing/ways.ts'
import type { Sample } from './fill.ts'

/** What a statement is asked, and what it may read of tables that grow. */
export interface Line {
  /** Its parameters; an object is JSON. */
  values?: unknown[]
  /** Rows at most, however many there are; without it `few`. */
  most?: number
  /** Why more than a few. */
  because?: string
  /** Tables that it reads from end to end, for the same reason. */
  whole?: string[]
  /** Why Postgres has no plan for it. */
  planless?: string
}

export const few = 300

const json = (...items: object[]) => JSON.stringify(items)
const noId = '01980000-0000-7000-8000-000000000000'
const all = [null, null, [], null, []]
const conditions = [null, null, [], null, [], null, null, [], null, [], null, [], 0, null, null, null]
const ever = ['infinity', '-infinity']
const toOlder = ['infinity', greatestId]
const toNewer = ['-infinity', leastId]
const size = 1_000
const slice = { most: 3 * size + few, because: `a slice of ${size}, twice: to find its end, and in it` }
const hour = 3_600_000

/** A line for each exported statement, by its name. */
export function linesFor(sample: Sample): Record<string, Line> {
  return {
    ...ofTheProcesses(),
    ...ofKeys(sample),
    ...ofAttempts(sample),
    ...ofLists(sample),
    ...ofVideosAndErrors(),
    ...ofTasks(sample),
    ...ofUpkeep(sample),
    ...ofFilms(sample),
    ...ofSchedules(sample),
    ...ofCharts(sample),
    ...ofWebhooks(sample),
    ...ofBulk(),
    ...ofTheAudit()
  }
}

function ofTheProcesses(): Record<string, Line> {
  return {
    factsSql: {},
    bloatedTablesSql: {},
    oldSnapshotsSql: {},
    aboutSql: {},
    workerVersionsSql: {},
    findSandboxesSql: {},
    findHoldersSql: { values: [60] },
    ...ofProblems(),
    findTroubledWorkersSql: {},
    countWorkersByKindSql: {},
    publishKindsSql: { values: [json()] },
    withdrawKindsSql: { values: [['kind_1']] },
    listWorkersSql: { values: [null] },
    listRunningSql: { values: [[noId]], because: 'those that run' },
    steerWorkerSql: { values: [noId, 2, null] },
    shutDownWorkerSql: { values: [noId, 'warm'] },
    removeWorkersSql: {},
    claimKeySql: { values: ['key 5', 'x', ''] },
    findAnswerSql: { values: ['key 5', ''] },
    keepAnswerSql: { values: ['key 5', {}, ''] }
  }
}

function ofKeys({ finished }: Sample): Record<string, Line> {
  const id = '8wK2vQz1Lp'
  const hash = 'x'.repeat(32)
  return {
    countKeysSql: { whole: ['api_keys'], because: 'of keys there are few' },
    findKeySql: { values: [id] },
    findSessionSql: { values: [id] },
    stillActiveSql: { values: [[id], [id]] },
    strangersRefusedSql: { values: ['OPEN_TO_THIS_MACHINE'] },
    findExpiringKeysSql: { whole: ['api_keys'], because: 'of keys there are few' },
    countApisSql: { because: 'a connection of each API' },
    noteUseSql: { values: [[id], [id]] },
    putAdminKeySql: { values: [id, hash] },
    readAdminKeySql: { values: [id, hash] },
    openSessionSql: { values: ['5gVn0Xh3mY', hash, id, '127.0.0.1', null] },
    findSessionEndSql: { values: [id] },
    endSessionSql: { values: [id] },
    findOwnerSql: { values: [finished] },
    takeTurnSql: { values: [id] },
    countOpenSql: { values: [id, 100] }
  }
}

function ofAttempts({ running, place, worker, finished }: Sample): Record<string, Line> {
  const attempt = { id: running, queue: 'media', place, attempt: 1, worker, started_at: new Date() }
  const ending = [json({ ...attempt, outcome: 'failure', state: 'FAILURE', error: { type: 'Error', message: 'no' } })]
  const claims = [worker, ['default', 'media'], [5, 5], 5, ['process_video']]
  return {
    claimSql: { values: claims },
    claimOverKindsSql: { values: [...claims, []] },
    claimOverLockedSql: { values: [...claims, []] },
    claimOfKindsSql: { values: [...claims, ['bulk_operation', 'sweep']] },
    completeInPlaceSql: { values: ending },
    completeSql: { values: ending },
    handOverSql: { values: [running, worker, '2026-01-01', 1] },
    settleSql: { values: ending },
    findSettledSql: { values: ending },
    lockAttemptsInPlaceSql: { values: ending },
    lockAttemptsSql: { values: ending },
    findLockedSql: { values: ending },
    findStoppedSql: { values: [[running], [1], [worker]] },
    unclaimSql: { values: [json({ ...attempt, was: 'created' })] },
    reportProgressSql: { values: [json({ ...attempt, progress: 0.5, detail: null })] },
    findOrphansSql: { because: 'those that run' },
    findUnknownSql: { values: [worker, [running]], because: 'those that run' },
    listAttemptsSql: { values: [finished] },
    readLogSql: { values: [running, null, 0] },
    writeLogsSql: { values: [[running], [1], [3], ['abc']] }
  }
}

function ofLists({ finished }: Sample): Record<string, Line> {
  const range = [...all, ...toOlder, ...ever]
  const back = [...all, ...toNewer, ...ever]
  const page = { because: 'a page of each combination of state, kind and queue, at most', most: 4_000 }
  const search = (start: unknown[], scope: Record<number, unknown> = {}) => ({
    values: [...start, 51, ...conditions.map((value, index) => scope[index + 11] ?? value), size],
    ...slice
  })
  const ofSchedule = { 19: [noId] }
  const ofVideo = { 21: [noId] }
  const ofOwner = { 26: '8wK2vQz1Lp' }
  const now = Date.now()
  const counted = { most: 110_000, because: 'counts up to 100,000 by entries of the index alone' }
  return {
    listToOlderSql: { values: [...range, 51], ...page },
    listToNewerSql: { values: [...back, 51], ...page },
    searchToOlderSql: search(range),
    searchToNewerSql: search(back),
    followScheduledToLaterSql: search(back),
    followScheduledToSoonerSql: search(range),
    followScheduleToOlderSql: search(range, ofSchedule),
    followScheduleToNewerSql: search(back, ofSchedule),
    followVideoToOlderSql: search(range, ofVideo),
    followVideoToNewerSql: search(back, ofVideo),
    followOwnerToOlderSql: search(range, ofOwner),
    followOwnerToNewerSql: search(back, ofOwner),
    searchByIdSql: { values: [...back, finished, ...conditions] },
    rankSoonestSql: { values: [...search(back).values, ...toNewer], ...slice },
    rankSoonestBackSql: { values: [...search(back).values, ...toOlder], ...slice },
    rankLongestSql: { values: [...search(range).values, '9223372036854775807', greatestId, now], ...slice },
    rankLongestBackSql: { values: [...search(range).values, -1, leastId, now], ...slice },
    tallySql: { values: [...range, size, 0, 1, 1], ...slice },
    tallySearchSql: { values: [...range, 1, ...conditions, size, 0, 1, 1], ...slice },
    countGroupsSql: { values: [...all, ...ever], ...counted },
    countLargeGroupsSql: {
      values: [['SUCCESS'], ['kind_1'], ['default'], [1_000], ...ever],
      most: 1_000 + few,
      because: 'counts as many as are asked for'
    },
    estimateStatesSql: { values: [['SUCCESS', 'FAILURE'], ...ever] },
    countScheduledSql: { values: [...ever, size], most: size + few, because: 'counts as many as are asked for' }
  }
}

function ofVideosAndErrors(): Record<string, Line> {
  const now = Date.now()
  return {
    searchVideosToOlderSql: {
      values: [...toOlder, ...ever, 100, '%film%', null, [], 51, null],
      most: 100 * 12,
      because: 'a slice of 100, with task and prints of each film'
    },
    searchVideosToNewerSql: {
      values: [...toNewer, ...ever, 100, '%film%', null, [], 51, null],
      most: 100 * 12,
      because: 'a slice of 100, with task and prints of each film'
    },
    groupErrorsSql: {
      values: [new Date(now - 24 * hour).toISOString(), null, [], 50],
      most: 11_000,
      because: 'the newest 10,000 failures at most'
    },
    failuresAlikeSql: {
      values: [new Date(now - 24 * hour).toISOString(), null, [], 50, 'x'],
      most: 11_000,
      because: 'the newest 10,000 failures at most'
    }
  }
}

function ofTasks({ finished, waiting, delayed, running, backlog }: Sample): Record<string, Line> {
  const task = {
    id: '01980000-0000-7000-8000-00000000000a',
    task: 'add',
    queue: 'default',
    args: {},
    max_retries: 0,
    retry_delay: 0,
    retry_backoff: false,
    retry_backoff_max: 0,
    retry_jitter: false,
    result_expires: 60,
    priority: 0
  }
  return {
    findEditsSql: { values: [new Date().toISOString()] },
    enqueueSql: { values: [json(task)] },
    enqueueAndWakeSql: { values: [json(task)] },
    readPageSql: { values: [[finished, waiting, running], 8 * 1024 * 1024] },
    findTasksSql: { values: [[finished, waiting, running]] },
    readHistoriesSql: { values: [[finished], [0]] },
    readTimelineSql: { values: [finished] },
    markEventsSql: {},
    findMissedSql: {
      values: [0],
      most: Number.POSITIVE_INFINITY,
      because: 'all entries of the index of events, within 5 s, after a lost connection; see src/tasks/read/missed.ts'
    },
    requestCancelSql: { values: [waiting] },
    revokeTaskSql: { values: [waiting, 'no'] },
    requestChangeSql: { values: [delayed, { priority: 9 }] },
    requestRetrySql: { values: [finished] },
    lockJobOfTaskSql: { values: [finished] },
    lockTaskSql: { values: [finished] },
    dropDeadlineSql: { values: [waiting] },
    forgetJobSql: { values: ['default', finished] },
    forgetTaskSql: { values: [finished] },
    whySql: { values: [waiting], most: 1_001 + few, because: 'counts up to 1,001 tasks before it' },
    oldestOfKindSql: { values: ['kind_1'], because: 'each combination of state, kind and queue' },
    listQueuesSql: { most: 2 * backlog + 2_500, because: 'counts what waits, and what came and ended within a minute' },
    requestPauseSql: { values: ['media', 'me', null, null] },
    countWaitingSql: { values: ['media'], most: 1_000_000, because: 'all that wait in the queue' },
    purgeQueueSql: { values: ['media', 100], most: 2_000, because: 'as many as it revokes at a time, 100 here' }
  }
}

function ofUpkeep({ finished, waiting, backlog }: Sample): Record<string, Line> {
  const batch = 500
  return {
    removeKeysSql: {},
    removeResultsSql: { values: ['default', '2000-01-01'] },
    listFinishedGroupsSql: { because: 'each combination of state, kind and queue' },
    findOldSql: { values: ['SUCCESS', 'kind_1', 'default', 86_400 * 365, '-infinity', leastId] },
    forgetOldJobsSql: { values: ['default', [finished]] },
    forgetTasksSql: { values: [[finished], ['FAILURE']] },
    removeLogsSql: {},
    findAstraySql: {
      values: ['-infinity', leastId],
      most: 6 * backlog + 1_000,
      because: 'up to 1,000 unfinished ones of each kind, with their jobs'
    },
    endAstraySql: { values: [[waiting], ['PENDING'], [0]] },
    expireSql: { most: 5 * batch, because: `up to ${batch} that are due` },
    promoteSql: { most: 5 * batch, because: `up to ${batch} that are due` },
    revokeHomelessSql: {},
    revokeJoblessSql: { most: 6 * backlog + 1_000, because: 'unfinished ones that are older than their queue' },
    unknownKindsSql: { most: 2 * backlog + 1_000, because: 'counts up to 1,001 of each kind that no worker knows' },
    findTroubledSchedulesSql: {}
  }
}

function ofFilms({ film, upload, lease }: Sample): Record<string, Line> {
  return {
    publishRungsSql: { values: [['480p', '720p', '1080p']], whole: ['rungs'], because: 'all of the five' },
    createUploadSql: { values: [noId, 'a.mp4', '', 10, null, 60, null] },
    findUploadSql: { values: [upload] },
    takeUploadSql: { values: [upload, lease, 0] },
    renewUploadSql: { values: [upload, lease, 60] },
    advanceUploadSql: { values: [upload, lease, 60, 1] },
    leaveUploadSql: { values: [upload, lease, 60, 1, null] },
    restartUploadSql: { values: [upload, lease] },
    finishUploadSql: { values: [film, lease, 1] },
    deleteUploadSql: { values: [upload] },
    expireUploadsSql: {},
    knowsUploadSql: { values: [upload] },
    findFilmPlaybackSql: { values: [film] },
    setPlaybackSql: { values: [film, 'public'] },
    beginPartsSql: { planless: 'a function, of one film' },
    endPartSql: { planless: 'a function, of one film' },
    endJoinSql: { planless: 'a function, of one film' },
    carryProgressSql: { planless: 'a function, of the films that a worker makes' },
    forgetPlansSql: {},
    expireOriginalsSql: { values: [86_400 * 365] },
    findExpiredOriginalsSql: {},
    findPlaybackSql: { values: [film, '0'] },
    revokePlaybackSql: { values: [film] }
  }
}

function ofSchedules({ schedule }: Sample): Record<string, Line> {
  const each = { most: 3_000, because: 'each schedule, once a minute at most', whole: ['schedules'] }
  const occurrence = json({
    schedule_id: schedule,
    due_at: new Date(),
    outcome: 'skipped',
    reason: 'missed',
    manual: false,
    count: 1
  })
  return {
    zoneVersionsSql: { ...each },
    findUnarmedSql: {},
    markArmedSql: { values: [[schedule]] },
    forgetAlarmsSql: { ...each },
    restoreDueQueueSql: {},
    findStaleSql: { ...each, whole: [] },
    findUndeclaredSql: { ...each, whole: [] },
    lookSql: { values: [[]] },
    lockDueSql: { values: [200, [], null] },
    advanceSchedulesSql: {
      values: [json({ id: schedule, next_run_at: null, last_task_id: null, made: 0, skipped: 0 }), '2025b']
    },
    lockQueuesSql: {},
    lockOneDueSql: { values: [schedule] },
    findDueSql: { values: [[], 200] },
    findUnplannedSql: {},
    keepPlansSql: { values: [json({ id: schedule, next_run_at: null }), '2025b'] },
    replanSql: { values: ['2025a'], ...each },
    replanOneSql: { values: [schedule] },
    removeOccurrencesSql: { values: [noId] },
    countRunsSql: { values: [schedule, noId, 1] },
    removeOldOccurrencesSql: { values: [86_400 * 365] },
    insertOccurrencesSql: { values: [occurrence] },
    refireOccurrencesSql: { values: [json({ schedule_id: schedule, due_at: new Date(), task_id: noId })] }
  }
}

function ofBulk(): Record<string, Line> {
  const batch = 1_000
  return {
    insertBulkSql: {
      values: [noId, 'retry', json(), null, null, 1, true, null, '01980000-0000-7000-8000-00000000000d', null, json()]
    },
    listBulkSql: { values: [...toOlder, 51, null] },
    listBulkBackSql: { values: [...toNewer, 51, null] },
    findBulkSql: { values: [noId] },
    abortBulkSql: { values: [noId] },
    beginBulkSql: { values: [noId] },
    finishBulkSql: { values: [noId] },
    nextItemsSql: { values: [noId, leastId, 1000] },
    lockBulkSql: { values: [noId] },
    bulkStepSql: { values: [noId, [], ...toNewer] },
    noteForgottenSql: { values: [noId, 0, ...toNewer] },
    removeOldItemsSql: { values: [3_600], most: 4 * batch, because: `up to ${batch} that are old` },
    removeOldOperationsSql: { values: [3_600], most: 2 * batch, because: `up to ${batch} that are old` },
    forgetJobsSql: { values: [[noId]] }
  }
}

function ofProblems(): Record<string, Line> {
  const silence = [noId, 'disk_low', null, null, new Date(Date.now() + hour), null, null]
  return {
    runningVersionsSql: {},
    failingKindsSql: { most: 2_000, because: 'the minutes of a quarter of an hour, and the hours of a day' },
    openProblemsSql: {},
    standingProblemsSql: { most: 2_000, because: 'those of the last hour' },
    writeProblemsSql: { values: [json()] },
    forgetProblemsSql: { values: [[noId]] },
    tellProblemsSql: { values: [json({ id: noId, type: 'problem.opened', more: {} })] },
    expireProblemsSql: { values: [3_600], most: 500, because: 'up to 100 that are old' },
    activeSilencesSql: {},
    listSilencesSql: {},
    addSilenceSql: { values: silence },
    takeProblemTurnSql: { values: [noId] },
    keepProblemTurnSql: { values: [noId, 10] },
    leaveProblemTurnSql: { values: [noId] }
  }
}

function ofWebhooks({ webhook, message }: Sample): Record<string, Line> {
  const lease = '01980000-0000-7000-8000-00000000000c'
  const told = { id: message, at: new Date(), ms: 1, status: 204, delivered: true, delay: null }
  const batch = 1_000
  return {
    anyWebhookSql: {},
    findTroubledWebhooksSql: {},
    findWebhookIdSql: { values: [webhook] },
    claimMessagesSql: { values: [[], [], 4, 512, lease, null] },
    nextDueSql: {},
    isNeededSql: { values: [['problem.opened']] },
    giveMessagesBackSql: { values: [[message], lease] },
    settleMessagesSql: { values: [json(told), lease] },
    judgeWebhooksSql: { values: [json({ id: webhook, failures: 1, succeeded: false, gone: false })] },
    replaySql: {
      values: [webhook, '2000-01-01', null, true],
      most: 40_000,
      because: 'up to 10,000 that are sent again'
    },
    replayOneSql: { values: [webhook, message] },
    sendTestSql: { values: [webhook, lease] },
    removeOldMessagesSql: { values: [3_600], most: 4 * batch, because: `up to ${batch} that are old` },
    removeMessagesOfNoneSql: {}
  }
}

function ofTheAudit(): Record<string, Line> {
  const act = ['anonymous', null, null, '127.0.0.1', 'request', 'queue.pause', 'queue', 'media', 'done', {}]
  return {
    recordActSql: { values: act },
    sealAuditSql: {},
    expireAuditSql: { values: [34_560_000] },
    checkAuditSql: { values: [1_000] }
  }
}

function ofCharts({ backlog }: Sample): Record<string, Line> {
  const until = new Date(Math.floor(Date.now() / hour) * hour)
  const from = new Date(until.getTime() - hour)
  const chart = [from.toISOString(), until.toISOString(), 60, 'queue', false, []]
  const hourOfRows = { most: 2_000, because: 'the minutes of an hour' }
  return {
    foldSql: { values: [0] },
    readGaugesSql: { most: 2 * backlog + 1_000, because: 'counts what waits' },
    finishedHoursSql: {},
    sumHourSql: { values: [from.toISOString()], ...hourOfRows },
    sumQueueHourSql: { values: [from.toISOString()], ...hourOfRows },
    removeMinutesSql: { values: [from.toISOString()], ...hourOfRows },
    removeQueueMinutesSql: { values: [from.toISOString()], ...hourOfRows },
    removeOldHoursSql: { values: [86_400 * 365] },
    removeOldQueueHoursSql: { values: [86_400 * 365] },
    sampleSql: { most: 2 * backlog + 1_000, because: 'counts what waits' },
    seriesOfCountsSql: { values: chart, ...hourOfRows },
    seriesOfPercentilesSql: { values: [...chart, ['wait_p95']], ...hourOfRows },
    seriesOfDepthsSql: { values: chart.slice(0, 5), ...hourOfRows },
    writeMinutesSql: {
      values: [
        json({
          minute: new Date(),
          task: 'kind_1',
          queue: 'default',
          started: 1,
          succeeded: 1,
          failed: 0,
          retried: 0,
          wait_hist: [1],
          run_hist: [1]
        })
      ]
    }
  }
}
