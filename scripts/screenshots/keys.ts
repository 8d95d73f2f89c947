import pg from 'pg'

const others = [
  { name: 'shop', preset: 'submitter', limits: { kinds: ['report'], max_pending: 100 } },
  { name: 'grafana', preset: 'scraper', expires_at: null },
  { name: 'night shift', preset: 'operator', limits: { networks: ['10.1.0.0/16'] } },
  { name: 'old importer', scopes: ['submit', 'read'] }
]

/** Keys of an ordinary service, which is closed from now on. Returns that of the administrator. */
export async function seedKeys(address: string, url: string): Promise<string> {
  let admin: string | undefined
  const send = async (method: string, path: string, body?: object) => {
    const headers = {
      ...(body && { 'content-type': 'application/json' }),
      ...(admin && { authorization: `Bearer ${admin}` })
    }
    const answer = await fetch(address + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`)
    return answer.status === 204 ? undefined : ((await answer.json()) as any)
  }
  admin = (await send('POST', '/api/keys', { name: 'anna', preset: 'admin' })).key as string
  const soon = new Date(Date.now() + 4 * 86_400_000).toISOString()
  const made = []
  for (const key of others) made.push(await send('POST', '/api/keys', { expires_at: soon, ...key }))
  await send('DELETE', `/api/keys/${made.at(-1).id}`)

  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(
    `update darkroom.api_keys set last_used_at = now() - random() * interval '3 hours' where name <> 'shop'`
  )
  await client.end()
  return admin
}
