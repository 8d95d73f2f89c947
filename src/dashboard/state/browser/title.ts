import { signal } from '@preact/signals'

/** Of the page that is shown; the frame adds the verdict. */
export const pageTitle = signal('Darkroom')
