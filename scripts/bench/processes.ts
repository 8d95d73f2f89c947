import { readdir, readFile } from 'node:fs/promises'
import type { Service } from './service.ts'

// Threads of a worker that count by themselves, by their names.
const threads = ['webhooks']

/** Milliseconds of CPU that each part of a service has used so far, its threads included. */
export async function cpuOf({ pid, database }: Service): Promise<Map<string, number>> {
  const used = new Map<string, number>()
  const parts = new Map([...(await ownProcesses(pid)), ...(await backends())])
  for (const [each, part] of parts) {
    const apart = part === 'worker' ? await cpuOfThreads(each) : new Map<string, number>()
    for (const [name, milliseconds] of apart) add(`worker: ${name}`, milliseconds)
    add(part, (await cpu(each)) - [...apart.values()].reduce((sum, one) => sum + one, 0))
    // Of a worker's children, and of what these have started.
    if (part !== 'api' && !part.startsWith('postgres')) add('children', await cpuOfTheDead(each))
  }
  // Most are of autovacuum, each of which lives for a second.
  add('postgres: ended', await cpuOfTheDead(await postmaster()))
  return used

  function add(part: string, milliseconds: number) {
    used.set(part, (used.get(part) ?? 0) + milliseconds)
  }

  async function backends() {
    const { rows } = await database.query<{ pid: number; part: string }>(
      `select pid, 'postgres: ' || coalesce(nullif(application_name, ''), backend_type) as part from pg_stat_activity
       where pid <> pg_backend_pid() and backend_type <> 'autovacuum worker'`
    )
    return rows.map(({ pid, part }) => [pid, part] as const)
  }

  async function postmaster() {
    const { rows } = await database.query<{ pid: number }>('select pg_backend_pid() as pid')
    return (await parents()).find(([pid]) => pid === rows[0]!.pid)?.[1] ?? 0
  }
}

/** CPU per task between two samples, the most expensive part first. */
export function perTask(before: Map<string, number>, after: Map<string, number>, tasks: number) {
  return [...after]
    .map(([part, now]) => [part, ((now - (before.get(part) ?? 0)) * 1000) / tasks] as const)
    .filter(([, microseconds]) => microseconds >= 1)
    .toSorted(([, a], [, b]) => b - a)
    .map(([part, microseconds]) => `${part} ${microseconds.toFixed(0)}`)
    .join(', ')
}

/** Bytes of the largest process of each part, Postgres left out: each for itself, with the memory that they share. */
export async function largestOf({ pid }: Service): Promise<Map<string, number>> {
  const largest = new Map<string, number>()
  for (const [each, part] of await ownProcesses(pid)) {
    const status = await readFile(`/proc/${each}/status`, 'utf8').catch(() => '')
    const bytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024
    largest.set(part, Math.max(bytes, largest.get(part) ?? 0))
  }
  return largest
}

/** Bytes of memory of all processes of a service besides Postgres; shared memory counts once. */
export async function memoryOfAll({ pid }: Service): Promise<number> {
  return memoryOf((await ownProcesses(pid)).map(([each]) => each))
}

/** Bytes of memory of these processes and all below them; shared memory counts once. */
export async function memoryOfTrees(pids: number[]): Promise<number> {
  const found = new Set(pids)
  const all = await parents()
  for (const pid of found) for (const [each, parent] of all) if (parent === pid) found.add(each)
  return memoryOf([...found])
}

async function memoryOf(pids: number[]) {
  let kilobytes = 0
  for (const each of pids) {
    const text = await readFile(`/proc/${each}/smaps_rollup`, 'utf8').catch(() => '')
    kilobytes += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0)
  }
  return kilobytes * 1024
}

/** The server, its worker, and the worker's children. */
async function ownProcesses(server: number) {
  const parts: [number, string][] = [[server, 'api']]
  for (const [worker, parent] of await parents()) {
    if (parent !== server || !(await commandOf(worker)).includes('worker')) continue
    parts.push([worker, 'worker'])
    for (const [child, parent] of await parents()) if (parent === worker) parts.push([child, 'children'])
  }
  return parts
}

async function parents() {
  const list: [number, number][] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    if (parent > 0) list.push([Number(name), parent])
  }
  return list
}

async function commandOf(pid: number) {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')
}

/** Milliseconds of CPU of the ended children of a parent and of theirs, as the kernel sums them up. */
export async function cpuOfTheDead(parent: number) {
  const stat = await readFile(`/proc/${parent}/stat`, 'utf8').catch(() => '')
  // It may have ended since it was listed.
  if (stat === '') return 0
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) * 10
}

async function cpuOfThreads(pid: number) {
  const used = new Map<string, number>()
  for (const thread of await readdir(`/proc/${pid}/task`).catch(() => [])) {
    const name = (await readFile(`/proc/${pid}/task/${thread}/comm`, 'utf8').catch(() => '')).trim()
    if (threads.includes(name)) used.set(name, (used.get(name) ?? 0) + (await cpuOfTask(`${pid}/task/${thread}`)))
  }
  return used
}

/** Milliseconds of CPU of a process, all of its threads included. */
export async function cpu(pid: number) {
  let milliseconds = 0
  for (const thread of await readdir(`/proc/${pid}/task`).catch(() => [])) {
    milliseconds += await cpuOfTask(`${pid}/task/${thread}`)
  }
  return milliseconds
}

async function cpuOfTask(task: string) {
  const text = await readFile(`/proc/${task}/schedstat`, 'utf8').catch(() => '0')
  return Number(text.split(' ')[0]) / 1e6
}
