/** What a program under the lock sees of the file system; all of it by real, absolute paths. */
export interface Sight {
  /** May be run, and read. */
  programs: string[]
  /** May be read where they exist: libraries and their data. */
  libraries: string[]
  /** Files, or folders with all that is below them. */
  reads: string[]
  /** Folders in which files and folders may be made, changed and removed. */
  writes: string[]
}

/** Limits of the kernel for one run. */
export interface Limits {
  /** Seconds of all cores together. */
  cpu: number
  /** Bytes of address space. */
  memory: number
  /** Bytes of each file that it writes. */
  fileSize: number
  /** Threads of its user, itself included. */
  processes: number
}
