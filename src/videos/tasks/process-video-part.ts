import { type Static, Type } from 'typebox'
import { sayEncoded } from '#metrics/encoded.ts'
import { isUuid } from '#schema/common.ts'
import { type Context, defineTask } from '#tasks/define.ts'
import { tokenOf } from '../hls-keys.ts'
import { attemptName, originalOf, prefixOf, printsOf } from '../keys.ts'
import { meaningOf, type ProcessVideoNeeds, timeLimit } from './process-video.ts'

const Uuid = Type.String({ format: 'uuid' })
const Token = Type.String({ pattern: '^[0-9a-f]{12}-\\d{1,9}$' })
const Args = Type.Object(
  {
    video_id: Uuid,
    film: Type.Object(
      { task_id: Uuid, attempt: Type.Integer({ minimum: 1 }) },
      { additionalProperties: false, description: 'The attempt that made the plan, and whose files these are' }
    ),
    role: Type.Enum(['picture', 'sound', 'join']),
    number: Type.Integer({ minimum: 0, maximum: 1000 }),
    sound: Type.Optional(Token),
    made: Type.Optional(Type.Array(Token, { maxItems: 1000 }))
  },
  { additionalProperties: false }
)

/**
 * A part of a long film: a stretch of its picture, its sound, or the join of all parts. Which parts there are, and when
 * each may begin, is in the database (migrations/0017_film_parts.sql): the transaction that ends one submits the next, and
 * that of the last one ends the film's own task. No worker runs that task meanwhile, so even a single child makes a film,
 * and a worker that ends loses the parts in its hands and nothing else.
 */
export function processVideoPart(needs: ProcessVideoNeeds) {
  const { store, workspaces } = needs
  return defineTask({
    name: 'process_video_part',
    description: 'Makes a part of a long video: a stretch of its picture, its sound, or the join of its parts.',
    queue: 'media',
    args: Args,
    time_limit: timeLimit,
    max_retries: 2,
    retry_delay: 5,

    async run(args, context) {
      return processPart(needs, args, context).catch(error => {
        throw meaningOf(store, error, context.log)
      })
    },

    async record(trx, { id, args: { video_id } }, result) {
      const { endJoin, endPart } = await import('../parts/queries.ts')
      if (!('set' in result)) {
        await endPart(trx, id, result)
        return async () => void ('encoded' in result && result.encoded && sayEncoded(result.encoded))
      }
      const ended = await endJoin(trx, id, result.set)
      if (!ended) return undefined
      const { recordPrintSet } = await import('../queries.ts')
      const folder = printsOf(video_id, ended.task_id, ended.attempt)
      const { renditions, skipped, extras, probe, hls } = result.set
      const set = { video: video_id, task: ended.task_id, attempt: ended.attempt, folder }
      const replaced = await recordPrintSet(trx, { ...set, renditions, skipped, extras, probe, hls })
      return async () => {
        if (replaced === 'gone') return store.remove(prefixOf(video_id))
        if (replaced) await store.remove(printsOf(video_id, replaced.task, replaced.attempt))
        const { partsIn } = await import('../parts/film-plan.ts')
        await store.remove(partsIn(folder))
      }
    },

    async reported(pool, ids) {
      const { carryProgress } = await import('../parts/queries.ts')
      return carryProgress(pool, ids)
    },

    async discard({ id, attempt, args: { video_id } }) {
      if (isUuid(video_id)) await workspaces.remove(attemptName(id, attempt))
    }
  })
}

async function processPart(
  { store, workspaces, tools, budget }: ProcessVideoNeeds,
  { video_id, film, role, number, sound, made = [] }: Static<typeof Args>,
  { id, attempt, signal, progress, log }: Context
) {
  const { makePicture, makeSoundPart, joinFilm, limitSpace } = await media()
  await using opened = new AsyncDisposableStack()
  const { path: original, release } = await store.borrow(originalOf(video_id))
  opened.defer(release)
  const workspace = await workspaces.open(attemptName(id, attempt))
  opened.defer(workspace.remove)
  const folder = printsOf(video_id, film.task_id, film.attempt)
  const place = { store, original, workspace: workspace.path, folder, token: tokenOf(id, attempt) }
  using space = limitSpace(workspace.path, budget.temporaryBytes, signal)
  const work = { tools: await tools(), signal: space.signal, progress, log }
  if (role === 'sound') return await makeSoundPart(place, work)
  if (role === 'picture') return await makePicture(place, number, sound, work)
  const set = await joinFilm(place, made, work)
  return 'alone' in set ? set : { made: place.token, set: { video_id, ...set, reused: false } }
}

/** As in process-video.ts: loaded with the first film. */
async function media() {
  const [{ makePicture, makeSoundPart }, { joinFilm }, { limitSpace }] = await Promise.all([
    import('../parts/make-part.ts'),
    import('../parts/join-film.ts'),
    import('#media/space.ts')
  ])
  return { makePicture, makeSoundPart, joinFilm, limitSpace }
}
