/** Places that no program under the lock may reach. */
export interface Targets {
  /** A file beside the source. */
  secret: string
  /** Files that are to stay as they are; the program may read the second. */
  whole: string[]
  /** Files that do not exist, elsewhere and beside the source. */
  outside: string[]
  /** The process that started it. */
  pid: number
  tcp: number
  udp: number
  unix: string
}

export type Attempt = 'read' | 'environment' | 'write' | 'signal' | 'tcp' | 'udp' | 'unix'

export type Attacks = Record<Attempt, 'refused' | 'done'>

/** The command line of a Node that tries to reach the targets and prints what came of it. */
export const attackArguments = (targets: Targets) => [
  ...['--disable-warning=ExperimentalWarning', '--max-heap-size=64', '-e'],
  `(${attack})(${JSON.stringify(targets)})`
]

/** Runs as text in a Node that sees no module of ours, so it refers to nothing outside itself. */
async function attack({ secret, whole, outside, pid, tcp, udp, unix }: Targets) {
  const fs = process.getBuiltinModule('node:fs')
  const net = process.getBuiltinModule('node:net')
  const dgram = process.getBuiltinModule('node:dgram')
  // The network of another namespace may be silent rather than refuse.
  const patience = 400

  const connect = (to: { port: number; host: string } | { path: string }) =>
    new Promise<void>((resolve, reject) => {
      const socket = net.connect(to as { path: string }, resolve).on('error', reject)
      socket.setTimeout(patience, () => reject(new Error('silent')))
    })
  const send = () =>
    new Promise<void>((resolve, reject) => {
      const socket = dgram.createSocket('udp4').on('error', reject)
      socket.send('x', udp, '127.0.0.1', error => (error ? reject(error) : resolve()))
    })
  const attempts: Record<Attempt, () => unknown> = {
    read: () => fs.readFileSync(secret),
    environment: () => fs.readFileSync(`/proc/${pid}/environ`),
    write: () => {
      const ways = [
        ...outside.map(file => () => fs.writeFileSync(file, 'x')),
        ...whole.map(file => () => fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_TRUNC)),
        ...whole.map(file => () => fs.chmodSync(file, 0o777))
      ]
      const went = ways.filter(way => {
        try {
          way()
          return true
        } catch {
          return false
        }
      })
      if (went.length === 0) throw new Error('refused')
    },
    signal: () => process.kill(pid, 'SIGCONT'),
    tcp: () => connect({ port: tcp, host: '127.0.0.1' }),
    udp: send,
    unix: () => connect({ path: unix })
  }

  const outcomes: Record<string, string> = {}
  for (const [name, attempt] of Object.entries(attempts)) {
    try {
      await attempt()
      outcomes[name] = 'done'
    } catch {
      outcomes[name] = 'refused'
    }
  }
  fs.writeSync(1, JSON.stringify(outcomes))
  process.exit()
}
