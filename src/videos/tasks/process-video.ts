import { type Static, Type } from 'typebox'
import type { MediaTools } from '#media/binaries.ts'
import type { Budget } from '#media/plan/budget.ts'
import { MediaRejected } from '#media/rejected.ts'
import { sayEncoded } from '#metrics/encoded.ts'
import { isUuid } from '#schema/common.ts'
import { NotStored, type Store } from '#storage/store.ts'
import type { Workspaces } from '#storage/workspace.ts'
import { type Context, defineTask, GiveUp, StoreOutage } from '#tasks/define.ts'
import { tokenOf } from '../hls-keys.ts'
import { attemptName, originalOf, prefixOf, printsOf } from '../keys.ts'
import { type Style, StyleArgs } from '../style.ts'

export interface ProcessVideoNeeds {
  store: Store
  workspaces: Workspaces
  /** Names of the prints that films get. */
  rungs: string[]
  /** What a task does not say of its own. */
  style: Style
  /** Found when the first film comes: a server without ffmpeg still runs every other kind. */
  tools(): Promise<MediaTools>
  budget: Budget
}

// A film may take hours; nothing that takes a day will ever end.
export const timeLimit = 23 * 60 * 60

const mostLines = 20

const Uuid = Type.String({ format: 'uuid' })
const Args = Type.Object(
  {
    video_id: Uuid,
    prints_of: Type.Optional(
      Type.Object(
        { video_id: Uuid, task_id: Uuid, attempt: Type.Integer({ minimum: 1 }) },
        { additionalProperties: false, description: 'An attempt whose prints to take if they are of the same bytes' }
      )
    ),
    only: Type.Optional(
      Type.Array(Type.String({ pattern: '^\\d{1,4}p(\\.(hevc|vp9|av1))?$' }), {
        minItems: 1,
        maxItems: 10,
        description: 'Names of the prints to make; the others of `beside` are kept'
      })
    ),
    beside: Type.Optional(
      Type.Object(
        { task_id: Uuid, attempt: Type.Integer({ minimum: 1 }) },
        { additionalProperties: false, description: 'The attempt that made the prints which the film has' }
      )
    ),
    parts: Type.Optional(
      Type.Boolean({ description: 'false: a long film is made in one run, too, and not in parts', default: true })
    ),
    ...StyleArgs
  },
  { additionalProperties: false }
)

export function processVideo(needs: ProcessVideoNeeds) {
  const { store, workspaces } = needs
  return defineTask({
    name: 'process_video',
    description:
      'Makes the 480p, 720p and 1080p prints of an uploaded video, streams of them (HLS), its pictures and its subtitles.',
    queue: 'media',
    args: Args,
    time_limit: timeLimit,
    max_retries: 2,
    retry_delay: 5,

    async run(args, context) {
      return processFilm(needs, args, context).catch(error => {
        throw meaningOf(store, error, context.log)
      })
    },

    // A long film: its parts go on with it, and the last of them ends it.
    goesOn: result => 'handed' in result && result.handed !== undefined,

    async record(trx, { id, attempt, worker, args: { video_id, parts } }, result) {
      if ('handed' in result && result.handed !== undefined) {
        const { beginParts } = await import('../parts/queries.ts')
        const used = await beginParts(trx, { video: video_id, task: id, attempt, worker }, result.handed)
        return async () => {
          if (used !== attempt) await store.remove(printsOf(video_id, id, attempt))
        }
      }
      const { renditions, skipped, extras, probe, hls } = result
      const { recordPrintSet } = await import('../queries.ts')
      const folder = printsOf(video_id, id, attempt)
      const set = { video: video_id, task: id, attempt, folder, renditions, skipped, extras, probe, hls }
      const replaced = await recordPrintSet(trx, set)
      return async () => {
        if ('encoded' in result) for (const each of result.encoded) sayEncoded(each)
        if (replaced === 'gone') await store.remove(prefixOf(video_id))
        else if (replaced) await store.remove(printsOf(video_id, replaced.task, replaced.attempt))
        // What its parts had made before one of them showed that the film has to be made in one run.
        if (parts === false) for (let each = 1; each < attempt; each++) await store.remove(printsOf(video_id, id, each))
      }
    },

    async discard({ id, attempt, args: { video_id } }) {
      await workspaces.remove(attemptName(id, attempt))
      // A DBA may have written any arguments.
      if (isUuid(video_id)) await store.remove(printsOf(video_id, id, attempt))
    }
  })
}

/** Takes the prints of the same bytes, plans parts, or makes all that belongs to the film. */
async function processFilm(
  { store, workspaces, tools, budget, rungs, style: usual }: ProcessVideoNeeds,
  { video_id, prints_of: like, only, beside, parts = true, ...own }: Static<typeof Args>,
  { id, attempt, signal, progress, log }: Context
) {
  const { makeSet, planParts, reuseSet, surveyFilm } = await media()
  const style = { ...usual, ...own }
  await using opened = new AsyncDisposableStack()
  const { path: original, release } = await store.borrow(originalOf(video_id))
  opened.defer(release)
  const folder = printsOf(video_id, id, attempt)
  const from = like && printsOf(like.video_id, like.task_id, like.attempt)
  const same = from && (await reuseSet({ store, original, from, folder, rungs, style, signal }))
  if (same) return { video_id, ...same, reused: true }

  const workspace = await workspaces.open(attemptName(id, attempt))
  opened.defer(workspace.remove)
  const before = only && beside ? printsOf(video_id, beside.task_id, beside.attempt) : undefined
  const place = { store, original, folder, workspace: workspace.path, before, token: tokenOf(id, attempt) }
  const wishes = { rungs, only, style, budget }
  const work = { tools: await tools(), signal, progress, log }
  const survey = await surveyFilm(place, wishes, work)
  const handed = parts ? await planParts(place, wishes, survey, work) : undefined
  if (handed) return { video_id, handed }
  const set = await makeSet(place, wishes, work, survey)
  return { video_id, ...set, reused: false }
}

/**
 * Tells an outage of the store, and a failure that another attempt would repeat, from one that may be retried. Clients
 * see the thrown error; paths are for the log.
 */
export function meaningOf(store: Store, error: unknown, log: (line: string) => void) {
  for (const line of lastLines(error)) log(line)
  // ffmpeg's failures to write have the same codes; see media/disk-failed.ts.
  const [isFull, isAway] = [store.isFull(error), store.isAway(error)]
  if (isFull || isAway) {
    const { code, message } = error as Error & { code: string }
    log(`the store in ${store.place} is ${isFull ? 'full' : 'away'}: ${message}`)
    return isFull
      ? new StoreOutage('StorageFull', 'The store of the films has no space left', { cause: error })
      : new StoreOutage('StorageUnavailable', `The store of the films cannot be used (${code})`, { cause: error })
  }
  if (error instanceof MediaRejected) {
    log(`refused: ${JSON.stringify({ reason: error.code, ...error.evidence })}`)
    return new GiveUp(error.message, error.code, { cause: error })
  }
  if (error instanceof NotStored) {
    return new GiveUp(
      'There is no original of that video: it does not exist, or ORIGINAL_EXPIRES removed its original',
      'VideoNotFound',
      { cause: error }
    )
  }
  return error
}

/** What ffmpeg said last, for the log of the attempt. */
function lastLines(error: unknown) {
  const { stderr } = (error ?? {}) as { stderr?: unknown }
  return typeof stderr === 'string' ? stderr.trim().split('\n').slice(-mostLines) : []
}

/**
 * Loaded with the first film, and the queries with the first recording: every child process knows this kind, few ever
 * run it, and none of them uses the database. It saves each child 30 MiB and half of its start.
 */
async function media() {
  const [{ makeSet, surveyFilm }, { reuseSet }, { planParts }] = await Promise.all([
    import('../make/make-set.ts'),
    import('../make/print-set.ts'),
    import('../parts/film-plan.ts')
  ])
  return { makeSet, surveyFilm, reuseSet, planParts }
}
