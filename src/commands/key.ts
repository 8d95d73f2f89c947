import { parseArgs } from 'node:util'
import { presetNames } from '#access/scopes.ts'
import { byCommand } from '#audit/by.ts'
import type { Config } from '#config.ts'
import { connect, type Database } from '#database/connect.ts'
import { isOutage } from '#database/outage.ts'
import { createKey, listKeys, revokeKey, rotateKey } from '#keys/acts.ts'
import { type KeyBody, NewKey } from '#keys/schemas.ts'
import { checkOf } from '#schema/check.ts'
import { migrate } from '../migrate.ts'
import { withDatabase } from './database.ts'

const usage = `darkroom key: make, list and end keys of the API, in the database itself

  key create --preset ${presetNames.join('|')} [--name NAME] [--scopes a,b] [--limits JSON] [--expires DAYS]
  key list
  key rotate ID [--overlap SECONDS]
  key revoke ID

  --json    one JSON document instead of text

A new key is printed once, to stdout. The first one closes a service that was open on its own machine.`

const options = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  name: { type: 'string' },
  preset: { type: 'string' },
  scopes: { type: 'string' },
  limits: { type: 'string' },
  expires: { type: 'string' },
  overlap: { type: 'string' }
} as const

interface Said {
  json: boolean
  values: Partial<Record<'name' | 'preset' | 'scopes' | 'limits' | 'expires' | 'overlap', string>>
  id: string | undefined
}

/** A mistake on the command line. */
class Misused extends Error {}

const acts: Record<string, (db: Database, said: Said) => Promise<void>> = {
  async create({ query }, { values, json }) {
    const said = newKeyOf(values)
    const problems = checkOf(NewKey)(said)
    if (problems.length > 0) throw new Misused(problems.map(({ field, message }) => `${field} ${message}`).join('; '))
    print(await query.transaction().execute(trx => createKey(trx, said, byCommand())), json)
  },
  async list({ query }, { json }) {
    const items = await listKeys(query, 1000)
    console.log(json ? JSON.stringify({ items }, null, 2) : table(items))
  },
  async rotate({ query }, { id, values, json }) {
    const overlap = numberOf('overlap', values.overlap ?? '86400', 31_536_000)
    print(await query.transaction().execute(trx => rotateKey(trx, mustName(id), overlap, byCommand())), json)
  },
  async revoke({ query }, { id, json }) {
    const key = await query.transaction().execute(trx => revokeKey(trx, mustName(id), byCommand()))
    console.log(json ? JSON.stringify(key, null, 2) : `${key.id} (${key.name}) is revoked`)
  }
}

/** Returns the exit code: 1 refused or failed, 2 wrong use, 3 the database does not answer. */
export async function runKey(config: Config, [name = '--help', ...args]: string[]): Promise<number> {
  try {
    if (name === '--help' || name === '-h') return show(usage)
    const act = Object.hasOwn(acts, name) ? acts[name] : undefined
    if (!act) throw new Misused(`there is no "key ${name}"`)
    const { values, positionals } = parse(args)
    if (values.help) return show(usage)
    if (positionals.length > 1) throw new Misused(`unexpected argument "${positionals[1]}"`)
    const said = { values, json: values.json === true, id: positionals[0] }
    return await withDatabase(config, { mayCreate: name === 'create' }, async ({ url }) => {
      if (name === 'create') await migrate(url, [], message => console.error(message))
      const db = connect(url, { name: 'darkroom key', max: 1 })
      try {
        await act(db, said)
      } finally {
        await db.close()
      }
    })
  } catch (error) {
    console.error((error as Error).message)
    if (error instanceof Misused) return 2
    return isOutage(error) ? 3 : 1
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    throw new Misused((error as Error).message)
  }
}

function newKeyOf({ name, preset, scopes, limits, expires }: Said['values']): NewKey {
  const days = expires === undefined ? undefined : numberOf('expires', expires, 365)
  return {
    name: name ?? preset ?? 'key',
    ...(preset !== undefined && { preset: preset as NewKey['preset'] }),
    ...(scopes !== undefined && { scopes: scopes.split(',') as NewKey['scopes'] }),
    ...(limits !== undefined && { limits: jsonOf(limits) }),
    ...(days !== undefined && { expires_at: new Date(Date.now() + days * 86_400_000).toISOString() })
  } as NewKey
}

function jsonOf(text: string) {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Misused(`--limits is not JSON: ${(error as Error).message}`)
  }
}

function numberOf(option: string, text: string, most: number) {
  const number = Number(text)
  if (!(number >= 0 && number <= most)) throw new Misused(`--${option} must be a number up to ${most}, not "${text}"`)
  return number
}

function mustName(id: string | undefined) {
  if (id === undefined) throw new Misused('name the id of a key, which "key list" shows')
  return id
}

/** The key alone, so that a script can take it; the rest is for people. */
function print(key: KeyBody & { key: string }, json: boolean) {
  if (json) return console.log(JSON.stringify(key, null, 2))
  console.error(`The key ${key.id} (${key.name}: ${key.scopes.join(', ')}); it is not shown again:`)
  console.log(key.key)
}

function table(items: KeyBody[]) {
  const rows = items.map(({ id, name, scopes, status, created_at, expires_at, last_used_at }) => [
    id,
    status,
    name,
    scopes.join(','),
    ...[created_at, expires_at, last_used_at].map(time => time?.toISOString().slice(0, 16) ?? '-')
  ])
  const lines = [['ID', 'STATUS', 'NAME', 'SCOPES', 'CREATED', 'EXPIRES', 'LAST USED'], ...rows]
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map(line => line[column]!.length)))
  return lines
    .map(line =>
      line
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd()
    )
    .join('\n')
}

function show(text: string) {
  console.log(text)
  return 0
}
