import { readPages } from './pages.ts'
import type { Service } from './service.ts'

const uuid = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i

interface Named {
  id: string
}

interface Search<Item> {
  path: string
  query?: Record<string, string>
  /** What it is called, such as "task". */
  what: string
  names(item: Item): (string | null)[]
}

/** The id of what is meant by an id or by a name, which must be that of one alone. */
async function idOf<Item extends Named>(service: Service, word: string, search: Search<Item>): Promise<string> {
  if (uuid.test(word)) return word
  const { path, query, what, names } = search
  const { items } = await readPages<Item>(service, path, { ...query, limit: 1000 })
  const found = items.filter(item => names(item).includes(word))
  if (found.length === 1) return found[0]!.id
  if (found.length === 0) throw new Error(`There is no ${what} with the id or name "${word}"`)
  const some = found.slice(0, 5).map(({ id }) => id)
  throw new Error(
    `"${word}" is the name of ${found.length === 1000 ? 'very many' : found.length} ${what}s: use an id, such as ${some.join(', ')}`
  )
}

export function taskId(service: Service, word: string): Promise<string> {
  const names = ({ name }: Named & { name: string | null }) => [name]
  return idOf(service, word, { path: 'api/tasks', query: { q: word.slice(0, 200) }, what: 'task', names })
}

export function videoId(service: Service, word: string): Promise<string> {
  const names = ({ filename }: Named & { filename: string }) => [filename]
  return idOf(service, word, { path: 'api/videos', query: { q: word.slice(0, 200) }, what: 'video', names })
}

/** By the host, where one worker runs there, or by the host and the process: `films-1:4711`. */
export async function workerId(service: Service, word: string): Promise<string> {
  if (uuid.test(word)) return word
  const { items } = await readPages<Named & { host: string; pid: number; status: string }>(service, 'api/workers')
  const found = items.filter(({ host, pid }) => host === word || `${host}:${pid}` === word)
  // Those that have ended are listed for a day.
  const running = found.filter(({ status }) => status === 'running')
  const meant = running.length > 0 ? running : found
  if (meant.length === 0) throw new Error(`There is no worker with the id or host "${word}"`)
  if (meant.length === 1) return meant[0]!.id
  const some = meant.slice(0, 5).map(({ host, pid }) => `${host}:${pid}`)
  throw new Error(`On the host "${word}" there are ${meant.length} workers: use one of ${some.join(', ')}`)
}

/** By its address. */
export function webhookId(service: Service, word: string): Promise<string> {
  const names = ({ url }: Named & { url: string }) => [url]
  return idOf(service, word, { path: 'api/webhooks', what: 'webhook', names })
}

/** The API takes names here; filters of lists take ids. */
export async function scheduleId(service: Service, word: string): Promise<string> {
  if (uuid.test(word)) return word
  return (await service.get<Named>(`api/schedules/${encodeURIComponent(word)}`)).id
}
