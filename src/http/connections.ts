import { connect, throughIndexes } from '#database/connect.ts'

// Connections in the pool; the default of Postgres is 100 for all processes together.
const connections = 16
// For lists, counts and charts: a wall of dashboards waits for itself, and not submissions for it.
const connectionsToRead = 4
// An open psql transaction may hold a row for an hour. Requests that wait for it must not use up the connections.
const settings = { ...throughIndexes, lock_timeout: '3s' }

/** An API's connections, opened on demand. */
export function openConnections(url: string) {
  return {
    db: connect(url, { name: 'darkroom api', max: connections, settings }),
    reads: connect(url, {
      name: 'darkroom api reads',
      max: connectionsToRead,
      settings: { ...settings, statement_timeout: '10s' }
    })
  }
}
