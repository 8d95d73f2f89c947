import { Type } from 'typebox'
import type { MediaTools } from '#media/binaries.ts'
import { MediaRejected } from '#media/rejected.ts'
import { isUuid } from '#schema/common.ts'
import type { Storage } from '#storage/disk.ts'
import { defineTask, GiveUp } from '#tasks/define.ts'
import { attemptIn, folderOf, originalOf, printsOf, workOf } from '../keys.ts'

interface Needs {
  storage: Storage
  /** Looked for when the first film comes: a server without ffmpeg still does everything else. */
  tools(): Promise<MediaTools>
}

// A film may take hours; nothing that takes a day will ever end.
const timeLimit = 23 * 60 * 60

export function processVideo({ storage, tools }: Needs) {
  return defineTask({
    name: 'process_video',
    description: 'Makes the 480p, 720p and 1080p prints of an uploaded video.',
    queue: 'media',
    args: Type.Object({ video_id: Type.String({ format: 'uuid' }) }, { additionalProperties: false }),
    time_limit: timeLimit,
    max_retries: 2,
    retry_delay: 5,

    async run({ video_id }, { id, attempt, signal, progress }) {
      const { develop, planPrints, probe } = await media()
      const source = storage.locate(originalOf(video_id))
      const found = await tools()
      try {
        const facts = await probe(source, { tools: found, signal })
        const { prints, skipped } = planPrints(facts)
        const work = workOf(video_id, id, attempt)
        const directory = await storage.createFolder(work)
        const made = await develop({
          source,
          probe: facts,
          prints,
          directory,
          tools: found,
          signal,
          onProgress: ({ fraction, ...detail }) => progress(fraction ?? 0, detail)
        })
        await storage.publish(work, printsOf(video_id, id, attempt))
        return { video_id, renditions: made, skipped, probe: facts }
      } catch (error) {
        throw asFinal(error)
      }
    },

    async record(trx, { id, attempt, args: { video_id } }, { renditions, skipped, probe }) {
      const { recordPrints } = await import('../queries.ts')
      const prints = printsOf(video_id, id, attempt)
      const known = await recordPrints(trx, { video: video_id, task: id, prints, renditions, skipped, probe })
      return async () => {
        if (!known) return storage.remove(folderOf(video_id))
        const folders = await storage.list(folderOf(video_id))
        const old = folders
          .map(({ name }) => `${folderOf(video_id)}/${name}`)
          .filter(key => key.includes('/prints-') && key !== prints)
        for (const key of old) await storage.remove(key)
      }
    },

    async discard({ id, attempt, args: { video_id } }) {
      // The arguments may be anything that a DBA has typed.
      if (!isUuid(video_id)) return
      const folders = await storage.list(folderOf(video_id))
      for (const { name } of folders) {
        const of = attemptIn(name)
        if (of?.task === id && of.attempt === attempt) await storage.remove(`${folderOf(video_id)}/${name}`)
      }
    }
  })
}

/** What would end the same way next time is not tried again. */
function asFinal(error: unknown) {
  if (error instanceof MediaRejected) return new GiveUp(error.message, error.code, { cause: error })
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
    return new GiveUp('There is no film of that video', 'VideoNotFound', { cause: error })
  }
  return error
}

/**
 * Loaded with the first film, as the queries are with the first that is recorded: every child process knows this
 * kind, few ever run it, and none of them talks to a database. It saves each 30 MiB and half of its start.
 */
async function media() {
  const [{ develop }, { planPrints }, { probe }] = await Promise.all([
    import('#media/develop.ts'),
    import('#media/plan/ladder.ts'),
    import('#media/probe/probe.ts')
  ])
  return { develop, planPrints, probe }
}
