import type { Pool } from 'pg'
import type { Severity } from '#database/tables.ts'

/** What a check of the installation has found. */
export interface Finding {
  code: string
  severity: Severity
  /** What is the case. */
  what: string
  /** What follows from it. */
  why: string
  /** The numbers behind it. */
  evidence: Record<string, unknown>
  /** The statement, setting or command that mends it. */
  fix: string
}

export interface CheckNeeds {
  pool: Pool
  /** Where the films are. */
  dataDir: string
  door: {
    /** Whether requests need no key, and also those that a proxy sends for the public. */
    isOpen(): boolean
    isOpenToOthers: boolean
    publicUrl: string | undefined
  }
  findMedia(): Promise<{ ffmpeg: string; ffprobe: string }>
}

/** Looks at one thing; no finding where all is well. */
export type Check = (needs: CheckNeeds) => Promise<Finding[]>
