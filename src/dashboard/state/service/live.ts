import { interestText } from '../../words/interest.ts'
import { readSetting } from '../browser/settings.ts'
import { socketAddress } from './base.ts'
import { socketIs } from './connection.ts'
import { barred, closed } from './door.ts'
import { asked, push, pushesEnded, refresh } from './query.ts'
import { seldom } from './seldom.ts'
import type { Task } from './shapes.ts'

/** A list of tasks that is shown. */
export interface Shown {
  /** The filters, as a query string. */
  search: string
  /** Ids of the rows in sight. */
  ids(): string[]
  /** Rows that have changed, without args and result. */
  changed(tasks: Partial<Task>[]): void
  /** Others came to fit the filters. */
  more(): void
}

interface Message {
  tasks?: (Partial<Task> & { id: string })[]
  new?: number
  [topic: string]: unknown
}

// What the API pushes whole, by the address at which it is asked for otherwise.
const topics = new Map([
  ['/api/queues', 'queues'],
  ['/api/workers', 'workers'],
  ['/api/problems', 'problems']
])
// Milliseconds: between looks at what is shown, and before a new try, longer each time.
const pace = 500
const [shortest, longest] = [1_000, 30_000]
// The API tells of new tasks up to four times a second; each look at the list reads a page of a hundred.
const lookEvery = 1_000
// The API says the time each 5 s: a socket without it is dead, whatever the browser thinks.
const silence = 15_000
// Tries without success, after which the page says that it polls.
const fewTries = 3

let socket: WebSocket | undefined
let told = ''
let wait = shortest
let tryAt = 0
let heardAt = 0
let failures = 0
let list: Shown | undefined

/** One list at a time; returns a function that ends it. */
export function showList(shown: Shown) {
  list = shown
  return () => {
    if (list === shown) list = undefined
  }
}

/** Whether changes are pushed: then what is pushed need not be polled. */
export function isLive() {
  return socket?.readyState === WebSocket.OPEN && told !== ''
}

setInterval(look, pace)
document.addEventListener('visibilitychange', look)
// At once: a key may be signed in before the next look.
closed.subscribe(isClosed => {
  if (isClosed) rest()
})

/** Tells the API what is shown, if that has changed. A hidden tab has no socket. */
function look() {
  if (document.hidden || !readSetting('live') || closed.peek() || barred.peek()) return rest()
  if (!socket) {
    if (Date.now() >= tryAt) open()
    return
  }
  if (socket.readyState !== WebSocket.OPEN) return
  if (Date.now() - heardAt > silence) return lose(socket)
  const interest = interestNow()
  if (interest === told) return
  told = interest
  socket.send(interest)
}

/** Nothing is to be told: the next look that wants a socket opens one at once. */
function rest() {
  socketIs('open')
  failures = 0
  tryAt = 0
  if (socket) end(socket)
}

function interestNow() {
  const paths = asked()
  const ofTasks = paths.flatMap(path => /^\/api\/tasks\/([0-9a-f-]{36})$/.exec(path)?.[1] ?? [])
  return interestText({
    ids: [...ofTasks, ...(list?.ids() ?? [])],
    topics: paths.flatMap(path => topics.get(path) ?? []).sort(),
    search: list?.search
  })
}

function open() {
  const opened = new WebSocket(socketAddress('/ws/live'))
  socket = opened
  told = ''
  opened.addEventListener('open', () => {
    heardAt = Date.now()
  })
  opened.addEventListener('message', ({ data }) => {
    if (socket !== opened) return
    heardAt = Date.now()
    wait = shortest
    failures = 0
    socketIs('open')
    hear(JSON.parse(data))
  })
  opened.addEventListener('close', () => lose(opened))
}

function lose(lost: WebSocket) {
  if (socket !== lost) return
  failures++
  socketIs(failures > fewTries ? 'none' : 'lost')
  tryAt = Date.now() + wait
  wait = Math.min(wait * 2, longest)
  end(lost)
}

/** Polling goes on until there is a socket again. */
function end(ended: WebSocket) {
  socket = undefined
  told = ''
  ended.close()
  pushesEnded()
}

function hear({ tasks, new: more, ...rest }: Message) {
  for (const [path, topic] of topics) if (rest[topic]) push(path, { items: rest[topic] })
  if (tasks) {
    list?.changed(tasks)
    // What is pushed lacks args and result.
    for (const { id } of tasks) refresh(`/api/tasks/${id}`)
  }
  if (more) lookForMore()
}

/** A tab that was hidden meanwhile looks when it is shown again. */
const lookForMore = seldom(() => {
  if (!document.hidden) list?.more()
}, lookEvery)
