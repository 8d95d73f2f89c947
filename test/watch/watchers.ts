import type { AddressInfo } from 'node:net'
import Fastify from 'fastify'
import type { Test } from 'tap'
import { identifyPrincipals } from '../../src/http/doors/gate/principal.ts'
import { type WatchNeeds, watchRoutes } from '../../src/watch/routes.ts'
import { socketLimits } from '../../src/watch/sockets/connection.ts'
import { streamLimits } from '../../src/watch/streams/open-streams.ts'
import type { Service } from '../harness/service.ts'

/** The routes alone, with shorter limits than those of a server. */
export async function openWatchers(
  t: Test,
  { db, api }: Pick<Service, 'db' | 'api'>,
  limits: { sockets?: Partial<typeof socketLimits>; streams?: Partial<typeof streamLimits> }
) {
  const app = Fastify({ forceCloseConnections: 'idle' })
  identifyPrincipals(app, { isOpen: () => true, hold: () => () => {} })
  await app.register(watchRoutes, {
    db,
    reads: db,
    watching: api.watching,
    socketLimits: { ...socketLimits, ...limits.sockets },
    streamLimits: { ...streamLimits, ...limits.streams },
    logLimits: { ...streamLimits, every: 20, ...limits.streams }
  } satisfies WatchNeeds)
  await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  const connections = () =>
    new Promise<number>((resolve, reject) =>
      app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
    )
  return { connections, address: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}` }
}
