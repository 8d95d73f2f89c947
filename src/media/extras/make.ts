import { together } from '../together.ts'
import type { Extras, MakeExtras } from './extra.ts'
import { makePictures } from './pictures/pictures.ts'
import { extractSubtitles } from './subtitles/extract.ts'

/**
 * Makes pictures, from the prints, and subtitles. A film that plays is not failed for the want of a poster: what cannot
 * be made becomes a note. A full disk and an abort are thrown, as a retry makes everything.
 */
export async function makeExtras(work: MakeExtras): Promise<Extras> {
  const [pictures, subtitles] = await together(
    work.signal,
    signal => makePictures({ ...work, signal }),
    signal => extractSubtitles({ ...work, signal })
  )
  return {
    extras: [...pictures.extras, ...subtitles.extras],
    notes: [...pictures.notes, ...subtitles.notes]
  }
}
