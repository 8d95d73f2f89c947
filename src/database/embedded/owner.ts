import pg from 'pg'

// "darkroom" in hexadecimal. Advisory locks are per database, so this one is taken in `postgres`.
const lock = "x'6461726b726f6f6d'::bigint"

export type Claim = { client: pg.Client } | { taken: string }

/** The process that holds this lock owns the server and may stop it. A session lock ends with its process. */
export async function claim(url: string): Promise<Claim> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `darkroom owner, process ${process.pid}`,
    connectionTimeoutMillis: 5_000,
    // Postgres needs a moment to notice the end of the previous owner.
    options: '-c lock_timeout=1000 -c idle_session_timeout=0 -c statement_timeout=0'
  })
  client.on('error', () => {}) // its end is what counts, and `end` follows

  try {
    await client.connect()
    await client.query(`select pg_advisory_lock(${lock})`)
    return { client }
  } catch (error) {
    const taken = (error as { code?: string }).code === '55P03' ? await findOwner(client) : undefined
    await client.end().catch(() => {})
    if (taken) return { taken }
    throw error
  }
}

async function findOwner(client: pg.Client) {
  const { rows } = await client.query(
    `select application_name from pg_stat_activity join pg_locks using (pid)
     where locktype = 'advisory' and granted and (classid::bigint << 32 | objid::bigint) = ${lock}`
  )
  return /process \d+/.exec(rows[0]?.application_name)?.[0] ?? 'another process'
}

/** True for errors of a server that is starting or stopping. */
export function isPassing(error: unknown) {
  const { code = '', message = '' } = error as { code?: string; message?: string }
  return (
    ['57P01', '57P02', '57P03', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(code) ||
    /terminated|timeout/.test(message)
  )
}
