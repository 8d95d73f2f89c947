import { signal } from '@preact/signals'

/** Whether the last answer came, and when: the frame says "reconnecting" and how old what it shows is. */
const lost = signal(false)
const heardAt = signal<number | undefined>(undefined)

export function heard() {
  heardAt.value = Date.now()
  lost.value = false
}

export function missed() {
  lost.value = true
}

export const connection = {
  get lost() {
    return lost.value
  },
  get heardAt() {
    return heardAt.value
  }
}
