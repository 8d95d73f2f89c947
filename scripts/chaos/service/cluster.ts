import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { findPostmaster } from '#database/embedded/postmaster.ts'
import { openEmbedded } from '#database/embedded.ts'
import { send } from './processes.ts'

export interface Cluster {
  url: string
  /** Queries the database over a connection of its own; undefined when that fails. */
  ask<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[] | undefined>
  /** The same, repeated for half a minute until it succeeds. */
  insist<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>
  /** The same from the database `postgres`, which lets connections in while `darkroom` refuses them. */
  besides(text: string, values?: unknown[]): Promise<unknown[]>
  /** Sends the running postmaster a signal; the embedded cluster restarts it. */
  hit(signal: NodeJS.Signals): Promise<number | undefined>
  stop(): Promise<void>
}

interface Options {
  folder: string
  durable: boolean
  say(line: string): void
}

/** An embedded Postgres as in `scripts/server`: when it is killed, it restarts on the same data and port. */
export async function openCluster({ folder, durable, say }: Options): Promise<Cluster> {
  const dataDir = path.join(folder, 'data')
  const embedded = await openEmbedded({ dataDir, durable, log: say })
  const postgres = new URL(embedded.url)
  postgres.pathname = '/postgres'

  async function once<Row extends pg.QueryResultRow>(url: string, text: string, values: unknown[]) {
    const client = new pg.Client({
      connectionString: url,
      application_name: 'chaos',
      connectionTimeoutMillis: 5_000,
      options: '-c statement_timeout=60s -c timezone=UTC'
    })
    client.on('error', () => {})
    try {
      await client.connect()
      return (await client.query<Row>(text, values)).rows
    } finally {
      void client.end().catch(() => {})
    }
  }

  async function patiently<Row extends pg.QueryResultRow>(url: string, text: string, values: unknown[]) {
    for (let tries = 150; ; tries--) {
      try {
        return await once<Row>(url, text, values)
      } catch (error) {
        if (tries === 0) throw error
        await delay(200)
      }
    }
  }

  return {
    url: embedded.url,
    ask: (text, values = []) => once<any>(embedded.url, text, values).catch(() => undefined),
    insist: (text, values = []) => patiently<any>(embedded.url, text, values),
    besides: (text, values = []) => patiently(postgres.href, text, values),
    async hit(signal) {
      const running = await findPostmaster(dataDir)
      return send(running?.pid, signal) ? running?.pid : undefined
    },
    stop: embedded.stop
  }
}
