import type { FastifyPluginAsync } from 'fastify'
import type { Database } from '#database/connect.ts'
import { currentProblems } from '#doctor/current.ts'
import { CrossSite, RouteNotFound, TooManyOpen } from '#errors.ts'
import { listQueues } from '#queues/queries.ts'
import { keyed, problems } from '#schema/problems.ts'
import type { CountTasks } from '#tasks/counts/counter.ts'
import { internalKinds } from '#tasks/internal.ts'
import { findTasks } from '#tasks/read/find.ts'
import type { Watching } from '#tasks/read/watch.ts'
import { listVideos } from '#videos/read/list.ts'
import { presentStatus } from '#videos/read/present.ts'
import type { Socket } from '#watch/sockets/connection.ts'
import type { Sockets } from '#watch/sockets/sockets.ts'
import { listWorkers } from '#workers/list.ts'
import { editsSince } from './edits.ts'
import { feed, liveLimits } from './feed.ts'
import { newest } from './newest.ts'
import { newsOf } from './news.ts'
import type { LiveLimits } from './outbox.ts'
import { showPage } from './page.ts'

export interface LiveNeeds {
  db: Database
  dataDir: string
  watching: Watching
  count: CountTasks
  limits?: LiveLimits
}

// Milliseconds
const often = 1_000
const seldom = 5_000

/** What the pages of a dashboard show, while they show it. */
export const liveRoutes: FastifyPluginAsync<LiveNeeds & { sockets: Sockets }> = async (
  app,
  { db, dataDir, watching, count, sockets, limits = liveLimits }
) => {
  const { pool } = db
  const news = {
    queues: newsOf({ read: () => listQueues(pool), every: often }),
    workers: newsOf({ read: () => listWorkers(pool), every: often }),
    videos: newsOf({
      read: async () => (await listVideos(db, { status: 'uploaded,processing', limit: 100 })).items.map(presentStatus),
      every: often
    }),
    problems: newsOf({ read: () => currentProblems({ pool, dataDir }), every: seldom })
  }

  const submitted = newsOf({ read: newest(db), every: often })
  const edited = newsOf({ read: editsSince(db), every: often })

  app.route({
    method: 'GET',
    url: '/ws/live',
    config: { scope: 'read', keepsOpen: 'sockets' },
    schema: {
      operationId: 'watchLive',
      summary: 'What a page shows, while it shows it (WebSocket)',
      description:
        'The client sends `{ filter, ids, topics }` whenever its view changes: the filters of the list of tasks, the ids in sight (200 at most) and any of `counts`, `queues`, `workers`, `videos`, `problems`. The answers have `now` and what has changed of that, at most 4 a second: `tasks` (those in sight, without `args` and `result`), `new` (how many others came to fit the filter), `counts` (by status), `queues`, `workers`, `videos` (status of those at work), `problems`. Closed with 4401 when the key or session ends, with 4400 after a message that does not fit, with 1013 if the client reads too slowly, if changes were missed or while the database is away, with 1001 when the API stops.',
      response: {
        101: { description: 'A WebSocket of JSON messages in both directions' },
        ...problems(...keyed, RouteNotFound, CrossSite, TooManyOpen)
      }
    },
    handler: async ({ method, originalUrl }) => {
      throw new RouteNotFound(method, originalUrl.split('?')[0])
    },
    wsHandler: (socket: Socket, request) =>
      showPage({ sockets, watching }, socket, request, ({ send, lose }) =>
        feed({
          ...{ limits, count, news, submitted, edited, internal: internalKinds },
          ...{ send, lose, read: ids => findTasks(db, ids) }
        })
      )
  })
}
