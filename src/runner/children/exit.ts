/** The end of a child's process. */
export interface Exit {
  type: 'exit'
  exit_code: number | null
  signal: string | null
  /** Bytes, from the last sample, or from before the attempt; null where memory cannot be read. */
  peak_memory: number | null
  stderr: string
  /** The process was ended for the sake of another attempt, which had just ended by itself. */
  isForAnother?: boolean
}
