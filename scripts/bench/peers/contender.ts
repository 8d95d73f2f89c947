/** A service that takes tasks by HTTP, started by itself, with all that belongs to it. */
export interface Contender {
  address: string
  /** Path and body of a submission that does next to nothing. */
  usual: { path: string; body: unknown }
  /** Submits one whose body tells when it runs, by the machine's clock. */
  stamp: { path: string; body: unknown }
  /** The first and the last process of everything that belongs to it, its database too. */
  pids: number[]
  /** What the body of a submission said, once it has run. */
  result(id: string): Promise<number>
  /** The last end among so many tasks, in milliseconds; undefined while some are open. */
  lastEnd(tasks: number): Promise<number | undefined>
  stop(): Promise<void>
}
