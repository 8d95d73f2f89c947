import { run } from './run.ts'

export interface MediaVersion {
  version: string
  /** In which its sources were last changed: distributions and new releases raise it. */
  year: number | null
}

/** What a media program says about itself. */
export async function readVersion(program: string): Promise<MediaVersion> {
  const { stdout } = await run(program, ['-version'], { timeout: 10 })
  const [, version = 'unknown', year] = /version (\S+) Copyright \(c\) (?:\d+-)?(\d+)/.exec(stdout) ?? []
  return { version, year: year === undefined ? null : Number(year) }
}
