import pg from 'pg'
import type { Account } from './account.ts'
import { findPassword, newPassword, type Role, readPassword, roles, writePassword } from './cluster.ts'
import { EmbeddedError, PasswordError } from './error.ts'

export const database = 'darkroom'
const helper = 'darkroom_upgrade'

export async function urlFor(dataDir: string, port: number, { role = 'owner', name = database }: Target = {}) {
  return `postgres://${roles[role]}:${await readPassword(dataDir, role)}@127.0.0.1:${port}/${name}`
}

interface Target {
  role?: Role
  name?: string
}

/**
 * Creates the owner and its database: migrations create schemas, tables and partitions. And the role of API and workers,
 * which data of earlier versions does not have; migrations grant it its rights.
 */
export async function createOurs(client: pg.Client, dataDir: string, account: Account) {
  const role = client.escapeIdentifier(roles.owner)
  if (!(await exists(client, 'pg_roles where rolname', roles.owner))) {
    await client.query(`create role ${role} login password ${client.escapeLiteral(await readPassword(dataDir))}`)
  }
  const known = await findPassword(dataDir, 'app')
  const password = known ?? (await writePassword(dataDir, 'app', account))
  const isThere = await exists(client, 'pg_roles where rolname', roles.app)
  // The file may be new where the role is not: it was lost, or a start was killed between the two.
  if (!isThere || known === undefined) {
    const verb = isThere ? 'alter' : 'create'
    await client.query(`${verb} role ${roles.app} login password ${client.escapeLiteral(password)}`)
  }
  if (!(await exists(client, 'pg_database where datname', database))) {
    await client.query(`create database ${client.escapeIdentifier(database)} owner ${role}`)
  }
}

/**
 * The roles of the schema ops, which the owner may not create; and the rights to see and end sessions that hold locks on
 * our tables. Only what is missing is written.
 */
export async function createSeats(client: pg.Client) {
  for (const [role, ...statements] of [
    [
      'darkroom_reader',
      'create role darkroom_reader nologin',
      `alter role darkroom_reader set statement_timeout = '30s'`
    ],
    ['darkroom_operator', 'create role darkroom_operator nologin in role darkroom_reader']
  ] as [string, ...string[]][]) {
    if (await exists(client, 'pg_roles where rolname', role)) continue
    for (const statement of statements) await client.query(statement)
  }
  for (const [role, right] of [
    [roles.owner, 'pg_read_all_stats'],
    [roles.owner, 'pg_signal_backend'],
    [roles.app, 'pg_read_all_stats']
  ]) {
    const { rows } = await client.query(`select pg_has_role('${role}', '${right}', 'member') as has`)
    if (!rows[0].has) await client.query(`grant ${right} to ${role}`)
  }
}

async function exists(client: pg.Client, where: string, name: string) {
  return (await client.query(`select from ${where} = $1`, [name])).rowCount !== 0
}

/**
 * Adds a separate superuser to data of earlier versions, whose only role is the superuser `darkroom`. Each step may be
 * interrupted: until the last one the superuser has the app's password, and the next start continues from there.
 */
export async function separateSuperuser(dataDir: string, port: number, account: Account) {
  const password = await findPassword(dataDir, 'superuser')
  const old = await readPassword(dataDir)
  if (!(await opens(port, roles.superuser, old))) await renameSuperuser(port, old).catch(refuseChanged)
  await as({ port, user: roles.superuser, password: old, database: 'postgres' }, async client => {
    await client.query(`drop role if exists ${helper}`)
    const next = password ?? (await writePassword(dataDir, 'superuser', account))
    await client.query(`alter role ${roles.superuser} password ${client.escapeLiteral(next)}`)
  })
}

function refuseChanged(error: Error & { code?: string }): never {
  if (error.code !== '42501') throw error
  throw new EmbeddedError(
    `The role ${roles.superuser} of the embedded database has another password than superuser.password in its folder: ` +
      'write the right one into that file',
    { cause: error }
  )
}

/**
 * Through a helper role: a session cannot rename its own role, and Postgres keeps its first role a superuser for ever.
 */
async function renameSuperuser(port: number, password: string) {
  const secret = newPassword()
  const hasDatabase = await as({ port, user: roles.owner, password, database: 'postgres' }, async client => {
    await client.query(`drop role if exists ${helper}`)
    await client.query(`create role ${helper} superuser login password ${client.escapeLiteral(secret)}`)
    return exists(client, 'pg_database where datname', database)
  })
  const target = hasDatabase ? database : 'postgres'
  await as({ port, user: helper, password: secret, database: target }, async client => {
    await client.query('begin')
    await client.query(`alter role ${roles.owner} rename to ${roles.superuser}`)
    await client.query(`create role ${roles.owner} login password ${client.escapeLiteral(password)}`)
    if (hasDatabase) await client.query(`alter database ${database} owner to ${roles.owner}`)
    if (hasDatabase) await client.query(handOver)
    await client.query('commit')
  })
}

// `reassign owned` refuses for the first role, which also owns the system's objects. Its oid is 10 in every cluster.
const handOver = `
  do $$
  declare
    statement text;
  begin
    for statement in
      with ours as (select oid from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema')
      select format('alter schema %I owner to ${roles.owner}', nspname)
      from pg_namespace join ours using (oid) where nspowner = 10
      union all
      select format(
        'alter %s %s owner to ${roles.owner}',
        case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' else 'table' end,
        c.oid::regclass
      )
      from pg_class c
      where relnamespace in (select oid from ours) and relowner = 10 and relkind in ('r', 'p', 'v', 'm', 'S')
        and not exists (
          select from pg_depend d
          where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i') and c.relkind = 'S'
        )
      union all
      select format('alter routine %s owner to ${roles.owner}', oid::regprocedure)
      from pg_proc where pronamespace in (select oid from ours) and proowner = 10
      union all
      select format('alter type %s owner to ${roles.owner}', oid::regtype)
      from pg_type where typnamespace in (select oid from ours) and typowner = 10 and typtype in ('e', 'd', 'r')
    loop
      execute statement;
    end loop;
  end;
  $$`

interface Login {
  port: number
  user: string
  password: string
  database: string
}

/** True for a wrong password, an unknown role, or a missing password file. */
export function isRefused(error: unknown) {
  return error instanceof PasswordError || ['28P01', '28000'].includes((error as { code?: string }).code ?? '')
}

async function opens(port: number, user: string, password: string) {
  try {
    return await as({ port, user, password, database: 'postgres' }, async () => true)
  } catch (error) {
    if (isRefused(error)) return false
    throw error
  }
}

async function as<T>(login: Login, work: (client: pg.Client) => Promise<T>) {
  const client = new pg.Client({ ...login, host: '127.0.0.1', connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
